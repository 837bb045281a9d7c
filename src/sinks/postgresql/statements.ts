import { columns } from './row.js';

/** What is asked of the server, about one table. */
export interface Statements {
  /** The table's name, as `to_regclass` takes it. */
  readonly table: string;
  /** The name of its schema, as functions take it; null: whichever comes first for the user. */
  readonly schema: string | null;
  readonly create: string;
  /** One array a column; answers with the ids that are new. */
  readonly insert: string;
  /** Ids, bodies, names to leave out by comma: the ids that are there with another body. */
  readonly differing: string;
  /** The last id that was looked at, and how many: the rows that follow, with times as epoch ms. */
  readonly page: string;
  /** Ids; answers with those that were there. */
  readonly remove: string;
  /** As `insert`, in place of what is there under the same ids; answers with those that were there. */
  readonly replace: string;
}

/** What an event is stays when something is taken out of it. */
const lasting: ReadonlySet<string> = new Set(['id', 'created', 'category', 'type', 'source', 'received']);

/** @param table `events`, or `schema.events` */
export function statementsFor(table: string): Statements {
  const quoted = table.split('.').map(quote).join('.');
  const index = quote(`${table.split('.').at(-1)}_created_idx`);
  const names = Object.keys(columns);
  const types = Object.values(columns).map(type => type.split(' ')[0]);
  const arrays = types.map((type, index) => `$${index + 1}::${type}[]`);
  const changing = names.filter(name => !lasting.has(name)).map(name => `${name} = came.${name}`);
  const epochMs = (name: string): string => `(extract(epoch FROM ${name}) * 1000)::bigint::text AS ${name}`;
  const definitions = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
  return {
    table: quoted,
    schema: table.includes('.') ? (table.split('.')[0] ?? null) : null,
    create: `CREATE TABLE IF NOT EXISTS ${quoted} (${definitions.join(', ')}); CREATE INDEX IF NOT EXISTS ${index} ON ${quoted} (created)`,
    insert: `INSERT INTO ${quoted} (${names.join(', ')}) SELECT * FROM unnest(${arrays.join(', ')}) ON CONFLICT (id) DO NOTHING RETURNING id`,
    differing: `SELECT (ordinal - 1)::int AS position FROM unnest($1::text[], $2::jsonb[], $3::text[]) WITH ORDINALITY AS came (id, body, known, ordinal) JOIN ${quoted} AS stored USING (id) WHERE stored.body - string_to_array(known, ',') <> came.body - string_to_array(known, ',')`,
    page: `SELECT id, ${epochMs('created')}, category, type, source, ${epochMs('received')}, body::text AS body FROM ${quoted} WHERE $1::text IS NULL OR id > $1 ORDER BY id LIMIT $2`,
    remove: `DELETE FROM ${quoted} WHERE id = ANY ($1::text[]) RETURNING id`,
    replace: `UPDATE ${quoted} AS stored SET ${changing.join(', ')} FROM unnest(${arrays.join(', ')}) AS came (${names.join(', ')}) WHERE stored.id = came.id RETURNING stored.id`,
  };
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
