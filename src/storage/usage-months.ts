import { firstDayOf, lastDayOf } from '../calendar.js';
import type { Database } from './database.js';
import type { Transaction } from './transaction.js';
import { mergeAnnounced } from './usage-announcements.js';
import { type KeepAuditArguments, putAudit } from './usage-audit.js';
import { closeForsaken } from './usage-reopening.js';

export interface UsageMonth {
  /** 202603. */
  readonly month: number;
  /** When its first access was counted here, epoch ms. */
  readonly opened: number;
  /** Epoch ms; null = still open. */
  readonly closed: number | null;
}

/** Every month that has something to show, oldest first. */
function usageMonths(database: Database): UsageMonth[] {
  return database
    .rows<[number, number, number | null]>('SELECT month, opened, closed FROM usage_months ORDER BY month')
    .map(([month, opened, closed]) => ({ month, opened, closed }));
}

/** The last day, not after `today`, of which something was counted. */
function lastUsageDay(database: Database, { today }: { readonly today: number }): number | null {
  return database.value<number | null>('SELECT max(day) FROM usage_days WHERE day <= ?', today) ?? null;
}

export interface CloseMonthArguments {
  readonly month: number;
  /** What stays of the audit of its days; nothing unless it is given. */
  readonly audits?: readonly Omit<KeepAuditArguments, 'revision'>[];
}

/**
 * From now on a month is what its days come to: one row for each item, for good. False: a day has changed since it was
 * counted, and nothing happens.
 */
function closeUsageMonth({ database, now }: Transaction, { month, audits = [] }: CloseMonthArguments): boolean {
  const days = [firstDayOf(month), lastDayOf(month)] as const;
  const changed = 'SELECT 1 FROM usage_days WHERE counted < revision AND day BETWEEN ? AND ?';
  if (database.value(changed, ...days) !== undefined) return false;
  database.run(
    `INSERT INTO usage_counts
       SELECT CAST(? AS INTEGER), item, machine, country, sum(investigations), sum(requests),
         sum(unique_investigations), sum(unique_requests), sum(bytes), sum(request_bytes), max(users)
       FROM usage_counts WHERE period BETWEEN ? AND ? GROUP BY item, machine, country`,
    month * 100,
    ...days,
  );
  database.run(
    `INSERT INTO usage_left_out
       SELECT CAST(? AS INTEGER), reason, sum(count) FROM usage_left_out WHERE period BETWEEN ? AND ? GROUP BY reason`,
    month * 100,
    ...days,
  );
  for (const table of ['usage_counts', 'usage_left_out'])
    database.run(`DELETE FROM ${table} WHERE period BETWEEN ? AND ?`, ...days);
  database.run('DELETE FROM usage_days WHERE day BETWEEN ? AND ?', ...days);
  mergeAnnounced(database, month, days);
  database.run('DELETE FROM usage_audits WHERE day BETWEEN ? AND ?', ...days);
  for (const audit of audits) putAudit(database, { ...audit, revision: 0 });
  database.run('UPDATE usage_months SET closed = ? WHERE month = ?', now, month);
  return true;
}

export interface TrimUsageArguments {
  /** Late accesses that came before this, epoch ms, are only counted from now on. */
  readonly lateBefore: number;
  readonly limit: number;
}

/** Deletes accesses of closed months, and ids of late ones, a chunk at a time. Returns how many. */
function trimUsage({ database }: Transaction, { lateBefore, limit }: TrimUsageArguments): number {
  closeForsaken(database, lateBefore);
  const deleted = database.run(
    `DELETE FROM usage_accesses WHERE (day, id) IN (
       SELECT day, id FROM usage_months JOIN usage_accesses ON day BETWEEN month * 100 AND month * 100 + 99
       WHERE closed IS NOT NULL AND month NOT IN (SELECT month FROM usage_reopened) LIMIT CAST(? AS INTEGER))`,
    limit,
  );
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
  return deleted + late.length;
}

export const usageMonthWrites = { closeUsageMonth, trimUsage };
export const usageMonthReads = { usageMonths, lastUsageDay };
