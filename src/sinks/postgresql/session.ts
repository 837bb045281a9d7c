import { SetupError } from '../../errors.js';
import { contextNames, type Event, isReceived } from '../../events/event.js';
import { isFromOutside } from '../../events/same-event.js';
import { writeByHalves } from '../halving.js';
import type { Rejection, SinkSession, SinkTools, WriteResult } from '../sink.js';
import type { PostgresAddress } from './address.js';
import { Connection } from './connection.js';
import { arraysOf, type Row, rowOf } from './row.js';
import { type Statements, statementsFor } from './statements.js';

export interface PostgresConfig {
  readonly address: PostgresAddress;
  /** `events`, or `schema.events`. */
  readonly table: string;
}

interface Storable {
  readonly event: Event;
  readonly row: Row;
  /** In the batch. */
  readonly index: number;
}

/** Events of one write that are compared with what is stored, at most: a whole batch that comes again costs little. */
const maxCompared = 100;

/** Connects, and makes the table where there is none. */
export async function openSession(config: PostgresConfig, { clock }: SinkTools): Promise<SinkSession> {
  const connection = await Connection.open(config.address);
  const statements = statementsFor(config.table);
  try {
    await prepare(connection, statements);
  } catch (error) {
    await connection.close();
    throw connection.faults.of(error);
  }
  return {
    write: async (events, signal) =>
      write(events, connection, statements, signal, clock).catch(error => Promise.reject(connection.faults.of(error))),
    probe: signal => probe(connection, statements, signal),
    close: () => connection.close(),
  };
}

/** For `event-sink check`: connects, and makes nothing. */
export async function openCheck(config: PostgresConfig): Promise<Pick<SinkSession, 'probe' | 'close'>> {
  const connection = await Connection.open(config.address);
  const statements = statementsFor(config.table);
  return {
    probe: signal => probe(connection, statements, signal),
    close: () => connection.close(),
  };
}

/** What is stored shall be on disk, also where the server or the user is set up to answer before that. */
export async function toDisk(connection: Connection): Promise<void> {
  await connection.ask(
    `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`,
    [],
  );
}

async function prepare(connection: Connection, { table, create }: Statements): Promise<void> {
  await toDisk(connection);
  if (await exists(connection, table)) return;
  try {
    await connection.run(create);
  } catch (error) {
    // Another daemon may have made it at the same time.
    if (!(await exists(connection, table))) throw error;
  }
}

/** Asked first: who may not create tables could not say `IF NOT EXISTS` either. */
export async function exists(connection: Connection, table: string, signal?: AbortSignal): Promise<boolean> {
  const [row] = await connection.ask<{ found: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS found',
    [table],
    signal,
  );
  return row?.found === true;
}

/** Inserts no rows, which needs every right and every column. Without a table: whether it may be made. */
async function probe(connection: Connection, statements: Statements, signal: AbortSignal): Promise<void> {
  try {
    if (await exists(connection, statements.table, signal)) {
      await connection.ask(statements.insert, arraysOf([]), signal);
      return;
    }
    const [row] = await connection.ask<{ may: boolean | null }>(
      `SELECT has_schema_privilege(coalesce($1, current_schema()), 'CREATE') AS may`,
      [statements.schema],
      signal,
    );
    if (row?.may !== true) {
      throw new SetupError(
        `PostgreSQL: there is no table ${statements.table}, and the user may not make it: make it, or grant CREATE on its schema`,
      );
    }
  } catch (error) {
    throw connection.faults.of(error);
  }
}

async function write(
  events: readonly Event[],
  connection: Connection,
  { insert, differing }: Statements,
  signal: AbortSignal,
  clock: SinkTools['clock'],
): Promise<WriteResult> {
  const flawed: Rejection[] = [];
  const rows = new Map<Event, Row>();
  const storable: Storable[] = [];
  for (const [index, event] of events.entries()) {
    const row = rowOf(event);
    if ('flaw' in row) flawed.push({ index, reason: row.flaw });
    else storable.push({ event, row, index });
  }
  for (const { event, row } of storable) rows.set(event, row);
  if (storable.length === 0) return { rejected: flawed };
  const added = new Set<string>();
  const send = async (group: readonly Event[]): Promise<string | undefined> => {
    try {
      const found = await connection.ask<{ id: string }>(
        insert,
        arraysOf(group.map(event => rows.get(event)!)),
        signal,
      );
      for (const { id } of found) added.add(id);
      return undefined;
    } catch (error) {
      const reason = connection.faults.refusal(error);
      if (reason === undefined) throw error;
      return `PostgreSQL refused it: ${reason}`;
    }
  };
  const place = (index: number): number => storable[index]!.index;
  const result = await writeByHalves(
    storable.map(({ event }) => event),
    send,
    clock,
  );
  const rejected = (result.rejected ?? []).map(({ index, reason }) => ({ index: place(index), reason }));
  const deferred = (result.deferred?.indexes ?? []).map(place);
  const out = new Set([...rejected.map(({ index }) => index), ...deferred]);
  // The first of an id is the one that was stored.
  const known = storable.filter(({ row, index }) => !out.has(index) && !added.delete(row.id!));
  return {
    rejected: [...flawed, ...rejected],
    duplicates: known.length,
    conflicts: await conflictsAmong(known, connection, differing, signal),
    ...(result.deferred === undefined ? {} : { deferred: { ...result.deferred, indexes: deferred } }),
  };
}

/**
 * Positions of events from outside whose id the table has for another event. Compared is without `created` (an event
 * that had none was given one on arrival), and without what is only known beside the event: that may have been less, or
 * other, when it came first.
 */
async function conflictsAmong(
  known: readonly Storable[],
  connection: Connection,
  differing: string,
  signal: AbortSignal,
): Promise<number[]> {
  const asked = known.filter(({ event }) => isFromOutside(event.source)).slice(0, maxCompared);
  if (asked.length === 0) return [];
  const beside = ({ event }: Storable): string =>
    ['created', ...contextNames.filter(name => !isReceived(event, name))].join();
  const found = await connection.ask<{ position: number }>(
    differing,
    [asked.map(({ row }) => row.id), asked.map(({ row }) => row.body), asked.map(beside)],
    signal,
  );
  return found.map(({ position }) => asked[position]!.index);
}
