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
 * The ids of messages, in their order. A message that is not a redelivery is new. A redelivery takes an id that equal bytes of its queue have
 * and that is not in hand; without one it was never seen here, and is new. Equal messages are alike, so it does not matter which takes which.
 */
function nameMessages({ database, now }: Transaction, { queue, messages, held }: NameArguments): string[] {
  const taken = new Set(held);
  return messages.map(({ hash, redelivered, fresh }) => {
    const known = redelivered
      ? database.rows<[string]>(
          'SELECT id FROM unnamed_messages WHERE queue = ? AND hash = ? AND at > ? ORDER BY id',
          queue,
          hash,
          now - keptMs,
        )
      : [];
    const free = known.find(([id]) => !taken.has(id))?.[0];
    const id = free ?? fresh;
    taken.add(id);
    if (free === undefined) database.run('INSERT INTO unnamed_messages VALUES (?, ?, ?, ?)', queue, hash, id, now);
    return id;
  });
}

/** After they were settled. */
function forgetUnnamed(
  { database }: Transaction,
  { queue, ids }: { readonly queue: string; readonly ids: readonly string[] },
): void {
  database.run(
    'DELETE FROM unnamed_messages WHERE queue = ? AND id IN (SELECT value FROM json_each(?))',
    queue,
    JSON.stringify(ids),
  );
}

/** Returns how many it removed. */
function trimUnnamed(
  { database }: Transaction,
  { now, limit }: { readonly now: number; readonly limit: number },
): number {
  return database.run(
    `DELETE FROM unnamed_messages WHERE (queue, id) IN
       (SELECT queue, id FROM unnamed_messages WHERE at <= ? ORDER BY at LIMIT CAST(? AS INTEGER))`,
    now - keptMs,
    limit,
  );
}

export const unnamedWrites = { nameMessages, forgetUnnamed, trimUnnamed };
