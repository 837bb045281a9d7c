import { dayAfter, monthOf, startOfDay } from '../calendar.js';
import type { Database, Value } from './database.js';
import type { Transaction } from './transaction.js';

/** Two clicks of one user on one address that are no further apart are one, ms. */
export const doubleClickMs = 30_000;
const hourMs = 3_600_000;

const columns =
  'period, item, machine, country, investigations, requests, unique_investigations, unique_requests, bytes, request_bytes, users, request_users';
const width = 12;
const firstSum = 4;
const firstUsers = 10;
/** Items of one day that are counted each for itself. */
const maxDayItems = 100_000;

/** A day's counts, and to which revision of its accesses they belong. */
export interface DayCounts {
  readonly day: number;
  readonly revision: number;
  /** Rows of `usage_counts`, one after the other. */
  readonly counts: readonly Value[];
  /** How many accesses did not count, by reason. */
  readonly leftOut: readonly (readonly [reason: string, count: number])[];
  /** From what accesses came that may count, apart by spaces, most first; '' = there are none. */
  readonly source: string;
}

/**
 * Days whose accesses have changed since they were counted, oldest first. Not those of a month that is counted anew
 * beside its counts.
 */
function changedUsageDays(database: Database): number[] {
  return database
    .rows<[number]>(
      `SELECT day FROM usage_days WHERE counted < revision AND day / 100 NOT IN (SELECT month FROM usage_reopened)
       ORDER BY day`,
    )
    .map(([day]) => day);
}

const sums = `count(*), sum(request), count(DISTINCT session), count(DISTINCT iif(request, session, NULL)),
  sum(volume), sum(iif(request, volume, 0)), count(DISTINCT user), count(DISTINCT iif(request, user, NULL))`;

/**
 * The rules, in one statement (COUNTER Code of Practice for Research Data, "Processing rules"):
 *
 * - parts (206) of one file in one session are one request, at the time of the first of them
 * - of the clicks of one user on one address, each that is followed by another within 30 seconds is removed; who is
 *   known by address and agent alone is another user every hour, and one who is known otherwise is another one in what
 *   has a date alone
 * - unique: once for each session
 *
 * A function of the day's accesses, and of those in the 30 seconds after it, alone: neither the order in which they
 * came nor how often plays a part.
 */
const countDay = `
  WITH accesses AS (
    SELECT * FROM usage_accesses
    WHERE reason IS NULL AND (day = ?1 OR (day = ?2 AND time <= ?3 + ${doubleClickMs}))
  ), whole AS (
    SELECT day, id, time, item, machine, request, user, by_address, session, url, country, bytes AS volume
    FROM accesses WHERE part IS NULL
    UNION ALL
    SELECT day, id, time, item, machine, request, user, by_address, session, url, country, volume FROM (
      SELECT *, row_number() OVER (file ORDER BY time, id) AS place, sum(bytes) OVER file AS volume
      FROM accesses WHERE part IS NOT NULL WINDOW file AS (PARTITION BY session, part)
    ) WHERE place = 1
  ), followed AS (
    SELECT *, lead(time) OVER (PARTITION BY user, url, by_address ORDER BY time, id) AS next FROM whole
  ), clicks AS MATERIALIZED (
    SELECT *, next IS NULL OR next - time > ${doubleClickMs}
      OR (by_address AND next / ${hourMs} <> time / ${hourMs}) AS kept
    FROM followed WHERE day = ?1
  )
  SELECT ?1, item, machine, '', ${sums} FROM clicks WHERE kept GROUP BY item, machine
  UNION ALL
  SELECT ?1, item, machine, country, ${sums} FROM clicks WHERE kept AND country IS NOT NULL
    GROUP BY item, machine, country
  UNION ALL
  SELECT ?1, '', -1, '', count(*), 0, 0, 0, 0, 0, 0, 0 FROM clicks WHERE NOT kept`;

/** What another source says is one reason, whatever else speaks against it. */
const countReasons = `
  SELECT substr(reason, 1, instr(reason || ':', ':') - 1) AS word, count(*) FROM usage_accesses
  WHERE day = ? AND reason IS NOT NULL GROUP BY word`;

/** Several where another source was set on that day. */
const countSources = `
  SELECT coalesce(group_concat(source, ' '), '') FROM (
    SELECT source FROM usage_accesses WHERE day = ? AND reason IS NULL GROUP BY source ORDER BY count(*) DESC, source
  )`;

export interface CountUsageDayArguments {
  readonly day: number;
  /** Items that are counted each for itself. */
  readonly maxItems?: number;
}

function countUsageDay(database: Database, { day, maxItems = maxDayItems }: CountUsageDayArguments): DayCounts {
  const revision = database.value<number>('SELECT revision FROM usage_days WHERE day = ?', day) ?? 0;
  const next = dayAfter(day);
  const rows = database.rows<Value[]>(countDay, day, next, startOfDay(next));
  const doubleClicks = rows.pop()?.[4] as number;
  const reasons = database.rows<[string, number]>(countReasons, day);
  return {
    day,
    revision,
    counts: withinItems(rows, maxItems).flat(),
    leftOut: doubleClicks > 0 ? [...reasons, ['double_click', doubleClicks]] : reasons,
    source: database.value<string>(countSources, day) ?? '',
  };
}

/**
 * Ids can be made up by whoever sends as a page. The items of which most was asked for stay; the rest are counted
 * together, as not known. Which they are follows from the day's accesses alone.
 */
function withinItems(rows: readonly Value[][], maxItems: number): readonly Value[][] {
  const sizes = new Map<string, number>();
  for (const row of rows) {
    const [item, country] = [String(row[1]), row[3]];
    if (country === '') sizes.set(item, (sizes.get(item) ?? 0) + Number(row[firstSum]));
  }
  if (sizes.size <= maxItems) return rows;
  const largest = [...sizes].sort(([one, some], [other, others]) => others - some || (one < other ? -1 : 1));
  const kept = new Set(largest.slice(0, maxItems).map(([item]) => item));
  const isKept = ([, item]: readonly Value[]): boolean => item !== '' && kept.has(String(item));
  const unknown = new Map<string, Value[]>();
  for (const row of rows) {
    if (isKept(row)) continue;
    const [period, , machine, country] = row;
    const key = `${machine} ${country}`;
    const sum = unknown.get(key);
    if (sum === undefined) unknown.set(key, [period!, '', machine!, country!, ...row.slice(firstSum)]);
    else for (let at = firstSum; at < width; at += 1) sum[at] = joined(at, Number(sum[at]), Number(row[at]));
  }
  return [...rows.filter(isKept), ...unknown.values()];
}

/** Users are different people: of several items at least as many as of the one that has most. */
function joined(column: number, one: number, other: number): number {
  return column >= firstUsers ? Math.max(one, other) : one + other;
}

/** Unless the day has newer counts, or its month has been closed meanwhile. One in which nothing counts yet is open. */
export function keepUsageDay({ database }: Transaction, { day, revision, counts, leftOut, source }: DayCounts): void {
  const closed = database.value('SELECT closed FROM usage_months WHERE month = ?', monthOf(day)) ?? null;
  const fresh = 'UPDATE usage_days SET counted = ?1, source = ?2 WHERE day = ?3 AND counted < ?1';
  if (closed !== null || database.run(fresh, revision, source, day) === 0) return;
  database.run('DELETE FROM usage_counts WHERE period = ?', day);
  database.run('DELETE FROM usage_left_out WHERE period = ?', day);
  database.insert(`INSERT INTO usage_counts (${columns})`, width, counts);
  const reasons = leftOut.flatMap(([reason, count]) => [day, reason, count]);
  database.insert('INSERT INTO usage_left_out (period, reason, count)', 3, reasons);
}

export const usageDayWrites = { keepUsageDay };
export const usageDayReads = { changedUsageDays, countUsageDay };
