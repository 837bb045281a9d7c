import { parseExact } from '../../events/digits.js';
import type { Event } from '../../events/event.js';
import type { People } from '../../people/people.js';
import type { ErasedThere } from '../sink.js';
import { Connection } from './connection.js';
import { arraysOf, type Row, rowOf } from './row.js';
import { exists, type PostgresConfig, toDisk } from './session.js';
import { type Statements, statementsFor } from './statements.js';

/** Rows that are in memory at once: an event has a megabyte at most. */
const chunk = 64;

/** A statement is about one chunk: one that takes longer waits for a lock, or for a server that hangs. */
const answerTimeoutMs = 60_000;

interface About {
  readonly id: string;
  readonly body: string;
  /** What is left of it; undefined = it goes whole. */
  readonly left: Row | undefined;
}

/**
 * Goes through the whole table: a person may stand in any field, and in texts. Rows of theirs are deleted, others stay
 * without them, and their columns are made anew from what is left.
 */
export async function eraseFrom(
  config: PostgresConfig,
  people: People,
  signal: AbortSignal,
  timeoutMs = answerTimeoutMs,
): Promise<ErasedThere> {
  let erased = 0;
  let changed = 0;
  await withConnection(config, timeoutMs, async (connection, statements) => {
    for await (const rows of rowsAbout(connection, statements, people, signal)) {
      const theirs = rows.filter(({ left }) => left === undefined).map(({ id }) => id);
      const left = rows.flatMap(row => row.left ?? []);
      if (theirs.length > 0) erased += (await connection.ask(statements.remove, [theirs], signal)).length;
      if (left.length > 0) changed += (await connection.ask(statements.replace, arraysOf(left), signal)).length;
    }
  });
  return { erased, changed };
}

/** What the table holds of them. */
export async function* rowsHeld(config: PostgresConfig, people: People, signal: AbortSignal): AsyncGenerator<unknown> {
  const connection = await Connection.open(config.address, answerTimeoutMs);
  try {
    for await (const rows of rowsAbout(connection, statementsFor(config.table), people, signal))
      for (const { id, body } of rows) yield { id, body: JSON.parse(body) };
  } catch (error) {
    throw connection.faults.of(error);
  } finally {
    await connection.close();
  }
}

async function* rowsAbout(
  connection: Connection,
  statements: Statements,
  people: People,
  signal: AbortSignal,
): AsyncGenerator<readonly About[]> {
  if (!(await exists(connection, statements.table, signal))) return;
  let after: string | null = null;
  for (;;) {
    signal.throwIfAborted();
    const rows: readonly Stored[] = await connection.ask<Stored>(statements.page, [after, chunk], signal);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield rows.flatMap(row => aboutThem(row, people) ?? []);
  }
}

type Stored = Pick<Event, 'id' | 'category' | 'source'> & {
  readonly created: string;
  readonly received: string;
  readonly type: string | null;
  readonly body: string;
};

function aboutThem({ id, body, category, type, source, created, received }: Stored, people: People): About | undefined {
  const event: Event = {
    ...{ id, category, type: type ?? undefined, source, fields: parseExact(body) },
    ...{ created: Number(created), received: Number(received) },
  };
  const judged = people.judge(event);
  if (judged === event) return undefined;
  if (judged === 'theirs') return { id, body, left: undefined };
  const left = rowOf(judged);
  // Its names are those that were stored.
  if ('flaw' in left) throw new Error(left.flaw);
  return { id, body, left };
}

async function withConnection(
  config: PostgresConfig,
  timeoutMs: number,
  use: (connection: Connection, statements: Statements) => Promise<void>,
): Promise<void> {
  const connection = await Connection.open(config.address, timeoutMs);
  try {
    await toDisk(connection);
    await use(connection, statementsFor(config.table));
  } catch (error) {
    throw connection.faults.of(error);
  } finally {
    await connection.close();
  }
}
