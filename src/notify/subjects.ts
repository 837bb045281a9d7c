import type { Signal } from './signal.js';

/** What is known of one thing, whichever rules ask. */
export interface Subject {
  /** The last signal that counted. */
  readonly signal: Signal;
  /** Failures in a row. */
  readonly failures: number;
  /** Maintenance that was declared with an end. */
  readonly windows: readonly { readonly from: number; readonly until: number }[];
  /** What failed in maintenance: it counts from its end, unless it is over by then. */
  readonly held?: Signal;
}

/** By key. */
export type Subjects = Record<string, Subject>;

export interface Transition {
  readonly signal: Signal;
  /** Undefined: nothing was known before. */
  readonly before: Signal | undefined;
  readonly failures: number;
}

const windowsKept = 10;
const maxSubjects = 5_000;

/**
 * Takes a signal in. Undefined when there is nothing to notify anybody of: it is older than what is known, or something
 * fails while it, or what it hangs from, is being worked on.
 */
export function observe(subjects: Subjects, signal: Signal, now: number): Transition | undefined {
  const { key, level, at } = signal;
  const known = subjects[key];
  if (level === 'note') return { signal, before: undefined, failures: 0 };
  if (known !== undefined && at < known.signal.at) return undefined;
  if (signal.excused) {
    // That it can be checked again later is no news either.
    const { excused: _excused, ...well } = { ...signal, level: 'ok', state: 'up', severity: 'info' } as const;
    subjects[key] ??= { signal: well, failures: 0, windows: [] };
    return undefined;
  }
  const { windows = [], failures = 0 } = known ?? {};
  if (level === 'maintenance') return maintained(subjects, signal, now);
  const isQuiet = windows.some(({ from, until }) => from <= at && at < until);
  if (level === 'failing' && isQuiet && known !== undefined) {
    subjects[key] = { ...known, held: signal };
    return undefined;
  }
  // A window ends when somebody says that it is over.
  const left = level === 'ok' ? windows.filter(({ from }) => from > at) : windows.filter(({ until }) => until > at);
  const counted =
    level === 'failing' ? { signal: goingOn(signal, known?.signal), failures: failures + 1 } : { signal, failures: 0 };
  subjects[key] = { ...counted, windows: left };
  return { ...counted, before: known?.signal };
}

/** What fails as before fails since then. */
function goingOn(signal: Signal, before: Signal | undefined): Signal {
  const goesOn = before?.level === 'failing' && before.state === signal.state;
  return goesOn ? { ...signal, since: Math.min(signal.since, before.since) } : signal;
}

/** A time that is still to come is a note, and quiet begins with it. */
function maintained(subjects: Subjects, signal: Signal, now: number): Transition {
  const { key, since: from, until } = signal;
  const known = subjects[key];
  const window = until === undefined || until <= now ? [] : [{ from, until }];
  const windows = [...(known?.windows ?? []), ...window].slice(-windowsKept);
  if (from > now || (until !== undefined && until <= now)) {
    const quiet = { ...signal, level: 'ok' as const, at: 0 };
    subjects[key] = { failures: 0, ...(known ?? { signal: quiet }), windows };
    return { signal: { ...signal, level: 'note' }, before: undefined, failures: 0 };
  }
  subjects[key] = { signal, failures: 0, windows };
  return { signal, before: known?.signal, failures: 0 };
}

/** What failed in maintenance, and goes on after its end. */
export function released(subjects: Subjects, now: number): readonly Transition[] {
  return Object.entries(subjects).flatMap(([key, { held, signal, windows }]) => {
    const end = held === undefined ? undefined : endOf(windows, held.at);
    if (held === undefined || end === undefined || end > now) return [];
    const failing = { ...held, since: Math.max(held.since, end), at: Math.max(held.at, end) };
    subjects[key] = { signal: failing, failures: 1, windows: windows.filter(({ until }) => until > now) };
    return [{ signal: failing, before: signal, failures: 1 }];
  });
}

/** When the next of them is due, epoch ms. */
export function releaseDue(subjects: Subjects): number {
  const ends = Object.values(subjects).flatMap(({ held, windows }) =>
    held === undefined ? [] : [endOf(windows, held.at)],
  );
  return Math.min(...ends, Number.POSITIVE_INFINITY);
}

/** The end of quiet that a time lies in; windows may overlap. */
function endOf(windows: Subject['windows'], at: number): number {
  let end = at;
  for (const { from, until } of [...windows].sort((a, b) => a.from - b.from))
    if (from <= end) end = Math.max(end, until);
  return end;
}

/** The oldest that are well are forgotten first. */
export function trim(subjects: Subjects): void {
  const entries = Object.entries(subjects);
  if (entries.length <= maxSubjects) return;
  const order = ({ signal: { level, at } }: Subject): number => (level === 'ok' ? at : at + 1e14);
  entries.sort(([, a], [, b]) => order(a) - order(b));
  for (const [key] of entries.slice(0, entries.length - maxSubjects)) delete subjects[key];
}
