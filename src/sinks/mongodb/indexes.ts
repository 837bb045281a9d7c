import type { Collection, IndexSpecification } from 'mongodb';
import { describe } from '../../errors.js';
import type { Log } from '../../log.js';
import type { StoredDocument } from './document.js';

/** What people ask of the collection: events of a time, and events of one kind, newest first. */
const wanted: readonly IndexSpecification[] = [{ created_at: 1 }, { category: 1, type: 1, created_at: -1 }];
const secondsOfDay = 86_400;
/** NamespaceNotFound: the collection comes with its first document or index. */
const noCollection = 26;

/**
 * Makes the indexes that are missing and keeps the time to live as configured. Events are delivered without them,
 * so that a failure here is a warning and never a fault: a user without that permission, a build that takes hours.
 */
export async function keepIndexes(
  collection: Collection<StoredDocument>,
  ttlDays: number | undefined,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  try {
    const existing = await collection.indexes().catch(error => {
      if (error?.code === noCollection) return [];
      throw error;
    });
    const find = (key: IndexSpecification) => existing.find(index => JSON.stringify(index.key) === JSON.stringify(key));
    for (const key of wanted) {
      if (find(key) !== undefined) continue;
      const expiry = key === wanted[0] && ttlDays !== undefined ? { expireAfterSeconds: ttlDays * secondsOfDay } : {};
      await collection.createIndex(key, expiry);
      log.info({ index: JSON.stringify(key), ...expiry }, 'index.created');
    }
    const byTime = find(wanted[0]!);
    if (byTime !== undefined) await keepExpiry(collection, byTime.expireAfterSeconds, ttlDays, log);
  } catch (error) {
    if (!signal.aborted) log.warn({ reason: describe(error).slice(0, 300) }, 'index.skipped');
  }
}

async function keepExpiry(
  collection: Collection<StoredDocument>,
  seconds: number | undefined,
  ttlDays: number | undefined,
  log: Log,
): Promise<void> {
  if (ttlDays === undefined) {
    if (seconds !== undefined) {
      const hint = 'MONGODB_TTL_DAYS is not set, yet the index created_at_1 expires documents; drop it to keep them';
      log.warn({ expireAfterSeconds: seconds, hint }, 'index.expires');
    }
    return;
  }
  const expireAfterSeconds = ttlDays * secondsOfDay;
  if (seconds === expireAfterSeconds) return;
  await collection.db.command({
    collMod: collection.collectionName,
    index: { keyPattern: { created_at: 1 }, expireAfterSeconds },
  });
  log.info({ index: 'created_at_1', expireAfterSeconds }, 'index.changed');
}
