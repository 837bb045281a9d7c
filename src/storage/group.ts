import { runWrite, type WriteCall } from './calls.js';
import type { Database } from './database.js';
import { CorruptError } from './database-error.js';
import type { DiskSpace } from './disk-space.js';
import { LedgerDelta } from './ledger-delta.js';

/** Calls that happen together or not at all. */
export type Job = readonly WriteCall[];

export type Outcome = { readonly results: readonly unknown[] } | { readonly error: unknown };

/**
 * Group commit: the jobs that came while the last group was written, in one transaction, with one fsync. When one of them throws,
 * each is tried again in a transaction of its own, so that only the culprit fails.
 */
export function runGroup(
  database: Database,
  diskSpace: Pick<DiskSpace, 'require'>,
  jobs: readonly Job[],
  now: number,
): Outcome[] {
  try {
    return runTogether(database, diskSpace, jobs, now);
  } catch (error) {
    if (jobs.length === 1 || error instanceof CorruptError) return jobs.map(() => ({ error }));
    return jobs.map(job => runAlone(database, diskSpace, job, now));
  }
}

function runAlone(database: Database, diskSpace: Pick<DiskSpace, 'require'>, job: Job, now: number): Outcome {
  try {
    return runTogether(database, diskSpace, [job], now)[0]!;
  } catch (error) {
    return { error };
  }
}

function runTogether(
  database: Database,
  diskSpace: Pick<DiskSpace, 'require'>,
  jobs: readonly Job[],
  now: number,
): Outcome[] {
  const delta = new LedgerDelta();
  const transaction = { database, delta, diskSpace, now };
  return database.transaction('BEGIN IMMEDIATE', () => {
    const outcomes = jobs.map(job => ({ results: job.map(call => runWrite(transaction, call)) }));
    delta.write(database, now);
    return outcomes;
  });
}
