import { dayMs, dayOf, firstDayOf, lastDayOf, monthAfter, monthOf, startOfDay } from '../calendar.js';
import { hoursOf, type UsageGap } from '../storage/usage-gaps.js';
import type { GapReason } from './completeness.js';

/** How far a log that is counted was read. */
interface HeardLog {
  /** It was read to its end then, epoch ms. */
  readonly until: number;
  /** Nothing more of it is being read: it is gone, may not be read, or what there is was read to its end. */
  readonly isStuck: boolean;
}

export type HeardLogs = ReadonlyMap<string, HeardLog>;

/** Lines come later than their time: nginx may hold them back (`access_log … flush=`), ms. */
const lineDelayMs = 3_600_000;
const reason: GapReason = 'unread_log';

/**
 * The logs that were not read to the end of a month, or, while that is not over, until lately.
 *
 * @param now epoch ms; left out = the month is over, however long ago
 */
export function logsBehind(month: number, logs: HeardLogs, now = Number.POSITIVE_INFINITY): HeardLogs {
  const due = Math.min(endOf(month) + lineDelayMs, now - lineDelayMs);
  return new Map([...logs].filter(([, { until }]) => until < due));
}

/** The hours of a month, until now, that lie behind the end of what was read of a log. */
export function unreadGaps(month: number, logs: HeardLogs, now = Number.POSITIVE_INFINITY): UsageGap[] {
  const begin = startOfDay(firstDayOf(month));
  const end = Math.min(endOf(month), now);
  return [...logsBehind(month, logs, now)].flatMap(([origin, { until }]) => unreadSince(origin, until, end, begin));
}

/** What lies behind the end of a log that is not awaited any more; nothing where that was lately. */
export function gapsLeft(origin: string, until: number, now: number): UsageGap[] {
  return until < now - lineDelayMs ? unreadSince(origin, until, now, Number.NEGATIVE_INFINITY) : [];
}

/** @param until when the log was read to its end last @param begin nothing before it is asked for */
function unreadSince(origin: string, until: number, end: number, begin: number): UsageGap[] {
  return hoursOf(Math.max(begin, until - lineDelayMs), end, { reason, origin });
}

/** The months from the one in which the first log was left behind until now, with and without usage. */
export function monthsUnread(logs: HeardLogs, now: number): number[] {
  const months: number[] = [];
  const first = Math.min(...[...logs.values()].map(({ until }) => until));
  // Nothing at all where no log is read: the minimum is infinite then.
  if (first > now) return months;
  for (let month = monthOf(dayOf(first)); month <= monthOf(dayOf(now)); month = monthAfter(month)) months.push(month);
  return months;
}

/** Epoch ms. */
export function endOf(month: number): number {
  return startOfDay(lastDayOf(month)) + dayMs;
}
