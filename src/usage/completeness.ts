import { dayMs, firstDayOf, lastDayOf, startOfDay } from '../calendar.js';
import type { UsageGap } from '../storage/usage-gaps.js';
import type { UsageSource } from './access.js';
import type { UsageConfig } from './config.js';

/** Why a source was not heard, or not all of it. docs/usage.md says what each of them means. */
export const gapReasons = {
  before: 'usage was not counted yet',
  off: 'counting was switched off',
  stopped: 'the daemon was not running',
  refused: 'the daemon could not take events: no broker, no room',
  broker: 'RabbitMQ could not be reached',
  queue: 'a queue or the exchange had disappeared from RabbitMQ',
  lost_events: 'accepted events were lost by RabbitMQ',
  lost_rows: 'accesses were lost with the database',
  unread_lines: 'lines of the log could not be read',
  lost_log: 'a log was gone before it was read to its end',
  changed_log: 'a log was cut or edited in place',
  unread_archive: 'a rotated log could not be read',
  unread_log: 'a log was missing, or was not read so far',
  late_salt: 'lines came after the pseudonyms of their day were forgotten: who came twice may count twice',
} as const;
export type GapReason = keyof typeof gapReasons;

/** What a month may lack that is over without anything that counted: nobody knows what would have been its source. */
export const allHoles: ReadonlySet<GapReason> = new Set(Object.keys(gapReasons) as GapReason[]);

/** How accesses come here: Clowder's own from RabbitMQ alone. */
type Hearing = Pick<UsageConfig, 'source' | 'heard'>;

const always: readonly GapReason[] = ['before', 'off', 'lost_events', 'lost_rows'];

/**
 * What leaves a hole in the figures. A log is read on where it was left: it has none when the daemon was stopped, or
 * could not take events for a while. A page sends its events once. Clowder's events wait in RabbitMQ for a daemon that
 * is stopped, but while RabbitMQ cannot be reached Clowder publishes into nothing.
 */
export function holesOf({ source, heard = [] }: Hearing): ReadonlySet<GapReason> {
  if (source === 'nginx')
    return new Set([...always, 'unread_lines', 'lost_log', 'changed_log', 'unread_archive', 'unread_log', 'late_salt']);
  if (source === 'browser' || !heard.includes('clowder')) return new Set([...always, 'stopped', 'refused']);
  return new Set([...always, 'broker', 'queue']);
}

/**
 * What leaves a hole in a month: it is judged by what it was counted from, whatever is counted now. Of several sources,
 * what any of them leaves; of none that is known, as what is counted now.
 */
export function holesOfMonth(sources: readonly UsageSource[], now: Hearing): ReadonlySet<GapReason> {
  if (sources.length === 0) return holesOf(now);
  const { source: current, heard } = now;
  const all = sources.flatMap(source => [
    ...holesOf({ source, ...(heard === undefined ? {} : { heard }) }),
    // Nobody remembers whether RabbitMQ brought what is not counted any more.
    ...(source === 'clowder' && source !== current ? holesOf({ source, heard: [source] }) : []),
  ]);
  return new Set(all);
}

/** Hours that follow each other, for one reason. */
export interface Gap {
  /** Epoch ms: the beginning of the first hour, and the end of the last one. */
  readonly from: number;
  readonly to: number;
  readonly reason: GapReason;
  /** Not heard for so long, ms; 0 = for a moment, or not known. */
  readonly ms: number;
  /** How much is known to be missing; 0 = not known. */
  readonly count: number;
}

export interface Completeness {
  /** Hours of which something may be missing. */
  readonly missingHours: number;
  /** In the order of time. */
  readonly gaps: readonly Gap[];
  /** In the queue of the sink; of which month is not known. 0 for a closed month. */
  readonly waiting: number;
  /** Dead letters of the sink, of this month or not known of which. */
  readonly dead: number;
  /** Came after the month was closed. */
  readonly late: number;
}

export interface CompleteMonth extends Completeness {
  readonly month: number;
  /** Epoch ms; null = still open. */
  readonly closed: number | null;
  /** From what it was counted; none where nobody knows. */
  readonly sources: readonly UsageSource[];
}

const hourMs = 3_600_000;

/** Hours of a month, and what is the matter with them. */
export function gapsOf(month: number, rows: readonly UsageGap[], holes: ReadonlySet<GapReason>): Gap[] {
  const begin = startOfDay(firstDayOf(month));
  const end = startOfDay(lastDayOf(month)) + dayMs;
  const gaps: Gap[] = [];
  const last = new Map<string, number>();
  for (const { hour, reason, ms, count } of rows) {
    if (hour < begin || hour >= end || !isHole(reason, holes)) continue;
    const at = last.get(reason);
    const before = at === undefined ? undefined : gaps[at];
    if (at !== undefined && before !== undefined && before.to >= hour)
      gaps[at] = {
        ...{ from: before.from, to: hour + hourMs, reason },
        ...{ ms: Math.min(before.ms + ms, hour + hourMs - before.from), count: before.count + count },
      };
    else last.set(reason, gaps.push({ from: hour, to: hour + hourMs, reason, ms, count }) - 1);
  }
  return gaps;
}

function isHole(reason: string, holes: ReadonlySet<GapReason>): reason is GapReason {
  return holes.has(reason as GapReason);
}

/** Different hours among them. */
export function hoursIn(gaps: readonly Gap[]): number {
  const hours = new Set<number>();
  for (const { from, to } of gaps) for (let hour = from; hour < to; hour += hourMs) hours.add(hour);
  return hours.size;
}

/** Nothing is known to be missing. */
export function isComplete({ gaps, waiting, dead, late }: Omit<Completeness, 'missingHours'>): boolean {
  return gaps.length === 0 && waiting === 0 && dead === 0 && late === 0;
}

/** `2026-03-14 10:00 to 12:00`; UTC. */
export function spanInWords({ from, to }: Pick<Gap, 'from' | 'to'>): string {
  const text = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ');
  const [begin, end] = [text(from), text(to)];
  return `${begin} to ${begin.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`;
}

/** How many gaps a report names. */
const maxNamed = 5;

/** What a report says of the hours of a month; undefined = nothing is missing. */
export function gapsInWords(gaps: readonly Gap[]): string | undefined {
  if (gaps.length === 0) return undefined;
  const hours = hoursIn(gaps);
  const named = gaps
    .slice(0, maxNamed)
    .map(gap => `${spanInWords(gap)} ${gapReasons[gap.reason]}${gap.count > 0 ? ` (${gap.count})` : ''}`);
  const more = gaps.length > maxNamed ? [`and ${gaps.length - maxNamed} more`] : [];
  return `of ${hours} ${hours === 1 ? 'hour' : 'hours'} something may be missing: ${[...named, ...more].join('; ')}`;
}
