import { dayMs, dayOf, firstDayOf, lastDayOf, monthOf } from '../calendar.js';
import type { Database } from './database.js';
import type { Transaction } from './transaction.js';
import { mergeAnnounced } from './usage-announcements.js';
import { type KeepAuditArguments, putAudit } from './usage-audit.js';
import { doubleClickMs } from './usage-days.js';
import { noteUsageGaps, type UsageGap } from './usage-gaps.js';

export interface UsageMonth {
  /** 202603. */
  readonly month: number;
  /** When its first access was counted here, epoch ms. */
  readonly opened: number;
  /** Epoch ms; null = still open. */
  readonly closed: number | null;
  /** From what it was counted; several where another source was set meanwhile, none where nobody knows. */
  readonly sources: readonly string[];
}

/** From what the days of an open month were counted: lists of sources, apart by spaces. */
const sourceOfDays = `(
  SELECT coalesce(group_concat(DISTINCT nullif(source, '')), '') FROM usage_days WHERE day BETWEEN month * 100 AND month * 100 + 99
)`;

/** Every month in which something counted, oldest first. */
function usageMonths(database: Database): UsageMonth[] {
  return database
    .rows<[number, number, number | null, string]>(
      `SELECT month, opened, closed, iif(closed IS NULL, ${sourceOfDays}, source) FROM usage_months ORDER BY month`,
    )
    .map(([month, opened, closed, source]) => ({ month, opened, closed, sources: sourcesIn(source) }));
}

function sourcesIn(text: string): string[] {
  return [...new Set(text.split(/[ ,]/))].filter(source => source !== '').sort();
}

/**
 * The last day of an open month, not after `today`, of which something counted when it was last looked at: what other
 * sources say shows nothing of how far the one that is counted has come.
 */
function lastCountedDay(database: Database, { today }: { readonly today: number }): number | null {
  const last = 'SELECT max(period) FROM usage_counts WHERE period <= ? AND period % 100 > 0';
  return database.value<number | null>(last, today) ?? null;
}

/** Open months are not opened later than this, epoch ms: a clock that was ahead has said so, and none waits for it. */
function limitOpened({ database }: Transaction, { latest }: { readonly latest: number }): void {
  database.run('UPDATE usage_months SET opened = ?1 WHERE opened > ?1 AND closed IS NULL', latest);
}

export interface CloseMonthArguments {
  readonly month: number;
  /** What stays of the audit of its days; nothing unless it is given. */
  readonly audits?: readonly Omit<KeepAuditArguments, 'revision'>[];
  /** What was not heard of it in all the time that it was open. */
  readonly gaps?: readonly UsageGap[];
}

/**
 * From now on a month is what its days come to: one row for each item, for good. False: a day has changed since it was
 * counted, and nothing happens.
 */
function closeUsageMonth(transaction: Transaction, { month, audits = [], gaps = [] }: CloseMonthArguments): boolean {
  const { database, now } = transaction;
  const days = [firstDayOf(month), lastDayOf(month)] as const;
  const changed = 'SELECT 1 FROM usage_days WHERE counted < revision AND day BETWEEN ? AND ?';
  if (database.value(changed, ...days) !== undefined) return false;
  database.run(
    `INSERT INTO usage_counts
       SELECT CAST(? AS INTEGER), item, machine, country, sum(investigations), sum(requests),
         sum(unique_investigations), sum(unique_requests), sum(bytes), sum(request_bytes), max(users), max(request_users)
       FROM usage_counts WHERE period BETWEEN ? AND ? GROUP BY item, machine, country`,
    month * 100,
    ...days,
  );
  database.run(
    `INSERT INTO usage_left_out
       SELECT CAST(? AS INTEGER), reason, sum(count) FROM usage_left_out WHERE period BETWEEN ? AND ? GROUP BY reason
       ON CONFLICT (period, reason) DO UPDATE SET count = count + excluded.count`,
    month * 100,
    ...days,
  );
  for (const table of ['usage_counts', 'usage_left_out'])
    database.run(`DELETE FROM ${table} WHERE period BETWEEN ? AND ?`, ...days);
  const source = database.value<string>(`SELECT ${sourceOfDays} FROM usage_months WHERE month = ?`, month) ?? '';
  database.run('DELETE FROM usage_days WHERE day BETWEEN ? AND ?', ...days);
  mergeAnnounced(database, month, days);
  database.run('DELETE FROM usage_audits WHERE day BETWEEN ? AND ?', ...days);
  for (const audit of audits) putAudit(database, { ...audit, revision: 0 });
  noteUsageGaps(transaction, { gaps });
  database.run(
    'UPDATE usage_months SET closed = ?, source = ? WHERE month = ?',
    now,
    sourcesIn(source).join(' '),
    month,
  );
  return true;
}

export interface TrimUsageArguments {
  /** Late accesses that came before this, epoch ms, are only counted from now on. */
  readonly lateBefore: number;
  readonly limit: number;
}

const isSealed = 'closed IS NOT NULL AND month NOT IN (SELECT month FROM usage_reopened)';
/**
 * The first accesses of a month may be second clicks of the month before, which may be counted anew. Who is known by
 * address alone is another user every hour, and clicks over no end of a month; what has a date alone is nobody's second
 * click.
 */
const isSecondClick = `day % 100 = 1 AND time % ${dayMs} <= ${doubleClickMs} AND reason IS NULL AND by_address = 0`;

/** Kept of each month, the first of them: as a page anybody can make up some. */
const maxSecondClicks = 10_000;

/**
 * Deletes accesses of closed months and of those in which nothing counted, and ids of late ones, a chunk at a time.
 * Returns how many.
 */
function trimUsage({ database }: Transaction, { lateBefore, limit }: TrimUsageArguments): number {
  const deleted = database.run(
    `DELETE FROM usage_accesses WHERE (day, id) IN (
       SELECT day, id FROM usage_months JOIN usage_accesses ON day BETWEEN month * 100 AND month * 100 + 99
       WHERE ${isSealed} AND NOT (${isSecondClick}) LIMIT CAST(? AS INTEGER))`,
    limit,
  );
  const further = trimSecondClicks(database, limit - deleted);
  const late = database.rows<[number, string]>(
    'SELECT month, id FROM usage_late WHERE at < ? LIMIT CAST(? AS INTEGER)',
    lateBefore,
    limit,
  );
  for (const [month, id] of late) {
    database.run('DELETE FROM usage_late WHERE month = ? AND id = ?', month, id);
    database.run(
      `INSERT INTO usage_left_out VALUES (?, 'late', 1)
       ON CONFLICT (period, reason) DO UPDATE SET count = count + 1`,
      month * 100,
    );
  }
  return deleted + further + late.length + trimUncounted(database, monthOf(dayOf(lateBefore)) * 100, limit);
}

/** Those of closed months that are too many, when nothing else is left there to delete. */
function trimSecondClicks(database: Database, limit: number): number {
  if (limit <= 0) return 0;
  let deleted = 0;
  for (const [month] of database.rows<[number]>(`SELECT month FROM usage_months WHERE ${isSealed}`)) {
    deleted += database.run(
      `DELETE FROM usage_accesses WHERE day = ?1 AND id IN (
         SELECT id FROM usage_accesses WHERE day = ?1 ORDER BY time, id
         LIMIT CAST(?2 AS INTEGER) OFFSET ${maxSecondClicks})`,
      firstDayOf(month),
      limit - deleted,
    );
    if (deleted >= limit) break;
  }
  return deleted;
}

/** Days of a month that was over as long as others wait, and in which nothing counted. Their sums by reason stay. */
function trimUncounted(database: Database, before: number, limit: number): number {
  const days = database
    .rows<[number]>(
      `SELECT day FROM usage_days
       WHERE day < ? AND counted = revision AND day / 100 NOT IN (SELECT month FROM usage_months)`,
      before,
    )
    .map(([day]) => day);
  let deleted = 0;
  for (const day of days) {
    const left = limit - deleted;
    if (left <= 0) break;
    const some = 'SELECT id FROM usage_accesses WHERE day = ?1 LIMIT CAST(?2 AS INTEGER)';
    const found = database.run(`DELETE FROM usage_accesses WHERE day = ?1 AND id IN (${some})`, day, left);
    deleted += found;
    if (found === left) break;
    database.run(
      `INSERT INTO usage_left_out SELECT CAST(? AS INTEGER), reason, count FROM usage_left_out WHERE period = ?
       ON CONFLICT (period, reason) DO UPDATE SET count = count + excluded.count`,
      monthOf(day) * 100,
      day,
    );
    database.run('DELETE FROM usage_left_out WHERE period = ?', day);
    database.run('DELETE FROM usage_audits WHERE day = ?', day);
    database.run('DELETE FROM usage_days WHERE day = ?', day);
  }
  return deleted;
}

export const usageMonthWrites = { closeUsageMonth, limitOpened, trimUsage };
export const usageMonthReads = { usageMonths, lastCountedDay };
