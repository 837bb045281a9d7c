import Libsql from 'libsql';
import { FullError, TransientError } from '../errors.js';
import { CorruptError } from './database-error.js';

export type Value = string | number | null;

interface Insertion {
  readonly rows: number;
  /** By the columns that have one value in all rows, a bit for each: those are bound once. 0: there are none. */
  readonly sql: Map<number, string>;
}

/** Rows of a statement that is worth looking for columns with one value. */
const manyRows = 32;
/** Texts of one such insertion: each is a prepared statement of some 50 KB. */
const maxTexts = 4;
/** Columns that have a bit of their own. */
const maxBits = 31;
/** Characters. Rows with more all go through one text: a statement keeps what was bound to it until it runs again. */
const maxShared = 256 * 1024;

/**
 * One connection to a SQLite file, with its prepared statements kept. Rows come as arrays: half the work of objects,
 * also when they are copied to another thread. Every error leaves as one that says what the caller must do.
 *
 * libsql binds every number as REAL: a column of INTEGER affinity makes it an integer again, an expression does not
 * (write `CAST(? AS INTEGER)` where it matters).
 */
export class Database {
  readonly #connection: Libsql.Database;
  readonly #statements = new Map<string, Libsql.Statement>();
  readonly #inserts = new Map<string, readonly Insertion[]>();

  constructor(file: string) {
    this.#connection = guarded(() => new Libsql(file));
  }

  exec(sql: string): void {
    guarded(() => this.#connection.exec(sql));
  }

  /** Returns how many rows it changed. */
  run(sql: string, ...values: readonly Value[]): number {
    return this.#run(sql, values);
  }

  rows<Row extends readonly Value[]>(sql: string, ...values: readonly Value[]): Row[] {
    return guarded(() => this.#statement(sql).all(values)) as Row[];
  }

  /** One row after the other, however many there are. Nothing else may be asked of this statement meanwhile. */
  *each<Row extends readonly Value[]>(sql: string, ...values: readonly Value[]): Generator<Row> {
    const rows = guarded(() => this.#statement(sql).iterate(values))[Symbol.iterator]();
    for (;;) {
      const { done, value } = guarded(() => rows.next());
      if (done) return;
      yield value as Row;
    }
  }

  /** The first one. libsql's own `get` is cheaper, and finds nothing where it meets a damaged page. */
  row<Row extends readonly Value[]>(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.rows<Row>(sql, ...values)[0];
  }

  /** The first column of the first row. */
  value<T extends Value>(sql: string, ...values: readonly Value[]): T | undefined {
    return this.row<[T]>(sql, ...values)?.[0];
  }

  /**
   * Inserts many rows, their values one after the other in `values`. Several rows a statement: 4 µs a row instead of 8.
   * To bind a text costs 0.25 µs and a number 0.1, so what is the same in all rows of a statement is bound once.
   * @param into everything before VALUES, with as many columns as `width`
   * @param otherwise what happens to a row that is there already
   */
  insert(into: string, width: number, values: readonly Value[], otherwise = ''): number {
    let changes = 0;
    let from = 0;
    for (const { rows, sql } of this.#insertions(into, width, otherwise)) {
      const size = rows * width;
      for (; values.length - from >= size; from += size) {
        const shares = rows >= manyRows && lengthOf(values, from, from + size) <= maxShared;
        const same = shares ? knownColumns(sql, sameColumns(values, from, rows, width)) : 0;
        const text = sql.get(same) ?? insertion(into, width, rows, same, otherwise);
        sql.set(same, text);
        changes += this.#run(
          text,
          same === 0 ? values.slice(from, from + size) : bound(values, from, rows, width, same),
        );
      }
    }
    return changes;
  }

  /** Runs `work` in a transaction; after a throw nothing of it is there. */
  transaction<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
    this.exec(begin);
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      // Some errors (a full disk, a failed COMMIT) have rolled back already.
      if (this.#connection.inTransaction) this.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  /** Each text is made once: that is a tenth of what an insert of 16 rows takes. */
  #insertions(into: string, width: number, otherwise: string): readonly Insertion[] {
    const key = `${into} ${otherwise}`;
    let insertions = this.#inserts.get(key);
    if (insertions === undefined) {
      insertions = [manyRows, 8, 2, 1].map(rows => {
        return { rows, sql: new Map([[0, insertion(into, width, rows, 0, otherwise)]]) };
      });
      this.#inserts.set(key, insertions);
    }
    return insertions;
  }

  #run(sql: string, values: readonly Value[]): number {
    return guarded(() => this.#statement(sql).run(values)).changes;
  }

  #statement(sql: string): Libsql.Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      if (statement.reader) statement.raw(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Characters of the texts among them. */
function lengthOf(values: readonly Value[], from: number, end: number): number {
  let length = 0;
  for (let at = from; at < end; at += 1) {
    const value = values[at];
    if (typeof value === 'string') length += value.length;
  }
  return length;
}

/** The columns in which all of these rows have the same value. */
function sameColumns(values: readonly Value[], from: number, rows: number, width: number): number {
  const end = from + rows * width;
  let same = 0;
  for (let column = 0; column < Math.min(width, maxBits); column += 1) {
    const value = values[from + column];
    let at = from + column + width;
    while (at < end && values[at] === value) at += width;
    if (at >= end) same |= 1 << column;
  }
  return same;
}

/** These columns, or as many of them as there is a text for once there are many texts. */
function knownColumns(texts: ReadonlyMap<number, string>, same: number): number {
  if (texts.has(same) || texts.size < maxTexts) return same;
  let found = 0;
  for (const known of texts.keys()) if ((known & ~same) === 0 && bits(known) > bits(found)) found = known;
  return found;
}

function bits(columns: number): number {
  let count = 0;
  for (let left = columns; left !== 0; left &= left - 1) count += 1;
  return count;
}

function isAmong(columns: number, column: number): boolean {
  // A shift by 32 is one by 0.
  return column < maxBits && ((columns >> column) & 1) === 1;
}

function insertion(into: string, width: number, rows: number, same: number, otherwise: string): string {
  let next = bits(same);
  const lines = Array.from({ length: rows }, () => {
    let shared = 0;
    const row = Array.from({ length: width }, (_, column) => `?${isAmong(same, column) ? ++shared : ++next}`);
    return `(${row.join(',')})`;
  });
  return `${into} VALUES ${lines.join(',')} ${otherwise}`;
}

/** What is bound to such a text: the values of those columns, then the others row by row. */
function bound(values: readonly Value[], from: number, rows: number, width: number, same: number): Value[] {
  const found: Value[] = [];
  for (let column = 0; column < width; column += 1) if (isAmong(same, column)) found.push(values[from + column]!);
  for (let row = 0, at = from; row < rows; row += 1)
    for (let column = 0; column < width; column += 1, at += 1) if (!isAmong(same, column)) found.push(values[at]!);
  return found;
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translated(error);
  }
}

/** Extended result codes begin with the primary one: https://sqlite.org/rescode.html */
function translated(error: unknown): unknown {
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  if (!code.startsWith('SQLITE_')) return error;
  const message = `${(error as Error).message} (${code})`;
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return new CorruptError(message, { cause: error });
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return new TransientError(`the database is locked: ${message}`);
  if (/^SQLITE_(FULL|IOERR|READONLY|CANTOPEN)/.test(code))
    return new FullError(`the disk under DATA_DIR cannot take more: ${message}`);
  return error;
}
