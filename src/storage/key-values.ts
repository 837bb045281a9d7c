import type { Database, Value } from './database.js';
import type { Transaction } from './transaction.js';

/** A small durable map that belongs to one sink (or another part), on this daemon's disk; entries expire. */
export interface KeyValues {
  /** Only the keys that are there. */
  get(keys: readonly string[]): Promise<Map<string, string>>;
  /** Durable when it resolves; the whole list or nothing. */
  put(entries: readonly (readonly [key: string, value: string])[], keepMs: number): Promise<void>;
}

/** Expired entries do not count, whether swept or not. */
function getValues(
  { database, believed }: Transaction,
  { namespace, keys }: { namespace: string; keys: readonly string[] },
) {
  return database.rows<[key: string, value: string]>(
    'SELECT key, value FROM memories WHERE namespace = ? AND key IN (SELECT value FROM json_each(?)) AND expires > ?',
    namespace,
    JSON.stringify(keys),
    believed,
  );
}

function putValues(
  { database, believed }: Transaction,
  args: {
    readonly namespace: string;
    readonly entries: readonly (readonly [key: string, value: string])[];
    readonly keepMs: number;
  },
): void {
  const values: Value[] = [];
  for (const [key, value] of args.entries) values.push(args.namespace, key, value, believed + args.keepMs);
  database.insert('INSERT OR REPLACE INTO memories (namespace, key, value, expires)', 4, values);
}

/** Those that expire last, and so were written last where all are kept alike. */
function newestValues(database: Database, { namespace, limit }: { namespace: string; limit: number }) {
  return database.rows<[key: string, value: string]>(
    'SELECT key, value FROM memories WHERE namespace = ? ORDER BY expires DESC LIMIT CAST(? AS INTEGER)',
    namespace,
    limit,
  );
}

/** The same on the writer's thread: for a start, which needs no other. */
function findValues({ database }: Transaction, which: { namespace: string; limit: number }) {
  return newestValues(database, which);
}

/** Removes those that expire first, while there are more than `max`. Returns how many it removed. */
function trimValues(
  { database }: Transaction,
  { namespace, max }: { readonly namespace: string; readonly max: number },
): number {
  const count = database.value<number>('SELECT count(*) FROM memories WHERE namespace = ?', namespace) ?? 0;
  if (count <= max) return 0;
  return database.run(
    `DELETE FROM memories WHERE namespace = ? AND key IN
       (SELECT key FROM memories WHERE namespace = ? ORDER BY expires LIMIT CAST(? AS INTEGER))`,
    namespace,
    namespace,
    count - max,
  );
}

/** A message is redelivered within a day, or is somebody else's. */
const firstSeenKeptMs = 24 * 3_600_000;

function firstSeen(
  { database, now, believed }: Transaction,
  { ids }: { ids: readonly string[] },
): [id: string, at: number][] {
  const chosen = JSON.stringify(ids);
  database.run(
    `INSERT INTO memories (namespace, key, value, expires) SELECT 'first-seen', value, ?, ? FROM json_each(?) WHERE true
     ON CONFLICT DO UPDATE SET value = excluded.value, expires = excluded.expires WHERE memories.expires <= ?`,
    ...[String(now), believed + firstSeenKeptMs, chosen, believed],
  );
  return database
    .rows<[string, string]>(
      "SELECT key, value FROM memories WHERE namespace = 'first-seen' AND key IN (SELECT value FROM json_each(?))",
      chosen,
    )
    .map(([id, at]) => [id, Number(at)]);
}

/** Returns how many it removed. */
function sweepKeyValues({ database, believed }: Transaction, { limit }: { readonly limit: number }): number {
  return database.run(
    `DELETE FROM memories WHERE (namespace, key) IN
       (SELECT namespace, key FROM memories WHERE expires <= ? ORDER BY expires LIMIT CAST(? AS INTEGER))`,
    believed,
    limit,
  );
}

export const keyValueWrites = { getValues, findValues, putValues, trimValues, firstSeen, sweepKeyValues };
export const keyValueReads = { newestValues };
