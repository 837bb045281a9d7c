import { ExactNumber, parseExact, stringifyExact } from '../../events/digits.js';
import type { Event } from '../../events/event.js';
import type { Rendering } from '../rendering.js';

/** The columns of the table, in their order: see docs/mapping-postgresql.md. */
export const columns = {
  id: 'text PRIMARY KEY',
  created: 'timestamptz NOT NULL',
  category: 'text NOT NULL',
  type: 'text',
  user_id: 'text',
  resource_id: 'text',
  resource_name: 'text',
  dataset_id: 'text',
  space_id: 'text',
  source: 'text NOT NULL',
  received: 'timestamptz NOT NULL',
  body: 'jsonb NOT NULL',
} as const;

/** One event as PostgreSQL gets it: each value as text that it casts. */
export type Row = Readonly<Record<keyof typeof columns, string | null>>;

/** What neither `text` nor `jsonb` can hold, as JSON.stringify writes it. May be found where it is not. */
const unstorable = /\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * The event's fields verbatim in `body`, numbers with all their digits, and beside it what most queries ask for. NUL
 * and half a surrogate pair become U+FFFD in texts, as half a pair does in every sink.
 * @returns why PostgreSQL could not keep it, in words: in names both are refused, because two names could become one
 */
export function rowOf(event: Event): Row | { readonly flaw: string } {
  const { id, created, category, type, source, received } = event;
  const fields = event.exact ?? event.fields;
  let body = stringifyExact(fields);
  if (unstorable.test(body)) {
    if (hasUnstorableName(fields)) return { flaw: 'a field name holds a NUL character or half a surrogate pair' };
    body = stringifyExact(storable(fields));
  }
  return {
    id,
    created: new Date(created).toISOString(),
    category: textOf(category) ?? '',
    type: textOf(type),
    user_id: textOf(fields.user_id),
    resource_id: textOf(fields.resource_id),
    resource_name: textOf(fields.resource_name),
    dataset_id: textOf(fields.dataset_id),
    space_id: textOf(fields.space_id),
    source,
    received: new Date(received).toISOString(),
    body,
  };
}

/** One array a column, as statements take them. */
export function arraysOf(rows: readonly Row[]): (string | null)[][] {
  return (Object.keys(columns) as (keyof Row)[]).map(name => rows.map(row => row[name]));
}

/** The row as a query shows it. */
export function renderRow(event: Event): Rendering {
  const row = rowOf(event);
  if ('flaw' in row) return { refused: row.flaw };
  return { output: { row: { ...row, body: parseExact(row.body ?? '{}') } } };
}

/** Null where it is neither a text nor a number. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return storableText(value);
  return typeof value === 'number' || value instanceof ExactNumber ? String(value) : null;
}

function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return value;
  if (Array.isArray(value)) return value.map(storable);
  // fromEntries makes own properties of every name, `__proto__` too.
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, storable(inner)]));
}

function hasUnstorableName(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return false;
  if (Array.isArray(value)) return value.some(hasUnstorableName);
  return Object.entries(value).some(([name, inner]) => name !== storableText(name) || hasUnstorableName(inner));
}
