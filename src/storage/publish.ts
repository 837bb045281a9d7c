import { addWaitingBytes, requireCapacity } from './capacity.js';
import type { Database, Value } from './database.js';
import { type Inserted, insertEvents } from './events.js';
import { type GivenIdColumns, keepGivenIds } from './given-ids.js';
import { lastSeq, type MessageColumns, passAddressed, queueOf } from './queues.js';
import { withShared } from './shared-columns.js';
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
 * What a sink makes of messages: events as `insertEvents` takes them, without what their messages have too
 * (shared-columns.ts), or accesses as `foldUsage` does.
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
  const { queues, last: before, waitingBytes } = standing(database);
  requireCapacity(transaction, waitingBytes);
  const stored = (args.stored ?? []).map(rows => (isEmpty(queues, rows.sink, before) ? rows : undefined));
  const served = new Set(stored.flatMap(rows => rows?.sink ?? []));
  // With no other queue there is nothing that would ever take the messages.
  const everySinkIsServed = served.size > 0 && queues.length === served.size;
  const last = append(transaction, args, { before, served, everySinkIsServed });
  if (args.given !== undefined) keepGivenIds(transaction, args.given);
  accept(transaction, args, queues);
  return stored.map(rows => {
    if (rows === undefined) return undefined;
    if (last !== before) database.run('UPDATE queues SET cursor = ? WHERE sink = ?', last, rows.sink);
    return store(transaction, rows, args);
  });
}

function accept({ delta }: Transaction, { ids, sinks }: PublishArguments, queues: readonly Queue[]): void {
  const toAll = sinks === undefined ? ids.length : sinks.filter(named => named === null).length;
  if (toAll > 0) for (const [sink] of queues) delta.add(sink, { accepted: toAll });
  for (const named of sinks ?? []) for (const sink of named ?? []) delta.add(sink, { accepted: 1 });
}

type Queue = readonly [sink: string, cursor: number];

interface Standing {
  readonly queues: readonly Queue[];
  /** The number of the last message. */
  readonly last: number;
  readonly waitingBytes: number;
}

/** What each group has to know, in one statement: asking costs more than finding. */
function standing(database: Database): Standing {
  const rows = database.rows<[last: number, bytes: number, sink: string | null, cursor: number]>(
    `SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'messages'), 0),
       coalesce((SELECT value FROM counters WHERE name = 'message_bytes'), 0),
       sink, cursor
     FROM (SELECT 1) LEFT JOIN queues ON true`,
  );
  const [last = 0, waitingBytes = 0] = rows[0] ?? [];
  const queues = rows.flatMap(([, , sink, cursor]) => (sink === null ? [] : [[sink, cursor] as const]));
  return { queues, last, waitingBytes };
}

/** The sink has one queue, and everything in it is settled. */
function isEmpty(queues: readonly Queue[], sink: string, end: number): boolean {
  const its = queues.filter(([of]) => of === sink);
  return its.length === 1 && its[0]?.[1] === end;
}

function store(
  transaction: Transaction,
  { sink, rows, count, filtered, erased = 0 }: StoredRows,
  messages: MessageColumns,
): Stored {
  const stored = keep(transaction, rows, messages);
  const { duplicates } = stored;
  transaction.delta.add(sink, { delivered: count - duplicates, duplicates, filtered, erased });
  return stored;
}

function keep(transaction: Transaction, rows: SinkRows, messages: MessageColumns): Stored {
  if ('usage' in rows) return { duplicates: rows.usage.accesses.length === 0 ? 0 : foldUsage(transaction, rows.usage) };
  const inserted = insertEvents(transaction, { values: withShared(rows.events, messages) });
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
