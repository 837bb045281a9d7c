import { addWaitingBytes, requireCapacity } from './capacity.js';
import type { Database, Value } from './database.js';
import { eventColumns, type Inserted, insertEvents } from './events.js';
import { type GivenIdColumns, keepGivenIds } from './given-ids.js';
import { addressed, lastSeq, type MessageColumns, queueOf } from './queues.js';
import type { Transaction } from './transaction.js';

export interface PublishArguments extends MessageColumns {
  /** Only to this sink's queue. */
  readonly sink?: string;
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
 * To every queue, or to one sink's alone. Returns what became of `stored`; undefined when it was not given or takes its
 * way through the queue, behind what waits there.
 */
function publish(transaction: Transaction, args: PublishArguments): Inserted | undefined {
  const { database, delta } = transaction;
  requireCapacity(transaction);
  const before = lastSeq(database);
  const stored = args.stored !== undefined && isEmpty(database, args.stored.sink, before) ? args.stored : undefined;
  // With no other queue there is nothing that would ever take the messages.
  if (stored === undefined || database.value<number>('SELECT count(*) FROM queues') !== 1)
    append(transaction, args, before);
  if (args.given !== undefined) keepGivenIds(transaction, args.given);
  if (args.sink === undefined) delta.broadcast(args.ids.length);
  return stored === undefined ? undefined : store(transaction, stored);
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

function append(transaction: Transaction, args: PublishArguments, before: number): void {
  const { database } = transaction;
  const queue = args.sink === undefined ? undefined : queueOf(database, args.sink);
  const values: Value[] = [];
  let bytes = 0;
  for (const [index, id] of args.ids.entries()) {
    bytes += Buffer.byteLength(args.bodies[index]!);
    values.push(queue ?? null, id, args.sources[index]!, args.received[index]!);
    values.push(args.timestamps[index]!, args.bodies[index]!);
  }
  database.insert('INSERT INTO messages (target, id, source, received, timestamp, body)', 6, values);
  addWaitingBytes(database, bytes);
  if (queue !== undefined) addressed(transaction, queue, args.sink!, before, args.ids.length);
}

export const publishWrites = { publish };
