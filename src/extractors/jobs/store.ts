import type { Message } from '../../events/message.js';
import { writeAheadStore } from '../../source-store.js';
import type { KeyValues } from '../../storage/key-values.js';
import type { Storage } from '../../storage/storage.js';
import type { Job } from './job.js';

export interface JobStoreOptions {
  readonly storage: Pick<Storage, 'checkpoints' | 'keyValues' | 'write'>;
  readonly publish: (messages: readonly Message[]) => Promise<unknown>;
}

/** A job of which nothing more is heard is forgotten after this time, and so is one that has ended, ms. */
export const keptMs = 7 * 86_400_000;
/** Jobs of each kind on the disk, at most: about 100 MB. */
const maxKept = 200_000;
/** Jobs written between two looks at how many there are. */
const trimEvery = 1_000;
const openJobs = 'extractions';
const endedJobs = 'extractions.ended';
/** In place of a job that has moved; it expires at once. */
const moved = '';

/**
 * Keeps the jobs on this disk, together with the events that were made of them: what was written ahead and may not be
 * published goes out again after a crash, under the same ids.
 */
export class JobStore {
  readonly #ahead;
  readonly #storage: JobStoreOptions['storage'];
  readonly #open: KeyValues;
  readonly #ended: KeyValues;
  #untrimmed = trimEvery;

  constructor({ storage, publish }: JobStoreOptions) {
    this.#ahead = writeAheadStore<readonly Job[]>('extractions', storage.checkpoints, publish);
    this.#storage = storage;
    this.#open = storage.keyValues(openJobs);
    this.#ended = storage.keyValues(endedJobs);
  }

  /** The jobs that have not ended, those that were heard of last first. */
  async load(limit: number): Promise<Job[]> {
    const last = await this.#ahead.load();
    if (last !== undefined) await this.#save(last);
    const newest = await this.#storage.write('findValues', { namespace: openJobs, limit });
    return newest.filter(([, value]) => value !== moved).map(([, value]) => JSON.parse(value));
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
    // One that began anew has ended no more.
    const anew = open.filter(({ run }) => run > 1);
    const rows = (all: readonly Job[], value: (job: Job) => string) => all.map(job => [job.jobId, value(job)] as const);
    await this.#ended.put(
      rows(ended, job => JSON.stringify(endOf(job))),
      keptMs,
    );
    await this.#open.put(rows(open, JSON.stringify), keptMs);
    await this.#open.put(
      rows(ended, () => moved),
      0,
    );
    await this.#ended.put(
      rows(anew, () => moved),
      0,
    );
    await this.#trim(jobs.length);
  }

  async #trim(written: number): Promise<void> {
    this.#untrimmed += written;
    if (this.#untrimmed < trimEvery) return;
    this.#untrimmed = 0;
    for (const namespace of [openJobs, endedJobs]) await this.#storage.write('trimValues', { namespace, max: maxKept });
  }
}

/** What is worth keeping once it has ended. */
function endOf({ jobId, extractor, state, run, first, seen, attempts, retried, announced, unanswered }: Job): Job {
  return { jobId, extractor, state, run, first, seen, attempts, retried, announced, unanswered };
}
