import type { Database, Value } from './database.js';
import type { Transaction } from './transaction.js';

/** What is added to the figures of one thing on one day, or in one closed month, since it was last announced. */
export interface UsageAnnouncement {
  /** Its place among all announcements: no other ever has it. */
  readonly number: number;
  /** 20260315, or 20260300 for a closed month. */
  readonly period: number;
  /** The dataset, or a file without one; '' = not known. Why accesses do not count, where `machine` is -1. */
  readonly item: string;
  /** 0 = people, 1 = machines, -1 = left out. */
  readonly machine: number;
  /** By their names in `usageAmounts`; what does not count has `investigations` alone. Negative: it became less. */
  readonly amounts: readonly number[];
  /** What was known of the item, a JSON object, and what the first of its spaces was called. */
  readonly facts: string | null;
  readonly space: string | null;
}

/** What adds up, in the order of the columns. Users do not: the same one may come on two days. */
export const usageAmounts = [
  'investigations',
  'requests',
  'unique_investigations',
  'unique_requests',
  'bytes',
  'request_bytes',
] as const;

const amounts = usageAmounts.join(', ');
const each = (form: (name: string) => string, between = ', '): string => usageAmounts.map(form).join(between);

/**
 * The first period whose counts have changed since they were announced. A closed month changes by what comes late; one
 * that was opened again has no figures of its own any more.
 */
const changedPeriod = `
  WITH periods AS (
    SELECT day AS period, counted AS revision FROM usage_days
    UNION ALL
    SELECT month * 100, iif(closed IS NULL, 0, closed
        + (SELECT count(*) FROM usage_late l WHERE l.month = m.month)
        + coalesce((SELECT count FROM usage_left_out WHERE period = m.month * 100 AND reason = 'late'), 0))
      FROM usage_months m
  )
  SELECT period, revision FROM periods LEFT JOIN usage_announced_periods USING (period)
  WHERE revision <> coalesce(announced, 0) ORDER BY period LIMIT 1`;

const differences = `
  SELECT ?1 AS period, item, machine, ${each(name => `sum(${name}) AS ${name}`)} FROM (
    SELECT item, machine, ${amounts} FROM usage_counts WHERE period = ?1 AND country = ''
    UNION ALL
    SELECT reason, -1, count, 0, 0, 0, 0, 0 FROM usage_left_out WHERE period = ?1
    UNION ALL
    SELECT 'late', -1, count(*), 0, 0, 0, 0, 0 FROM usage_late WHERE month = ?1 / 100
    UNION ALL
    SELECT item, machine, ${each(name => `-${name}`)} FROM usage_announced WHERE period = ?1
  ) GROUP BY item, machine HAVING ${each(name => `sum(${name}) <> 0`, ' OR ')} LIMIT CAST(?2 AS INTEGER)`;

/**
 * Writes down what is to be announced of one period, at most `limit` things, and takes it for announced: both or
 * neither, so that a difference is never lost, nor announced a second time under another number. False: there is
 * nothing more.
 */
function announceUsage({ database }: Transaction, { limit }: { readonly limit: number }): boolean {
  const changed = database.row<[number, number]>(changedPeriod);
  if (changed === undefined) return false;
  const [period, revision] = changed;
  const last = database.value<number>('SELECT coalesce(max(number), 0) FROM usage_announcements') ?? 0;
  const found = database.run(
    `INSERT INTO usage_announcements (period, item, machine, ${amounts}, facts, space)
       SELECT CAST(period AS INTEGER), d.item, machine, ${amounts}, i.facts, s.facts ->> '$.title' FROM (${differences}) d
         LEFT JOIN usage_items i ON i.item = d.item AND machine >= 0
         LEFT JOIN usage_items s ON s.item = i.facts ->> '$.spaces[0]'`,
    period,
    limit,
  );
  addToAnnounced(database, 'period', 'usage_announcements WHERE number > ?', last);
  if (found < limit)
    database.run('INSERT OR REPLACE INTO usage_announced_periods (period, announced) VALUES (?, ?)', period, revision);
  return true;
}

function addToAnnounced(database: Database, period: string, source: string, ...values: readonly Value[]): void {
  database.run(
    `INSERT INTO usage_announced (period, item, machine, ${amounts})
       SELECT ${period}, item, machine, ${each(name => `sum(${name})`)} FROM ${source} GROUP BY item, machine
       ON CONFLICT (period, item, machine) DO UPDATE SET ${each(name => `${name} = ${name} + excluded.${name}`)}`,
    ...values,
  );
}

/** What was announced of the days of a month was announced of the month, once it has closed. */
export function mergeAnnounced(database: Database, month: number, days: readonly [first: number, last: number]): void {
  addToAnnounced(database, String(month * 100), 'usage_announced WHERE period BETWEEN ? AND ?', ...days);
  for (const table of ['usage_announced', 'usage_announced_periods'])
    database.run(`DELETE FROM ${table} WHERE period BETWEEN ? AND ?`, ...days);
}

/** Those that were not published yet, in their order. */
function usageAnnouncements(database: Database, { limit }: { readonly limit: number }): UsageAnnouncement[] {
  return database
    .rows<Value[]>(
      `SELECT number, period, item, machine, facts, space, ${amounts} FROM usage_announcements
       ORDER BY number LIMIT CAST(? AS INTEGER)`,
      limit,
    )
    .map(([number, period, item, machine, facts, space, ...rest]) => ({
      number: number as number,
      period: period as number,
      item: item as string,
      machine: machine as number,
      amounts: rest as number[],
      facts: facts as string | null,
      space: space as string | null,
    }));
}

/** They are published. */
function forgetUsageAnnouncements({ database }: Transaction, { upTo }: { readonly upTo: number }): void {
  database.run('DELETE FROM usage_announcements WHERE number <= ?', upTo);
}

export const usageAnnouncementWrites = { announceUsage, forgetUsageAnnouncements };
export const usageAnnouncementReads = { usageAnnouncements };
