import type { Message } from '../../events/message.js';
import { writeAheadStore } from '../../nginx/store.js';
import type { KeyValues, ListedKeyValues } from '../../storage/key-values.js';
import type { Checkpoints } from '../../storage/storage.js';
import type { Job } from './job.js';

export interface JobStoreOptions {
  readonly checkpoints: Checkpoints;
  readonly keyValues: (namespace: string) => ListedKeyValues;
  readonly publish: (messages: readonly Message[]) => Promise<unknown>;
}

/** A job of which nothing more is heard is forgotten after this time, and so is one that has ended, ms. */
export const keptMs = 7 * 86_400_000;
/** In place of a job that was moved; it expires at once. */
const gone = '';

/**
 * Keeps the jobs on this disk, together with the events that were made of them: what was written ahead and may not be
 * published goes out again after a crash, under the same ids.
 */
export class JobStore {
  readonly #ahead;
  readonly #open: ListedKeyValues;
  readonly #ended: KeyValues;

  constructor({ checkpoints, keyValues, publish }: JobStoreOptions) {
    this.#ahead = writeAheadStore<readonly Job[]>('extractions', checkpoints, publish);
    this.#open = keyValues('extractions');
    this.#ended = keyValues('extractions.ended');
  }

  /** The jobs that have not ended, those that were heard of last first. */
  async load(limit: number): Promise<Job[]> {
    const last = await this.#ahead.load();
    if (last !== undefined) await this.#save(last);
    const values = await this.#open.values(limit);
    return values.filter(value => value !== gone).map(value => JSON.parse(value));
  }

  /** Those of them that are known. */
  async find(jobIds: readonly string[]): Promise<Map<string, Job>> {
    const [open, ended] = await Promise.all([this.#open.get(jobIds), this.#ended.get(jobIds)]);
    return new Map([...open, ...ended].map(([id, value]) => [id, JSON.parse(value) as Job]));
  }

  /** Durable and published when it resolves. The same may be committed again. @throws TransientError */
  async commit(jobs: readonly Job[], messages: readonly Message[]): Promise<void> {
    await this.#ahead.commit(messages, jobs);
    await this.#save(jobs);
  }

  async #save(jobs: readonly Job[]): Promise<void> {
    const open = jobs.filter(({ state }) => state !== 'ended');
    const ended = jobs.filter(({ state }) => state === 'ended');
    await this.#ended.put(
      ended.map(job => [job.jobId, JSON.stringify(endOf(job))] as const),
      keptMs,
    );
    await this.#open.put(
      open.map(job => [job.jobId, JSON.stringify(job)] as const),
      keptMs,
    );
    await this.#open.put(
      ended.map(({ jobId }) => [jobId, gone] as const),
      0,
    );
    // One that began anew has ended no more.
    const anew = open.filter(({ run }) => run > 1);
    await this.#ended.put(
      anew.map(({ jobId }) => [jobId, gone] as const),
      0,
    );
  }
}

/** What is worth keeping once it has ended. */
function endOf({ jobId, extractor, state, run, first, seen, attempts, retried, announced, unanswered }: Job): Job {
  return { jobId, extractor, state, run, first, seen, attempts, retried, announced, unanswered };
}
