import type { Transaction } from './transaction.js';

/** Whatever is redelivered later than this is a new message, ms. */
const keptMs = 86_400_000;

/** A message without an id and without a time of its own. */
export interface UnnamedMessage {
  /** Hash of its bytes and its timestamp property. */
  readonly hash: string;
  readonly redelivered: boolean;
  /** The id that it gets if it is new. */
  readonly fresh: string;
}

export interface NameArguments {
  readonly queue: string;
  readonly messages: readonly UnnamedMessage[];
  /** Ids of messages in hand: no redelivery is one of those. */
  readonly held: readonly string[];
}

/**
 * The ids of messages, in their order. A message that is not a redelivery is new. A redelivery takes an id that equal
 * bytes of its queue have and that is not in hand; without one it was never seen here, and is new. Equal messages are
 * alike, so it does not matter which takes which.
 *
 * An id whose acknowledgement was sent is taken only where nothing else can be meant: it is the one id of these bytes,
 * and the message the one of its kind. Otherwise the message may be another, which nobody has seen yet: shown twice is
 * better than lost.
 */
function nameMessages({ database, believed }: Transaction, { queue, messages, held }: NameArguments): string[] {
  const taken = new Set(held);
  const alike = new Map<string, number>();
  for (const { hash } of messages) alike.set(hash, (alike.get(hash) ?? 0) + 1);
  return messages.map(({ hash, redelivered, fresh }) => {
    const known = redelivered
      ? database.rows<[id: string, acknowledged: number]>(
          'SELECT id, acknowledged FROM unnamed_messages WHERE queue = ? AND hash = ? AND at > ? ORDER BY id',
          queue,
          hash,
          believed - keptMs,
        )
      : [];
    const alone = known.length === 1 && alike.get(hash) === 1;
    const free = known.find(([id, acknowledged]) => !taken.has(id) && (acknowledged === 0 || alone));
    const id = free?.[0] ?? fresh;
    taken.add(id);
    if (free === undefined)
      database.run('INSERT INTO unnamed_messages (queue, hash, id, at) VALUES (?, ?, ?, ?)', queue, hash, id, believed);
    else if (free[1] === 1)
      database.run('UPDATE unnamed_messages SET acknowledged = 0 WHERE queue = ? AND id = ?', queue, id);
    return id;
  });
}

interface UnnamedIds {
  readonly queue: string;
  readonly ids: readonly string[];
}

/** Their acknowledgement is about to be sent. */
function acknowledgeUnnamed({ database }: Transaction, { queue, ids }: UnnamedIds): void {
  database.run(
    'UPDATE unnamed_messages SET acknowledged = 1 WHERE queue = ? AND id IN (SELECT value FROM json_each(?))',
    queue,
    JSON.stringify(ids),
  );
}

/** Those of which nobody knows whether RabbitMQ has their acknowledgement. */
function acknowledgedUnnamed(
  { database }: Transaction,
  { queue }: { readonly queue: string },
): [id: string, hash: string][] {
  return database.rows('SELECT id, hash FROM unnamed_messages WHERE queue = ? AND acknowledged = 1', queue);
}

/** They will not come again. */
function forgetUnnamed({ database }: Transaction, { queue, ids }: UnnamedIds): void {
  database.run(
    'DELETE FROM unnamed_messages WHERE queue = ? AND id IN (SELECT value FROM json_each(?))',
    queue,
    JSON.stringify(ids),
  );
}

/** Returns how many it removed. */
function trimUnnamed({ database, believed }: Transaction, { limit }: { readonly limit: number }): number {
  return database.run(
    `DELETE FROM unnamed_messages WHERE (queue, id) IN
       (SELECT queue, id FROM unnamed_messages WHERE at <= ? ORDER BY at LIMIT CAST(? AS INTEGER))`,
    believed - keptMs,
    limit,
  );
}

export const unnamedWrites = { nameMessages, acknowledgeUnnamed, acknowledgedUnnamed, forgetUnnamed, trimUnnamed };
