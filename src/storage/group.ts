import type { Database } from './database.js';
import { CorruptError } from './database-error.js';
import type { Room } from './disk-space.js';
import { Tally } from './ledger-delta.js';
import { runWrite, type WriteCall } from './operations.js';

/** Operations that happen together or not at all. */
export type Job = readonly WriteCall[];

export type Outcome = { readonly results: readonly unknown[] } | { readonly error: unknown };

/**
 * Group commit: the jobs that came while the last group was written, in one transaction, with one fsync. When one of them throws,
 * each is tried again in a transaction of its own, so that only the culprit fails.
 */
export function runGroup(
  database: Database,
  room: Pick<Room, 'require'>,
  jobs: readonly Job[],
  now: number,
): Outcome[] {
  try {
    return runTogether(database, room, jobs, now);
  } catch (error) {
    if (jobs.length === 1 || error instanceof CorruptError) return jobs.map(() => ({ error }));
    return jobs.map(job => runAlone(database, room, job, now));
  }
}

function runAlone(database: Database, room: Pick<Room, 'require'>, job: Job, now: number): Outcome {
  try {
    return runTogether(database, room, [job], now)[0]!;
  } catch (error) {
    return { error };
  }
}

function runTogether(database: Database, room: Pick<Room, 'require'>, jobs: readonly Job[], now: number): Outcome[] {
  const tally = new Tally();
  const transaction = { database, tally, room, now };
  return database.transaction('BEGIN IMMEDIATE', () => {
    const outcomes = jobs.map(job => ({ results: job.map(call => runWrite(transaction, call)) }));
    tally.write(database, now);
    return outcomes;
  });
}
