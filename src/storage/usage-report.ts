import type { Database, Value } from './database.js';

/** Sums of one thing over some periods. People and machines are never added up. */
export interface UsageCounts {
  readonly investigations: number;
  readonly requests: number;
  readonly uniqueInvestigations: number;
  readonly uniqueRequests: number;
  /** Bytes transferred: by all accesses, and by requests. */
  readonly bytes: number;
  readonly requestBytes: number;
  /**
   * How many different users there were on the day that had most of them: there were at least as many. Of a country
   * that may not be shown, 0.
   */
  readonly users: number;
}

export const usageKinds = ['dataset', 'space', 'collection', 'user', 'month', 'country'] as const;
export type UsageKind = (typeof usageKinds)[number];

export interface UsageFilter {
  readonly dataset?: string;
  readonly space?: string;
  readonly collection?: string;
  /** Whom the datasets belong to. */
  readonly user?: string;
}

export interface UsageQuery extends UsageFilter {
  readonly by: UsageKind;
  /** First and last period: days (20260315), or months from 20260300 to 20260399. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly offset: number;
}

export interface UsageRow {
  /** Id, month (202603) or country; null = not known. */
  readonly key: string | number | null;
  /** What is known of the dataset, space or collection: a JSON object. */
  readonly facts: string | null;
  readonly regular: UsageCounts;
  readonly machine: UsageCounts;
}

const metrics = [
  'investigations',
  'requests',
  'unique_investigations',
  'unique_requests',
  'bytes',
  'request_bytes',
] as const;

const sums = [0, 1].flatMap(machine => [
  ...metrics.map(name => `sum(iif(machine = ${machine}, ${name}, 0))`),
  `max(iif(machine = ${machine}, users, 0))`,
]);

/** What the rows of `usage_counts` are grouped by, and where that stands. */
const keys: Readonly<Record<UsageKind, { readonly key: string; readonly join?: string }>> = {
  dataset: { key: 'c.item' },
  month: { key: 'period / 100' },
  country: { key: 'country' },
  user: { key: "i.facts ->> '$.owner'", join: '' },
  space: { key: 'e.value', join: `, json_each(coalesce(i.facts -> '$.spaces', '[null]')) e` },
  collection: { key: 'e.value', join: `, json_each(coalesce(i.facts -> '$.collections', '[null]')) e` },
};

/** What is shown of a country rests on at least as many users; what is shown of downloads on as many who downloaded. */
export const minUsers = 3;

/**
 * Countries, a month at a time: a month adds to its country only what may be shown of that month alone, so that no
 * difference of two ranges says more. Where nothing may be shown, 1 investigation and no user stand for that there was
 * something.
 */
const byCountry = (chosen: string): string => `(
  SELECT country, machine, ${metrics
    .map(name => `iif(max(shown), sum(${name}) FILTER (WHERE shown), ${name === 'investigations' ? 1 : 0}) AS ${name}`)
    .join(', ')}, coalesce(max(users) FILTER (WHERE shown), 0) AS users
  FROM (
    SELECT *, users >= ${minUsers} AND (requests = 0 OR request_users >= ${minUsers}) AS shown FROM (
      SELECT country, machine, ${metrics.map(name => `sum(${name}) AS ${name}`).join(', ')}, max(users) AS users,
        max(request_users) AS request_users
      FROM usage_counts WHERE ${chosen} GROUP BY country, machine, period / 100
    )
  ) GROUP BY country, machine)`;

const columns = 'item, machine, investigations, requests, unique_investigations, unique_requests, bytes, request_bytes';

/** The largest first; months in their order. */
function usage(database: Database, query: UsageQuery): UsageRow[] {
  const { by, from, to, limit, offset } = query;
  const { key, join } = keys[by];
  const { where, values } = itemsOf(query);
  const chosen = `period BETWEEN ? AND ? AND country ${by === 'country' ? '<>' : '='} '' ${where}`;
  // Facts are looked at once for each item, not for each month of it.
  const source =
    join === undefined
      ? `usage_counts c WHERE ${chosen}`
      : `(SELECT ${columns.replace(/(?<=, )(?!machine)\w+/g, 'sum($&) AS $&')}, max(users) AS users
          FROM usage_counts WHERE ${chosen} GROUP BY item, machine) c LEFT JOIN usage_items i ON i.item = c.item${join}`;
  const order = by === 'month' ? '1' : 'sum(requests) DESC, sum(investigations) DESC, 1';
  const rows = database.rows<Value[]>(
    `SELECT ${key}, ${sums.join(', ')} FROM ${by === 'country' ? byCountry(chosen) : source} GROUP BY 1 ORDER BY ${order}
     LIMIT CAST(? AS INTEGER) OFFSET CAST(? AS INTEGER)`,
    ...[from, to, ...values, limit, offset],
  );
  return rows.map(([found, ...counts]) => ({
    key: found === '' ? null : (found as UsageRow['key']),
    facts: database.value<string>('SELECT facts FROM usage_items WHERE item = ?', found ?? '') ?? null,
    regular: countsOf(counts as number[], 0),
    machine: countsOf(counts as number[], metrics.length + 1),
  }));
}

function itemsOf({ dataset, space, collection, user }: UsageFilter): { where: string; values: Value[] } {
  const within = (list: string): string => `EXISTS (SELECT 1 FROM json_each(facts, '$.${list}') WHERE value = ?)`;
  const parts: [string, string | undefined][] = [
    ['item = ?', dataset],
    [`item IN (SELECT item FROM usage_items WHERE ${within('spaces')})`, space],
    [`item IN (SELECT item FROM usage_items WHERE ${within('collections')})`, collection],
    ["item IN (SELECT item FROM usage_items WHERE facts ->> '$.owner' = ?)", user],
  ];
  const given = parts.filter(([, value]) => value !== undefined);
  return { where: given.map(([sql]) => `AND ${sql}`).join(' '), values: given.map(([, value]) => value as string) };
}

function countsOf(row: readonly number[], at: number): UsageCounts {
  const [investigations, requests, uniqueInvestigations, uniqueRequests, bytes, requestBytes, users] = row.slice(at);
  return {
    investigations: investigations ?? 0,
    requests: requests ?? 0,
    uniqueInvestigations: uniqueInvestigations ?? 0,
    uniqueRequests: uniqueRequests ?? 0,
    bytes: bytes ?? 0,
    requestBytes: requestBytes ?? 0,
    users: users ?? 0,
  };
}

export interface UsageLeftOut {
  readonly month: number;
  readonly reason: string;
  readonly count: number;
}

/** What was not counted, by month and reason. */
function usageLeftOut(database: Database, { from, to }: { readonly from: number; readonly to: number }) {
  return database
    .rows<[number, string, number]>(
      `SELECT month, reason, sum(count) FROM (
         SELECT period / 100 AS month, reason, count FROM usage_left_out WHERE period BETWEEN ?1 AND ?2
         UNION ALL
         SELECT month, 'late', count(*) FROM usage_late WHERE month * 100 BETWEEN ?1 AND ?2 GROUP BY month
       ) GROUP BY month, reason ORDER BY month, reason`,
      from,
      to,
    )
    .map(([month, reason, count]): UsageLeftOut => ({ month, reason, count }));
}

export interface DatasetReportQuery {
  /** First and last period, as in a query. */
  readonly from: number;
  readonly to: number;
  /** Only this one, by its id or DOI. */
  readonly dataset?: string;
  /** The last item of the page before; empty = from the start. */
  readonly after: string;
  /** Items on the page. */
  readonly limit: number;
  /** Countries are passed over: they are most of the rows. */
  readonly withoutCountries?: boolean;
}

/** One month of one dataset, by people or machines, in all countries ('') or in one. */
export type DatasetMonth = [
  item: string,
  month: number,
  machine: number,
  country: string,
  investigations: number,
  requests: number,
  uniqueInvestigations: number,
  uniqueRequests: number,
  users: number,
  /** Who made requests. */
  requestUsers: number,
];

export interface DatasetReportPage {
  /** Ids and what is known of each, in the order of their ids. */
  readonly items: readonly (readonly [item: string, facts: string | null])[];
  /** In the order of items, months, people and machines, countries. */
  readonly months: readonly DatasetMonth[];
}

/** Datasets that were used in a range, a page at a time. What belongs to no known dataset is not among them. */
function datasetReport(database: Database, query: DatasetReportQuery): DatasetReportPage {
  const { from, to, dataset, after, limit, withoutCountries = false } = query;
  const only =
    dataset === undefined ? '' : "AND (item = ? OR item IN (SELECT item FROM usage_items WHERE facts ->> '$.doi' = ?))";
  const items = database.rows<[string, string | null]>(
    `SELECT c.item, i.facts FROM (
       SELECT DISTINCT item FROM usage_counts INDEXED BY usage_counts_by_item
       WHERE item > ? AND period BETWEEN ? AND ? ${only}
       ORDER BY item LIMIT CAST(? AS INTEGER)
     ) c LEFT JOIN usage_items i ON i.item = c.item ORDER BY c.item`,
    ...[after, from, to, ...(dataset === undefined ? [] : [dataset, dataset]), limit],
  );
  const months = database.rows<DatasetMonth>(
    `SELECT item, period / 100, machine, country, sum(investigations), sum(requests), sum(unique_investigations),
       sum(unique_requests), max(users), max(request_users)
     FROM usage_counts INDEXED BY usage_counts_by_item
     WHERE item IN (SELECT value FROM json_each(?)) AND period BETWEEN ? AND ?
       ${withoutCountries ? "AND country = ''" : ''}
     GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
    JSON.stringify(items.map(([item]) => item)),
    from,
    to,
  );
  return { items, months };
}

export const usageReportReads = { usage, usageLeftOut, datasetReport };
