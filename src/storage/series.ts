import type { Database, Value } from './database.js';
import { conditions } from './events.js';
import type { Series, SeriesQuery } from './queries.js';

/** Nobody can read a chart with more lines; the largest are kept. */
const maxLines = 20;

/**
 * Every category that occurs, by jumps through its index: it lets SQLite count in the index by category and time,
 * without reading a single event.
 */
const everyCategory = `WITH RECURSIVE names(name) AS (
  SELECT min(category) FROM events
  UNION ALL SELECT (SELECT min(category) FROM events WHERE category > names.name) FROM names WHERE names.name IS NOT NULL
) SELECT name FROM names WHERE name IS NOT NULL`;

const columnByName: ReadonlyMap<string, string> = new Map([
  ['category', 'category'],
  ['type', 'type'],
  ['_source', 'source'],
]);

/**
 * Counts per step, or the mean of a numeric field; the lines with the most events first.
 *
 * Names leave SQLite as hex: what it takes out of JSON can hold half a surrogate pair, which is not UTF-8, and libsql
 * aborts the whole process at such a text; and a text ends for it at the first NUL.
 */
function series(database: Database, query: SeriesQuery): Series {
  const { from, to, step, field, by = 'category' } = query;
  const steps = Math.max(0, Math.ceil((to - from) / step));
  const times = Array.from({ length: steps }, (_, index) => from + index * step);
  const filter = { from, to, ...(query.category === undefined ? {} : { category: query.category }) };
  const { where: given, values } = conditions(filter);
  const name = expression(by);
  const number = field === undefined ? undefined : numeric(field);
  if (name === undefined || (field !== undefined && number === undefined)) return { times, lines: [] };

  const where =
    by === 'category' && query.category === undefined ? `${given} AND category IN (${everyCategory})` : given;
  const counted = number === undefined ? 'count(*)' : `count(${number.sql})`;
  const numbers = number?.values ?? [];
  const largest = database
    .rows<[string]>(
      `SELECT hex(name) FROM (
         SELECT ${name.sql} AS name, ${counted} AS amount FROM events WHERE ${where} GROUP BY name
         HAVING name IS NOT NULL AND amount > 0 ORDER BY amount DESC, name LIMIT ${maxLines})`,
      ...[...name.values, ...numbers, ...values],
    )
    .map(([hex]) => hex);
  const points = database.rows<[string, number, number | null]>(
    `SELECT hex(name), slot, value FROM (
       SELECT ${name.sql} AS name, (created - CAST(? AS INTEGER)) / CAST(? AS INTEGER) AS slot,
         ${number === undefined ? 'count(*)' : `avg(${number.sql})`} AS value
       FROM events WHERE ${given} AND name IN (SELECT CAST(unhex(value) AS TEXT) FROM json_each(?)) GROUP BY name, slot)`,
    ...[...name.values, from, step, ...numbers, ...values, JSON.stringify(largest)],
  );
  const lines = new Map(largest.map(line => [line, Array<number | null>(steps).fill(field === undefined ? 0 : null)]));
  for (const [line, slot, value] of points) {
    const target = lines.get(line);
    if (target !== undefined && slot < target.length) target[slot] = value;
  }
  return {
    times,
    lines: [...lines].map(([hex, numbers]) => ({ name: Buffer.from(hex, 'hex').toString('utf8'), values: numbers })),
  };
}

interface Expression {
  readonly sql: string;
  readonly values: readonly Value[];
}

function expression(field: string): Expression | undefined {
  const column = columnByName.get(field);
  if (column !== undefined) return { sql: column, values: [] };
  const path = jsonPath(field);
  return path === undefined ? undefined : { sql: 'CAST(json_extract(body, ?) AS TEXT)', values: [path] };
}

/** NULL, which counts and means leave out, where the field is not a number. */
function numeric(field: string): Expression | undefined {
  const path = jsonPath(field);
  if (path === undefined) return undefined;
  const sql = "CASE WHEN json_type(body, ?) IN ('integer', 'real') THEN json_extract(body, ?) END";
  return { sql, values: [path, path] };
}

/** SQLite's JSON paths have no escape for a quote inside a quoted label, and end at a NUL. */
function jsonPath(field: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what it looks for
  return field === '' || /["\\\u0000]/.test(field) ? undefined : `$."${field}"`;
}

export const seriesReads = { series };
