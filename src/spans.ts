/** A time in which one thing held, epoch ms; `until` is exclusive and after `from`. */
export interface Span<State extends string = string> {
  readonly from: number;
  readonly until: number;
  readonly state: State;
  /** Why, in words. */
  readonly reason?: string | undefined;
}

/**
 * What holds when `upper` is laid over `lower`: where both say something, `upper`. Each list is in order and does not
 * overlap itself; so is the result, in which neighbours of one state are one.
 */
export function laidOver<State extends string>(
  lower: readonly Span<State>[],
  upper: readonly Span<State>[],
): Span<State>[] {
  const result: Span<State>[] = [];
  const rest = lower[Symbol.iterator]();
  let below = next(rest);
  for (const above of upper) {
    while (below !== undefined && below.until <= above.from) {
      append(result, below);
      below = next(rest);
    }
    if (below !== undefined && below.from < above.from) append(result, { ...below, until: above.from });
    append(result, above);
    while (below !== undefined && below.until <= above.until) below = next(rest);
    if (below !== undefined && below.from < above.until) below = { ...below, from: above.until };
  }
  for (; below !== undefined; below = next(rest)) append(result, below);
  return result;
}

/** What of the spans lies between two moments. */
export function within<State extends string>(
  spans: readonly Span<State>[],
  from: number,
  until: number,
): Span<State>[] {
  return spans
    .filter(span => span.until > from && span.from < until)
    .map(span =>
      span.from >= from && span.until <= until
        ? span
        : { ...span, from: Math.max(span.from, from), until: Math.min(span.until, until) },
    );
}

/** The spans cut at the borders of periods: a list for each. Both are in order, and the periods do not overlap. */
export function cutInto<State extends string>(
  spans: readonly Span<State>[],
  periods: readonly { readonly from: number; readonly until: number }[],
): Span<State>[][] {
  let first = 0;
  return periods.map(({ from, until }) => {
    while (first < spans.length && (spans[first] as Span).until <= from) first += 1;
    let end = first;
    while (end < spans.length && (spans[end] as Span).from < until) end += 1;
    return within(spans.slice(first, end), from, until);
  });
}

/** A time that may go on without an end, epoch ms. */
export interface OpenSpan {
  readonly from: number;
  readonly until: number | null | undefined;
}

/**
 * Maintenance that is declared for times that others were declared for before: the later word holds. One that has not
 * begun yet is replaced whole, and one that goes on ends where the other begins. What was over by then stays as it was,
 * and so does everything when the later one is about the past alone.
 * @returns the end of the earlier one, where it is another now; its beginning = nothing is left of it
 */
export function endBecauseOf(later: OpenSpan, saidAt: number, earlier: OpenSpan): number | undefined {
  const endOf = ({ until }: OpenSpan): number => until ?? Number.POSITIVE_INFINITY;
  const overlap = earlier.from < endOf(later) && later.from < endOf(earlier);
  if (!overlap || endOf(later) <= saidAt || endOf(earlier) <= saidAt) return undefined;
  return earlier.from > saidAt ? earlier.from : Math.max(earlier.from, later.from);
}

function append<State extends string>(spans: Span<State>[], span: Span<State>): void {
  const last = spans.at(-1);
  if (last?.state === span.state && last.until === span.from) {
    spans[spans.length - 1] = { ...last, until: span.until };
  } else spans.push(span);
}

function next<T>(items: Iterator<T>): T | undefined {
  const { value, done } = items.next();
  return done ? undefined : value;
}
