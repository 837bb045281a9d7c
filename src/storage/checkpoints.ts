import type { Transaction } from './transaction.js';

/** Where something stands (a log reader's offset, an open window): a JSON value by key. */
function getCheckpoint({ database }: Transaction, { key }: { key: string }): string | undefined {
  return database.value<string>('SELECT value FROM checkpoints WHERE key = ?', key);
}

function putCheckpoint({ database }: Transaction, { key, value }: { key: string; value: string }): void {
  database.run('INSERT OR REPLACE INTO checkpoints (key, value) VALUES (?, ?)', key, value);
}

export const checkpointWrites = { getCheckpoint, putCheckpoint };
