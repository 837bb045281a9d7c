import { endBecauseOf } from '../spans.js';
import type { Signal } from './signal.js';

/** What is known of one thing, whichever rules ask. */
export interface Subject {
  /** The last signal that counted. */
  readonly signal: Signal;
  /** Failures in a row. */
  readonly failures: number;
  /** Maintenance that was declared with an end. */
  readonly windows: readonly Window[];
  /** Maintenance to come that was declared without an end. */
  readonly ahead?: readonly Omit<Window, 'until'>[];
  /** What failed in maintenance: it counts from its end, unless it is over by then. */
  readonly held?: Signal;
}

interface Window {
  readonly from: number;
  readonly until: number;
  /** Id of the event in which somebody declared it; absent for one of the settings, which no declaration changes. */
  readonly id?: string | undefined;
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
  if (signal.category === 'service_status' && signal.state === 'withdrawn') return withdrawn(subjects, signal);
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
  subjects[key] = { ...counted, windows: left, ...aheadOf(known, now) };
  return { ...counted, before: known?.signal };
}

function aheadOf(known: Subject | undefined, now: number): Pick<Subject, 'ahead'> {
  const ahead = (known?.ahead ?? []).filter(({ from }) => from > now);
  return ahead.length === 0 ? {} : { ahead };
}

/** What fails as before fails since then. */
function goingOn(signal: Signal, before: Signal | undefined): Signal {
  const goesOn = before?.level === 'failing' && before.state === signal.state;
  return goesOn ? { ...signal, since: Math.min(signal.since, before.since) } : signal;
}

/** A time that is still to come is a note, and quiet begins with it. */
function maintained(subjects: Subjects, signal: Signal, now: number): Transition {
  const { key, since: from, until, at, declared: id } = signal;
  const known = subjects[key];
  const endBy = ({ id: declared, ...one }: Omit<Window, 'until'> & Partial<Window>): number | undefined =>
    id === undefined || declared === undefined ? undefined : endBecauseOf({ from, until }, at, { until: null, ...one });
  const before = (known?.windows ?? []).map(one => ({ ...one, until: endBy(one) ?? one.until }));
  const window = until === undefined || until <= now ? [] : [{ from, until, id }];
  const windows = [...before.filter(one => one.until > one.from), ...window].slice(-windowsKept);
  const ahead = (aheadOf(known, now).ahead ?? []).filter(one => endBy(one) === undefined);
  if (from > now || (until !== undefined && until <= now)) {
    const quiet = { ...signal, level: 'ok' as const, at: 0 };
    const open = until === undefined ? [...ahead, { from, id }].slice(-windowsKept) : ahead;
    subjects[key] = { failures: 0, ...(known ?? { signal: quiet }), windows, ahead: open };
    return { signal: { ...signal, level: 'note' }, before: undefined, failures: 0 };
  }
  subjects[key] = { signal, failures: 0, windows, ahead };
  return { signal, before: known?.signal, failures: 0 };
}

/** Called off: what fails is news again. Of what is not known, or is over, nobody wants to hear. */
function withdrawn(subjects: Subjects, signal: Signal): Transition | undefined {
  const known = subjects[signal.key];
  const { windows = [], ahead = [] } = known ?? {};
  const isNamed = ({ id }: Pick<Window, 'id'>): boolean => id !== undefined && id === signal.declared;
  const window: (Omit<Window, 'until'> & Partial<Window>) | undefined = windows.find(isNamed) ?? ahead.find(isNamed);
  if (known === undefined) return undefined;
  const goesOn = known.signal.level === 'maintenance' && isNamed({ id: known.signal.declared });
  if (window === undefined && !goesOn) return undefined;
  const left = { windows: windows.filter(one => one !== window), ahead: ahead.filter(one => one !== window) };
  // How it is, the next check says: that is news in any case.
  const well = { ...known.signal, level: 'ok', state: 'withdrawn', severity: 'info' } as const;
  subjects[signal.key] = { ...known, ...left, ...(goesOn ? { signal: well } : {}) };
  const { from: since, until } = window ?? { from: known.signal.since };
  return { signal: { ...signal, since, ...(until === undefined ? {} : { until }) }, before: undefined, failures: 0 };
}

/** What failed in maintenance, and goes on after its end. */
export function released(subjects: Subjects, now: number): readonly Transition[] {
  return Object.entries(subjects).flatMap(([key, known]) => {
    const { held, signal, windows } = known;
    const end = held === undefined ? undefined : endOf(windows, held.at);
    if (held === undefined || end === undefined || end > now) return [];
    const failing = { ...held, since: Math.max(held.since, end), at: Math.max(held.at, end) };
    const left = windows.filter(({ until }) => until > now);
    subjects[key] = { signal: failing, failures: 1, windows: left, ...aheadOf(known, now) };
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
