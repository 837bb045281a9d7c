import { dayMs, dayOf, firstDayOf, lastDayOf, monthAfter, monthOf, startOfDay } from '../calendar.js';
import type { Database, Value } from './database.js';
import type { Transaction } from './transaction.js';

/** An hour in which a source may not have been heard. */
export interface UsageGap {
  /** When the hour begins, epoch ms. */
  readonly hour: number;
  readonly reason: string;
  /** What had the gap: a log, say; empty = the daemon. */
  readonly origin: string;
  /** For how long within the hour, ms; 0 = for a moment, or not known. */
  readonly ms: number;
  /** How much is known to be missing: lines, events. */
  readonly count: number;
}

export interface NoteUsageGapsArguments {
  /** Added to what is known of their hours. */
  readonly gaps: readonly UsageGap[];
  /** How far whoever notes them has looked, as JSON: kept in the same commit. */
  readonly seen?: { readonly key: string; readonly value: string };
}

const hourMs = 3_600_000;
const add = `
  ON CONFLICT (hour, reason, origin)
  DO UPDATE SET ms = min(${hourMs}, ms + excluded.ms), count = count + excluded.count`;

export function noteUsageGaps({ database }: Transaction, { gaps, seen }: NoteUsageGapsArguments): void {
  for (const { hour, reason, origin, ms, count } of gaps)
    database.run(
      `INSERT INTO usage_gaps (hour, reason, origin, ms, count) VALUES (?, ?, ?, ?, ?) ${add}`,
      ...[hour, reason, origin, ms, count],
    );
  if (seen !== undefined)
    database.run('INSERT OR REPLACE INTO checkpoints (key, value) VALUES (?, ?)', seen.key, seen.value);
}

/** A stretch of time, epoch ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What an import says of the time that it brought in. */
export interface ImportNotes {
  /** Times of which everything was read. */
  readonly spans: readonly Span[];
  /** What could not be read, all of it: the same import twice notes it once. */
  readonly gaps: readonly UsageGap[];
}

export interface NoteUsageImportArguments extends ImportNotes {
  /** Months of the accesses, 202603. */
  readonly months: readonly number[];
}

/** Origin of what an import notes: the hours before the daemon's own start have none. */
const byImport = 'import';
/** Origin of hours that an import has read of a month that is counted anew: they wait for its new counts. */
const byReopening = 'reopening';

/**
 * A month that lies before the one in which counting began holds what was imported, and nothing else: all of its hours
 * are `before`, until an import says that it has read them. So are those of the first month, before the start. A closed
 * month takes nothing, and stays as it is; one that is counted anew lacks its hours until its new counts are there.
 */
function noteUsageImport({ database, now }: Transaction, { months, spans, gaps }: NoteUsageImportArguments): void {
  const began =
    database.value<number | null>(
      "SELECT max(hour + ms) FROM usage_gaps WHERE reason IN ('before', 'imported') AND origin = ''",
    ) ??
    database.value<number | null>('SELECT min(opened) FROM usage_months') ??
    now;
  const first = monthOf(dayOf(began));
  const reopened = new Set(database.rows<[number]>('SELECT month FROM usage_reopened').map(([month]) => month));
  const closed = new Set(
    database.rows<[number]>('SELECT month FROM usage_months WHERE closed IS NOT NULL').map(([month]) => month),
  );
  const isSealed = (month: number): boolean => closed.has(month) && !reopened.has(month);
  for (const month of new Set([...months, ...spans.flatMap(monthsIn)]))
    if (month < first && !isSealed(month)) markBefore(database, month);
  const within = 'hour >= ? AND hour + ms <= ?';
  for (const span of spans)
    for (const month of monthsIn(span)) {
      const { begin, end } = boundsOf(month);
      const [from, to] = [Math.max(span.from, begin), Math.min(span.to, end)];
      if (reopened.has(month))
        database.run(
          `INSERT OR IGNORE INTO usage_gaps (hour, reason, origin, ms, count)
           SELECT hour, 'imported', '${byReopening}', 0, 0 FROM usage_gaps WHERE reason = 'before' AND ${within}`,
          from,
          to,
        );
      else if (!isSealed(month)) takeBefore(database, within, [from, to]);
    }
  for (const { hour, reason, origin, ms, count } of gaps)
    database.run(
      `INSERT INTO usage_gaps (hour, reason, origin, ms, count) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (hour, reason, origin) DO UPDATE SET ms = max(ms, excluded.ms), count = max(count, excluded.count)`,
      ...[hour, reason, `${byImport} ${origin}`, ms, count],
    );
}

/** @param which condition on hours that are not `before` any more */
function takeBefore(database: Database, which: string, values: readonly Value[]): void {
  // The daemon's own stay, under another name: they say when it began.
  const before = `reason = 'before' AND ${which}`;
  database.run(`UPDATE usage_gaps SET reason = 'imported' WHERE origin = '' AND ${before}`, ...values);
  database.run(`DELETE FROM usage_gaps WHERE origin = '${byImport}' AND ${before}`, ...values);
}

const waiting = `reason = 'imported' AND origin = '${byReopening}' AND hour >= ? AND hour < ?`;

/** The new counts of a month are there: what an import has read of it meanwhile is not missing any more. */
export function takeReopenedHours(database: Database, month: number): void {
  const { begin, end } = boundsOf(month);
  takeBefore(database, `hour IN (SELECT hour FROM usage_gaps WHERE ${waiting})`, [begin, end]);
  forgetReopenedHours(database, month);
}

/** The month keeps the counts that it had. */
export function forgetReopenedHours(database: Database, month: number): void {
  const { begin, end } = boundsOf(month);
  database.run(`DELETE FROM usage_gaps WHERE ${waiting}`, begin, end);
}

/** Epoch ms. */
function boundsOf(month: number): { readonly begin: number; readonly end: number } {
  return { begin: startOfDay(firstDayOf(month)), end: startOfDay(lastDayOf(month)) + dayMs };
}

function monthsIn({ from, to }: Span): number[] {
  const months: number[] = [];
  for (let month = monthOf(dayOf(from)); month <= monthOf(dayOf(to - 1)); month = monthAfter(month)) months.push(month);
  return months;
}

/** Once: what an import has read since is not `before` again. */
function markBefore(database: Database, month: number): void {
  const { begin, end } = boundsOf(month);
  const mark = `INSERT OR IGNORE INTO usage_gaps (hour, reason, origin, ms, count) VALUES (?, 'imported', '${byImport}', 0, 0)`;
  if (database.run(mark, begin) === 0) return;
  const hours: Value[] = [];
  for (let hour = begin; hour < end; hour += hourMs) hours.push(hour, 'before', byImport, hourMs, 0);
  database.insert('INSERT OR IGNORE INTO usage_gaps (hour, reason, origin, ms, count)', 5, hours);
}

/** In the order of their hours. @param from first hour, epoch ms @param to the hour after the last one */
function usageGaps(database: Database, { from, to }: { readonly from: number; readonly to: number }): UsageGap[] {
  return database
    .rows<[hour: number, reason: string, origin: string, ms: number, count: number]>(
      'SELECT hour, reason, origin, ms, count FROM usage_gaps WHERE hour >= ? AND hour < ? ORDER BY hour, reason, origin',
      from,
      to,
    )
    .map(([hour, reason, origin, ms, count]) => ({ hour, reason, origin, ms, count }));
}

/** Whether anything was ever counted. */
function hasUsage(database: Database): boolean {
  return database.value<Value>('SELECT 1 FROM usage_months LIMIT 1') !== undefined;
}

/** A stretch of time as the hours that it touches. Reaches back `maxHours` at most. */
export function hoursOf(
  from: number,
  to: number,
  what: Pick<UsageGap, 'reason' | 'origin'>,
  maxHours = 20_000,
): UsageGap[] {
  const gaps: UsageGap[] = [];
  const first = Math.max(Math.floor(from / hourMs), Math.floor(to / hourMs) - maxHours) * hourMs;
  for (let hour = first; hour < to; hour += hourMs) {
    const ms = Math.min(to, hour + hourMs) - Math.max(from, hour);
    if (ms > 0) gaps.push({ hour, ...what, ms, count: 0 });
  }
  return gaps;
}

export const usageGapWrites = { noteUsageGaps, noteUsageImport };
export const usageGapReads = { usageGaps, hasUsage };
