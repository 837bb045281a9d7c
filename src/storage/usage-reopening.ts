import { dayBefore, firstDayOf, lastDayOf, monthOf } from '../calendar.js';
import type { Database, Value } from './database.js';
import type { Transaction } from './transaction.js';
import { type DayCounts, keepUsageDay } from './usage-days.js';
import { forgetReopenedHours, takeReopenedHours } from './usage-gaps.js';

/**
 * A closed month has its counts alone: the accesses they were made of are deleted. Counted anew, it collects accesses
 * beside its counts, which stay what everybody sees until the new ones take their place:
 *
 * closed → reopened (collects) → open, with the new counts
 *
 * A month that is left half-way is closed again when nothing has come for it for a while, with the counts that it had.
 */

export interface ReopenMonthArguments {
  readonly month: number;
  /** What is counted now. */
  readonly source: string;
  /** Another source may have been counted when the month was reopened. */
  readonly judge?: boolean;
}

/** False: the month is open, or holds nothing, and takes accesses anyway. */
function reopenUsageMonth(
  { database, believed }: Transaction,
  { month, source, judge = false }: ReopenMonthArguments,
): boolean {
  const closed = database.value<number | null>('SELECT closed FROM usage_months WHERE month = ?', month) ?? null;
  if (closed === null) return false;
  const fresh = database.run('INSERT OR IGNORE INTO usage_reopened (month, begun) VALUES (?, ?)', month, believed) > 0;
  if (fresh || judge) judgeAnew(database, month, source);
  if (!fresh) return true;
  // Accesses that were not deleted yet count again.
  database.run(
    `INSERT OR IGNORE INTO usage_days (day, revision, counted)
     SELECT DISTINCT day, 1, 0 FROM usage_accesses WHERE day BETWEEN ? AND ?`,
    ...[firstDayOf(month), lastDayOf(month)],
  );
  return true;
}

/**
 * What is there of a closed month, its first clicks at least, was judged when another source may have been counted:
 * beside what comes now it would count the same act twice.
 */
function judgeAnew(database: Database, month: number, source: string): void {
  const days = [firstDayOf(month), lastDayOf(month)] as const;
  const isOther = "coalesce(instr(reason, 'other_source'), 0) = 1";
  const counts = database.run(
    `UPDATE usage_accesses SET reason = nullif(substr(reason, length('other_source:') + 1), '')
     WHERE day BETWEEN ? AND ? AND source = ? AND ${isOther}`,
    ...days,
    source,
  );
  const countsNot = database.run(
    `UPDATE usage_accesses SET reason = 'other_source' || coalesce(':' || reason, '')
     WHERE day BETWEEN ? AND ? AND source <> ? AND NOT ${isOther}`,
    ...days,
    source,
  );
  if (counts + countsNot === 0) return;
  // The last clicks of the month before depend on them, too.
  const changed = 'UPDATE usage_days SET revision = revision + 1 WHERE day BETWEEN ? AND ?';
  database.run(changed, dayBefore(days[0]), days[1]);
}

/** Those that collect anew beside their counts among them. */
function closedUsageMonths(database: Database): number[] {
  return database
    .rows<[number]>('SELECT month FROM usage_months WHERE closed IS NOT NULL ORDER BY month')
    .map(([month]) => month);
}

/** Months that take no access. */
export function sealedMonths(database: Database): ReadonlySet<number> {
  const reopened = new Set(database.rows<[number]>('SELECT month FROM usage_reopened').map(([month]) => month));
  return new Set(closedUsageMonths(database).filter(month => !reopened.has(month)));
}

/** Days of a month of which there are accesses. */
function usageDaysOf(database: Database, { month }: { readonly month: number }): number[] {
  return database
    .rows<[number]>('SELECT day FROM usage_days WHERE day BETWEEN ? AND ?', firstDayOf(month), lastDayOf(month))
    .map(([day]) => day);
}

/** A figure of one item that would fall. */
export interface LowerFigure {
  readonly item: string;
  readonly figure: string;
  readonly before: number;
  readonly after: number;
}

export interface FinishReopeningArguments {
  readonly month: number;
  /** Every day of it. */
  readonly days: readonly DayCounts[];
  /** A figure may fall. */
  readonly lower: boolean;
}

export type FinishedReopening = 'not reopened' | 'changed' | 'done' | { readonly lower: readonly LowerFigure[] };

/**
 * The new counts take the place of the old ones, and the month is open again. changed: accesses came since its days
 * were counted.
 */
function finishReopening(
  transaction: Transaction,
  { month, days, lower }: FinishReopeningArguments,
): FinishedReopening {
  const { database, believed } = transaction;
  if (database.value('SELECT 1 FROM usage_reopened WHERE month = ?', month) === undefined) return 'not reopened';
  const revisions = new Map(days.map(({ day, revision }) => [day, revision]));
  const current = database.rows<[number, number]>(
    'SELECT day, revision FROM usage_days WHERE day BETWEEN ? AND ?',
    firstDayOf(month),
    lastDayOf(month),
  );
  if (current.some(([day, revision]) => revisions.get(day) !== revision)) return 'changed';
  const fallen = lower ? [] : lowerFigures(database, month, days);
  if (fallen.length > 0) return { lower: fallen };
  const period = month * 100;
  database.run('DELETE FROM usage_counts WHERE period = ?', period);
  database.run('DELETE FROM usage_left_out WHERE period = ?', period);
  database.run(
    'DELETE FROM usage_late WHERE month = ? AND id IN (SELECT id FROM usage_accesses WHERE day BETWEEN ? AND ?)',
    ...[month, firstDayOf(month), lastDayOf(month)],
  );
  database.run('DELETE FROM usage_reopened WHERE month = ?', month);
  database.run('UPDATE usage_months SET closed = NULL, opened = ? WHERE month = ?', believed, month);
  takeReopenedHours(database, month);
  for (const day of days) keepUsageDay(transaction, day);
  return 'done';
}

const figures = [
  'investigations',
  'requests',
  'unique_investigations',
  'unique_requests',
  'bytes',
  'request_bytes',
] as const;
/** Columns of a row of `DayCounts.counts`: period, item, machine, country, the figures, and two numbers of users. */
const firstFigure = 4;
const width = firstFigure + figures.length + 2;

/** What falls of each item, people and machines apart. */
function lowerFigures(database: Database, month: number, days: readonly DayCounts[]): LowerFigure[] {
  const sums = new Map<string, number[]>();
  for (const { counts } of days)
    for (let at = 0; at < counts.length; at += width) {
      const [, item, machine, country, ...row] = counts.slice(at, at + width);
      if (country !== '') continue;
      const key = `${machine} ${item}`;
      const sum = sums.get(key) ?? figures.map(() => 0);
      sums.set(
        key,
        sum.map((value, index) => value + Number(row[index])),
      );
    }
  const kept = database.rows<Value[]>(
    `SELECT item, machine, ${figures.join(', ')} FROM usage_counts WHERE period = ? AND country = ''`,
    month * 100,
  );
  return kept.flatMap(([item, machine, ...row]) => {
    const after = sums.get(`${machine} ${item}`) ?? [];
    return figures.flatMap((figure, index): LowerFigure[] => {
      const [old, fresh] = [Number(row[index]), after[index] ?? 0];
      return fresh < old ? [{ item: String(item), figure, before: old, after: fresh }] : [];
    });
  });
}

/** Something came for these days. */
export function noteHeard(database: Database, days: Iterable<number>, now: number): void {
  if (database.value('SELECT 1 FROM usage_reopened') === undefined) return;
  for (const month of new Set([...days].map(monthOf)))
    database.run('UPDATE usage_reopened SET begun = max(begun, ?) WHERE month = ?', now, month);
}

export interface CloseForsakenArguments {
  /** Nothing came for them since then, epoch ms. */
  readonly heardBefore: number;
  /** Those into which somebody is sending. */
  readonly sent: readonly number[];
}

/** Who left a month half-way does not come back after so long: it is closed, with the counts that it has. */
function closeForsaken({ database }: Transaction, { heardBefore, sent }: CloseForsakenArguments): void {
  const forsaken = database
    .rows<[number]>('SELECT month FROM usage_reopened WHERE begun < ?', heardBefore)
    .map(([month]) => month);
  for (const month of forsaken.filter(one => !sent.includes(one))) {
    // Its accesses are trimmed, but for first clicks: those of the source that its counts are made of.
    const source = database.value<string>('SELECT source FROM usage_months WHERE month = ?', month) ?? '';
    if (/^\w+$/.test(source)) judgeAnew(database, month, source);
    database.run('DELETE FROM usage_reopened WHERE month = ?', month);
    database.run('DELETE FROM usage_days WHERE day BETWEEN ? AND ?', firstDayOf(month), lastDayOf(month));
    forgetReopenedHours(database, month);
  }
}

export const usageReopeningWrites = { reopenUsageMonth, finishReopening, closeForsaken };
export const usageReopeningReads = { closedUsageMonths, usageDaysOf };
