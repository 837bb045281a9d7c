import { addWaitingBytes, requireCapacity } from './capacity.js';
import type { Value } from './database.js';
import { type Inserted, insertEvents } from './events.js';
import { type GivenIdColumns, keepGivenIds } from './given-ids.js';
import { lastSeq, type MessageColumns, passAddressed, queueOf } from './queues.js';
import { withBodies } from './shared-bodies.js';
import type { Transaction } from './transaction.js';
import { type FoldUsageArguments, foldUsage } from './usage-accesses.js';

export interface PublishArguments extends MessageColumns {
  /** The sinks whose queues each message is for; null = every queue. Absent: all of them are for every queue. */
  readonly sinks?: readonly (readonly string[] | null)[];
  /** Kept in the same commit. */
  readonly given?: GivenIdColumns;
  /** The same messages as rows of sinks that keep theirs here: stored at once, unless others wait in their queues. */
  readonly stored?: readonly StoredRows[];
}

/**
 * What a sink makes of messages: events as `insertEvents` takes them, without the bodies that their messages have
 * (shared-bodies.ts), or accesses as `foldUsage` does.
 */
export type SinkRows = { readonly events: readonly Value[] } | { readonly usage: FoldUsageArguments };

export interface StoredRows {
  readonly sink: string;
  readonly rows: SinkRows;
  /** Messages that the sink takes, and those that its filter leaves out. */
  readonly count: number;
  readonly filtered: number;
  /** Messages of people who were erased. */
  readonly erased?: number;
}

/** What became of them. */
export interface Stored {
  readonly duplicates: number;
  /** What became of each event. */
  readonly inserted?: Inserted;
}

/**
 * To every queue, or to those of the sinks that a message names. Returns what became of each of `stored`; undefined
 * when it takes its way through the queue, behind what waits there.
 */
function publish(transaction: Transaction, args: PublishArguments): (Stored | undefined)[] {
  const { database } = transaction;
  requireCapacity(transaction);
  const before = lastSeq(database);
  const queues = database.rows<Queue>('SELECT sink, cursor FROM queues');
  const stored = (args.stored ?? []).map(rows => (isEmpty(queues, rows.sink, before) ? rows : undefined));
  const served = new Set(stored.flatMap(rows => rows?.sink ?? []));
  // With no other queue there is nothing that would ever take the messages.
  const everySinkIsServed = served.size > 0 && queues.length === served.size;
  const last = append(transaction, args, { before, served, everySinkIsServed });
  if (args.given !== undefined) keepGivenIds(transaction, args.given);
  accept(transaction, args);
  return stored.map(rows => {
    if (rows === undefined) return undefined;
    if (last !== before) database.run('UPDATE queues SET cursor = ? WHERE sink = ?', last, rows.sink);
    return store(transaction, rows, args.bodies);
  });
}

function accept({ delta }: Transaction, { ids, sinks }: PublishArguments): void {
  if (sinks === undefined) return delta.broadcast(ids.length);
  for (const named of sinks) {
    if (named === null) delta.broadcast(1);
    else for (const sink of named) delta.add(sink, { accepted: 1 });
  }
}

type Queue = [sink: string, cursor: number];

/** The sink has one queue, and everything in it is settled. */
function isEmpty(queues: readonly Queue[], sink: string, end: number): boolean {
  const its = queues.filter(([of]) => of === sink);
  return its.length === 1 && its[0]?.[1] === end;
}

function store(
  transaction: Transaction,
  { sink, rows, count, filtered, erased = 0 }: StoredRows,
  bodies: readonly string[],
): Stored {
  const stored = keep(transaction, rows, bodies);
  const { duplicates } = stored;
  transaction.delta.add(sink, { delivered: count - duplicates, duplicates, filtered, erased });
  return stored;
}

function keep(transaction: Transaction, rows: SinkRows, bodies: readonly string[]): Stored {
  if ('usage' in rows) return { duplicates: rows.usage.accesses.length === 0 ? 0 : foldUsage(transaction, rows.usage) };
  const inserted = insertEvents(transaction, { values: withBodies(rows.events, bodies) });
  return { duplicates: inserted.present.length, inserted };
}

interface Appending {
  /** The number of the last message before these. */
  readonly before: number;
  /** Sinks that get theirs without a queue. */
  readonly served: ReadonlySet<string>;
  readonly everySinkIsServed: boolean;
}

/** A message for some sinks alone is a row for each of them. Returns the number of the last message. */
function append(
  { database }: Transaction,
  args: PublishArguments,
  { before, served, everySinkIsServed }: Appending,
): number {
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
    if (named === null) {
      if (!everySinkIsServed) add(null, index);
    } else
      for (const sink of named) {
        if (served.has(sink)) continue;
        const queue = queues.get(sink) ?? queueOf(database, sink);
        queues.set(sink, queue);
        add(queue, index);
      }
  }
  if (values.length === 0) return before;
  database.insert('INSERT INTO messages (target, id, source, received, timestamp, body)', 6, values);
  addWaitingBytes(database, bytes);
  if (args.sinks !== undefined) passAddressed(database, before);
  return lastSeq(database);
}

export const publishWrites = { publish };
