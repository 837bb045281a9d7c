import type { Database } from './database.js';
import { holdingAny } from './people.js';
import type { Transaction } from './transaction.js';

/*
 * What the daemon keeps beside events, and may name people: these columns alone. Everything else that it remembers is
 * its own (ids that were sent, salts, positions), however much it may look like somebody's id.
 */

interface NoteColumn {
  readonly table: string;
  readonly column: string;
  /** Tells the rows apart; where it is the column itself, rows that say the same are one. */
  readonly key: string;
  readonly where: string;
}

const noteColumns = {
  resources: { table: 'memories', column: 'value', key: 'key', where: "namespace = 'context'" },
  openJobs: { table: 'memories', column: 'value', key: 'key', where: "namespace = 'extractions' AND value <> ''" },
  endedJobs: {
    ...{ table: 'memories', column: 'value', key: 'key' },
    where: "namespace = 'extractions.ended' AND value <> ''",
  },
  /** Events that were written ahead. */
  checkpoints: {
    ...{ table: 'checkpoints', column: 'value', key: 'key' },
    where: `(key = 'extractions' OR instr(value, '"unpublished":[{') > 0)`,
  },
  reasons: { table: 'availability_spans', column: 'reason', key: 'reason', where: 'reason IS NOT NULL' },
  messages: { table: 'availability_corrections', column: 'message', key: 'message', where: 'message IS NOT NULL' },
  authors: { table: 'availability_corrections', column: 'said_by', key: 'said_by', where: 'said_by IS NOT NULL' },
} as const satisfies Record<string, NoteColumn>;

export type NoteKind = keyof typeof noteColumns;

export const noteKinds = Object.keys(noteColumns) as NoteKind[];

/** Rows that are read together. */
const chunk = 500;

export interface FindNotes {
  readonly kind: NoteKind;
  /** Key of the last row that was read; undefined = from the first on. */
  readonly after: string | undefined;
  /** Undefined: every row. */
  readonly texts: readonly string[] | undefined;
}

/** Rows that may hold one of the texts, in the order of their keys. */
function findNotes(database: Database, { kind, after = '', texts }: FindNotes) {
  const { table, column, key, where } = noteColumns[kind];
  const [holding, values] = texts === undefined ? ['1', []] : holdingAny(column, texts, true);
  return database.rows<[key: string, text: string]>(
    `SELECT DISTINCT ${key}, ${column} FROM ${table} WHERE ${where} AND ${key} > ? AND ${holding} ORDER BY ${key} LIMIT ${chunk}`,
    ...[after, ...values],
  );
}

export interface ReplaceNotes {
  readonly kind: NoteKind;
  /** `after` undefined: the row goes. */
  readonly rows: readonly (readonly [key: string, before: string, after: string | undefined])[];
}

/** What was written anew meanwhile is passed over. Returns how many rows. */
function replaceNotes({ database }: Transaction, { kind, rows }: ReplaceNotes): number {
  const { table, column, key, where } = noteColumns[kind];
  const row = `WHERE ${where} AND ${key} = ? AND ${column} = ?`;
  let changed = 0;
  for (const [number, before, after] of rows)
    changed +=
      after === undefined
        ? database.run(`DELETE FROM ${table} ${row}`, number, before)
        : database.run(`UPDATE ${table} SET ${column} = ? ${row}`, after, number, before);
  return changed;
}

export const noteWrites = { replaceNotes };
export const noteReads = { findNotes };
