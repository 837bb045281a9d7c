/** Something that happened at a time, epoch ms; ids order what happened at the same time. */
export interface Timed {
  readonly at: number;
  readonly id: string;
}

interface Place<One extends Timed> {
  readonly one: One;
  readonly isLeft: boolean;
  readonly rank: number;
  before: Place<One> | undefined;
  after: Place<One> | undefined;
  taken: boolean;
}

interface Candidate<One extends Timed> {
  readonly apart: number;
  readonly early: Place<One>;
  readonly late: Place<One>;
}

/**
 * Pairs of one of `left` and one of `right` that lie at most `windowMs` apart: the nearest two first, then the nearest
 * of those that remain, until there are none. Of pairs that are as near, the one with fewer others between goes first,
 * then the earlier one; so the pairs depend on times and ids alone.
 *
 * The nearest two are always neighbours among those that remain: only neighbours are looked at, in O(n log n).
 */
export function nearestPairs<One extends Timed>(
  left: readonly One[],
  right: readonly One[],
  windowMs: number,
): (readonly [left: One, right: One])[] {
  if (left.length === 0 || right.length === 0) return [];
  const queue = new NearestFirst<One>();
  const offer = (early: Place<One> | undefined, late: Place<One> | undefined): void => {
    if (early === undefined || late === undefined || early.isLeft === late.isLeft) return;
    const apart = late.one.at - early.one.at;
    if (apart <= windowMs) queue.add({ apart, early, late });
  };
  const places = inOrder(left, right);
  for (const place of places) offer(place.before, place);
  const pairs: (readonly [One, One])[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) {
    const { early, late } = next;
    if (early.taken || late.taken) continue;
    early.taken = true;
    late.taken = true;
    pairs.push(early.isLeft ? [early.one, late.one] : [late.one, early.one]);
    if (early.before !== undefined) early.before.after = late.after;
    if (late.after !== undefined) late.after.before = early.before;
    offer(early.before, late.after);
  }
  return pairs;
}

function inOrder<One extends Timed>(left: readonly One[], right: readonly One[]): Place<One>[] {
  const all = [...left.map(one => ({ one, isLeft: true })), ...right.map(one => ({ one, isLeft: false }))].sort(
    (a, b) => byTime(a.one, b.one) || Number(b.isLeft) - Number(a.isLeft),
  );
  const places: Place<One>[] = [];
  for (const [rank, { one, isLeft }] of all.entries()) {
    const before = places.at(-1);
    const place: Place<One> = { one, isLeft, rank, before, after: undefined, taken: false };
    if (before !== undefined) before.after = place;
    places.push(place);
  }
  return places;
}

export function byTime(one: Timed, other: Timed): number {
  return one.at - other.at || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

function compare<One extends Timed>(one: Candidate<One>, other: Candidate<One>): number {
  const between = ({ early, late }: Candidate<One>): number => late.rank - early.rank;
  return one.apart - other.apart || between(one) - between(other) || one.early.rank - other.early.rank;
}

/** A binary heap. */
class NearestFirst<One extends Timed> {
  readonly #heap: Candidate<One>[] = [];

  add(candidate: Candidate<One>): void {
    const heap = this.#heap;
    let at = heap.push(candidate) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (compare(heap[above]!, candidate) <= 0) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = candidate;
  }

  take(): Candidate<One> | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && compare(heap[below + 1]!, heap[below]!) < 0) below += 1;
      if (compare(heap[below]!, last) >= 0) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}
