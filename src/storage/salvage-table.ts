import type { Database, Value } from './database.js';
import { CorruptError } from './database-error.js';

/** A table of the damaged file; the fresh one is attached as `fresh` and has it too, empty. */
export interface DamagedTable {
  readonly name: string;
  /** Those that both files have. */
  readonly columns: readonly string[];
  /** The primary key of a table without row numbers. */
  readonly key: readonly string[];
  /** How far its numbers have come, as far as it is known elsewhere. */
  readonly number: number;
}

export interface Copied {
  readonly kept: number;
  /** An upper bound: rows on pages that cannot be read have no other trace than the gap that they leave. */
  readonly lost: number;
}

const chunkRows = 500;

/**
 * Row numbers in ranges: one that cannot be read is halved, until what is left is the rows on the damaged pages. Rows
 * go from file to file within SQLite, since bytes that are not text would end this process on their way through
 * JavaScript.
 */
export function copyByNumber(database: Database, table: DamagedTable): Copied {
  const { name } = table;
  const columns = table.columns.join(', ');
  const end = `SELECT max(rowid) FROM (SELECT rowid FROM main.${name} NOT INDEXED WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ${chunkRows})`;
  const copy = `INSERT OR IGNORE INTO fresh.${name} (${columns}) SELECT ${columns} FROM main.${name} NOT INDEXED WHERE rowid BETWEEN ? AND ?`;
  const [first, last] = bounds(database, table);
  const ranges: [from: number, to: number][] = first > last ? [] : [[first, last]];
  let kept = 0;
  let lost = 0;
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const [from, to] = range;
    const reached = readable(() => database.value<number | null>(end, from, to) ?? null);
    if (reached === null) continue;
    const through = reached?.value ?? to;
    const copied = reached === undefined ? undefined : readable(() => database.run(copy, from, through));
    if (through < to) ranges.push([through + 1, to]);
    if (copied !== undefined && copied !== null) kept += copied.value;
    else if (from === through) lost += 1;
    else {
      const middle = Math.floor((from + through) / 2);
      ranges.push([middle + 1, through], [from, middle]);
    }
  }
  return { kept, lost };
}

/**
 * The first and last number that a row may have: from the table, or else from an index, or
 * else from what is known elsewhere.
 */
function bounds(database: Database, { name, number }: DamagedTable): readonly [number, number] {
  const indexes = readable(() =>
    database.rows<[string]>("SELECT name FROM main.sqlite_schema WHERE type = 'index' AND tbl_name = ?", name),
  );
  const ways = ['NOT INDEXED', ...(indexes?.value ?? []).map(([index]) => `INDEXED BY "${index}"`)];
  const ask = (what: 'min' | 'max'): number | null | undefined => {
    for (const way of ways) {
      const found = readable(
        () => database.value<number | null>(`SELECT ${what}(rowid) FROM main.${name} ${way}`) ?? null,
      );
      if (found !== undefined) return found?.value ?? null;
    }
    return undefined;
  };
  const first = ask('min');
  const last = ask('max');
  if (first === null && last === null) return [1, 0];
  return [first ?? 1, last ?? Math.max(number, first ?? 0)];
}

/** From both ends, up to the damage. */
export function copyByKey(database: Database, table: DamagedTable): Copied {
  const { name, key } = table;
  const keys = key.join(', ');
  const places = key.map(() => '?').join(', ');
  const columns = table.columns.join(', ');
  const copy = (compare: '<' | '>', order: string): boolean => {
    let at: Value[] | undefined;
    for (let limit = chunkRows; ; ) {
      const where = at === undefined ? '' : `WHERE (${keys}) ${compare} (${places})`;
      const chunk = `FROM main.${name} ${where} ORDER BY ${key.map(column => `${column} ${order}`).join(', ')} LIMIT ${limit}`;
      const done = readable(() => {
        database.run(`INSERT OR IGNORE INTO fresh.${name} (${columns}) SELECT ${columns} ${chunk}`, ...(at ?? []));
        return database.rows<Value[]>(`SELECT ${keys} ${chunk}`, ...(at ?? []));
      });
      if (done === undefined && limit === 1) return false;
      if (done === undefined) limit = 1;
      else if (done === null || done.value.length === 0) return true;
      else at = done.value.at(-1);
    }
  };
  const whole = copy('>', 'ASC');
  if (!whole) copy('<', 'DESC');
  const kept = database.value<number>(`SELECT count(*) FROM fresh.${name}`) ?? 0;
  return { kept, lost: whole ? 0 : Math.max(1, (countByIndex(database, name) ?? 0) - kept) };
}

/** An index of a table holds an entry for each row. */
function countByIndex(database: Database, name: string): number | undefined {
  const count = readable(() => {
    const index = database.value<string>(
      "SELECT name FROM main.sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
      name,
    );
    if (index === undefined) return null;
    return database.value<number>(`SELECT count(*) FROM main.${name} INDEXED BY "${index}"`) ?? 0;
  });
  return count?.value;
}

/** Undefined when the damage is in the way; null for null. */
export function readable<T>(read: () => T | null): { readonly value: T } | null | undefined {
  try {
    const value = read();
    return value === null ? null : { value };
  } catch (error) {
    if (error instanceof CorruptError) return undefined;
    throw error;
  }
}
