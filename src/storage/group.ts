import { runWrite, type WriteCall } from './calls.js';
import { CorruptError } from './database-error.js';
import { LedgerDelta } from './ledger-delta.js';
import type { Transaction } from './transaction.js';

/** Calls that happen together or not at all. */
export type Job = readonly WriteCall[];

/** What a group is written with. */
export type GroupTools = Pick<Transaction, 'database' | 'diskSpace' | 'limits' | 'now' | 'believed'>;

export type Outcome = { readonly results: readonly unknown[] } | { readonly error: unknown };

/**
 * Group commit: the jobs that came while the last group was written, in one transaction, with one fsync. When one of
 * them throws, each is tried again in a transaction of its own, so that only the culprit fails.
 */
export function runGroup(tools: GroupTools, jobs: readonly Job[]): Outcome[] {
  try {
    return runTogether(tools, jobs);
  } catch (error) {
    if (jobs.length === 1 || error instanceof CorruptError) return jobs.map(() => ({ error }));
    return jobs.map(job => runAlone(tools, job));
  }
}

function runAlone(tools: GroupTools, job: Job): Outcome {
  try {
    return runTogether(tools, [job])[0]!;
  } catch (error) {
    return { error };
  }
}

function runTogether(tools: GroupTools, jobs: readonly Job[]): Outcome[] {
  const { database, now } = tools;
  const delta = new LedgerDelta();
  const transaction = { ...tools, delta };
  return database.transaction('BEGIN IMMEDIATE', () => {
    const outcomes = jobs.map(job => ({ results: job.map(call => runWrite(transaction, call)) }));
    delta.write(database, now);
    return outcomes;
  });
}
