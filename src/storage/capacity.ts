import { FullError, SetupError } from '../errors.js';
import type { Database } from './database.js';
import type { Transaction } from './transaction.js';

/** Before something new is accepted: the last group may go beyond the limit by its own size. @throws FullError */
export function requireCapacity(
  { database, diskSpace, limits }: Transaction,
  waiting = counter(database, waitingBytes),
): void {
  diskSpace.require();
  if (waiting < limits.embeddedBytes) return;
  throw new FullError(
    `the embedded queues are full: they hold ${inMebibytes(limits.embeddedBytes)} MiB (EMBEDDED_MAX_MB) that sinks have not taken`,
  );
}

/** Before an event becomes a dead letter. @throws SetupError: somebody has to look at those that are there */
export function requireDeadLetterCapacity({ database, limits }: Transaction, sink: string): void {
  if (counter(database, `dead_letter_bytes ${sink}`) < limits.deadLetterBytes) return;
  throw new SetupError(
    `the dead letters of ${sink} take ${inMebibytes(limits.deadLetterBytes)} MiB, as much as DEAD_LETTERS_MAX_MB allows: send them again, delete them, or raise the limit`,
  );
}

const waitingBytes = 'message_bytes';

export function addWaitingBytes(database: Database, bytes: number): void {
  if (bytes !== 0) database.run('UPDATE counters SET value = value + ? WHERE name = ?', bytes, waitingBytes);
}

/**
 * Whether something new can be accepted now. With `prove`, a row is really written: after a refusal, the free space
 * that the file system reports is no proof. @throws FullError
 */
function checkCapacity(transaction: Transaction, { prove }: { readonly prove: boolean }): void {
  requireCapacity(transaction);
  if (!prove) return;
  const { database, now } = transaction;
  database.run("INSERT OR REPLACE INTO checkpoints (key, value) VALUES ('storage/room', ?)", String(now));
}

function counter(database: Database, name: string): number {
  return database.value<number>('SELECT value FROM counters WHERE name = ?', name) ?? 0;
}

function inMebibytes(bytes: number): string {
  return Math.round(bytes / 1024 / 1024).toLocaleString('en-US');
}

export const capacityWrites = { checkCapacity };
