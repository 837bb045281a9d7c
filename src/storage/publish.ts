import { addWaitingBytes, requireCapacity } from './capacity.js';
import type { Database, Value } from './database.js';
import { eventColumns, type Inserted, insertEvents } from './events.js';
import { type GivenIdColumns, keepGivenIds } from './given-ids.js';
import { lastSeq, type MessageColumns, passAddressed, queueOf } from './queues.js';
import type { Transaction } from './transaction.js';

export interface PublishArguments extends MessageColumns {
  /** The sinks whose queues each message is for; null = every queue. Absent: all of them are for every queue. */
  readonly sinks?: readonly (readonly string[] | null)[];
  /** Kept in the same commit. */
  readonly given?: GivenIdColumns;
  /** The same messages as events for the sink that keeps them here: stored at once, unless others wait in its queue. */
  readonly stored?: StoredRows;
}

export interface StoredRows {
  readonly sink: string;
  /** As `insertEvents` takes them. */
  readonly values: readonly Value[];
  /** Messages that the sink's filter leaves out. */
  readonly filtered: number;
}

/**
 * To every queue, or to those of the sinks that a message names. Returns what became of `stored`; undefined when it was
 * not given or takes its way through the queue, behind what waits there.
 */
function publish(transaction: Transaction, args: PublishArguments): Inserted | undefined {
  const { database } = transaction;
  requireCapacity(transaction);
  const before = lastSeq(database);
  const stored = args.stored !== undefined && isEmpty(database, args.stored.sink, before) ? args.stored : undefined;
  // With no other queue there is nothing that would ever take the messages.
  if (stored === undefined || database.value<number>('SELECT count(*) FROM queues') !== 1)
    append(transaction, args, before);
  if (args.given !== undefined) keepGivenIds(transaction, args.given);
  accept(transaction, args);
  return stored === undefined ? undefined : store(transaction, stored);
}

function accept({ delta }: Transaction, { ids, sinks }: PublishArguments): void {
  if (sinks === undefined) return delta.broadcast(ids.length);
  for (const named of sinks) {
    if (named === null) delta.broadcast(1);
    else for (const sink of named) delta.add(sink, { accepted: 1 });
  }
}

/** The sink has one queue, and everything in it is settled. */
function isEmpty(database: Database, sink: string, end: number): boolean {
  const cursors = database.rows<[number]>('SELECT cursor FROM queues WHERE sink = ?', sink);
  return cursors.length === 1 && cursors[0]?.[0] === end;
}

function store(transaction: Transaction, { sink, values, filtered }: StoredRows): Inserted {
  const { database, delta } = transaction;
  const inserted = insertEvents(transaction, { values });
  const duplicates = inserted.present.length;
  delta.add(sink, { delivered: values.length / eventColumns - duplicates, duplicates, filtered });
  database.run('UPDATE queues SET cursor = ? WHERE sink = ?', lastSeq(database), sink);
  return inserted;
}

/** A message for some sinks alone is a row for each of them. */
function append({ database }: Transaction, args: PublishArguments, before: number): void {
  const queues = new Map<string, number>();
  const values: Value[] = [];
  let bytes = 0;
  const add = (queue: number | null, index: number): void => {
    const body = args.bodies[index]!;
    bytes += Buffer.byteLength(body);
    values.push(queue, args.ids[index]!, args.sources[index]!, args.received[index]!, args.timestamps[index]!, body);
  };
  for (let index = 0; index < args.ids.length; index += 1) {
    const named = args.sinks?.[index] ?? null;
    if (named === null) add(null, index);
    else
      for (const sink of named) {
        const queue = queues.get(sink) ?? queueOf(database, sink);
        queues.set(sink, queue);
        add(queue, index);
      }
  }
  database.insert('INSERT INTO messages (target, id, source, received, timestamp, body)', 6, values);
  addWaitingBytes(database, bytes);
  if (args.sinks !== undefined) passAddressed(database, before);
}

export const publishWrites = { publish };
