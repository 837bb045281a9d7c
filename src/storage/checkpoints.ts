import type { Database } from './database.js';
import type { Transaction } from './transaction.js';

/** Where something stands (a log reader's offset, an open window): a JSON value by key. */
function getCheckpoint({ database }: Transaction, { key }: { key: string }): string | undefined {
  return database.value<string>('SELECT value FROM checkpoints WHERE key = ?', key);
}

function putCheckpoint({ database }: Transaction, { key, value }: { key: string; value: string }): void {
  database.run('INSERT OR REPLACE INTO checkpoints (key, value) VALUES (?, ?)', key, value);
}

export const checkpointWrites = { getCheckpoint, putCheckpoint };

/** What was put under each key that begins so. */
function checkpointsOf(database: Database, { prefix }: { readonly prefix: string }): string[] {
  return database
    .rows<[string]>('SELECT value FROM checkpoints WHERE substr(key, 1, ?) = ? ORDER BY key', prefix.length, prefix)
    .map(([value]) => value);
}

export const checkpointReads = { checkpointsOf };
