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

function noteUsageGaps({ database }: Transaction, { gaps, seen }: NoteUsageGapsArguments): void {
  for (const { hour, reason, origin, ms, count } of gaps)
    database.run(
      `INSERT INTO usage_gaps (hour, reason, origin, ms, count) VALUES (?, ?, ?, ?, ?) ${add}`,
      ...[hour, reason, origin, ms, count],
    );
  if (seen !== undefined)
    database.run('INSERT OR REPLACE INTO checkpoints (key, value) VALUES (?, ?)', seen.key, seen.value);
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

export const usageGapWrites = { noteUsageGaps };
export const usageGapReads = { usageGaps, hasUsage };
