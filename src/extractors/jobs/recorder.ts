import type { Clock } from '../../clock.js';
import { toBroker, type Writes } from '../../delivery/writes.js';
import { describe } from '../../errors.js';
import type { Log } from '../../log.js';
import type { Suppression } from '../../people/suppression.js';
import { retryUntilDone } from '../../retry.js';
import { messageOf } from './event.js';
import { withoutErased } from './job.js';
import { type Changes, type JobCounts, Jobs, maxOpenJobs, type Seen } from './jobs.js';
import { JobStore, type JobStoreOptions } from './store.js';

export interface JobRecorderOptions extends JobStoreOptions {
  /** For the ids of the events: see events/identity.ts. */
  readonly idSecret: string;
  /** Without a sign of life for this long, a job is stuck. */
  readonly stuckMs: number;
  /** Whose jobs are kept without them, and whose events go nowhere. */
  readonly suppression: Pick<Suppression, 'clean' | 'judge' | 'isEmpty'>;
  /** Hears of what is on its way to the disk. */
  readonly writes: Pick<Writes, 'during'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Kept over a restart. */
interface Note {
  /** When somebody listened for the last time, epoch ms. */
  readonly heardAt: number;
  /** Since when there is no gap, epoch ms. */
  readonly missedAt: number;
}

const noteKey = 'extractions.heard';
/** How often it is noted that somebody listens, ms. */
const noteMs = 10 * 60_000;

/**
 * The jobs, and what becomes of them, durable and published before anybody goes on. Whatever fails is tried again until
 * the signal aborts; nothing rejects.
 */
export class JobRecorder {
  readonly #options: JobRecorderOptions;
  readonly #signal: AbortSignal;
  readonly #store: JobStore;
  #jobs: Jobs | undefined;
  #note: Note = { heardAt: 0, missedAt: 0 };

  constructor(options: JobRecorderOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#store = new JobStore(options);
  }

  /** When traces were last heard, epoch ms; 0 = never. */
  get heardAt(): number {
    return this.#note.heardAt;
  }

  /** False when the signal aborts first, as everywhere here. */
  load(): Promise<boolean> {
    const { storage, stuckMs } = this.#options;
    return this.#untilDone(async () => {
      const saved = await this.#store.load(maxOpenJobs);
      this.#note = (await storage.checkpoints.get<Note>(noteKey)) ?? this.#note;
      const find = (ids: readonly string[]) => this.#store.find(ids);
      this.#jobs = new Jobs({ saved, find, stuckMs, missedAt: this.#note.missedAt });
    });
  }

  async record(seen: readonly Seen[]): Promise<boolean> {
    const jobs = this.#jobs;
    if (jobs === undefined) return false;
    let changes: Changes | undefined;
    const applied = await this.#untilDone(async () => {
      changes = await jobs.apply(seen);
    });
    return applied && this.#commit(changes);
  }

  async recordStuck(): Promise<boolean> {
    return this.#commit(this.#jobs?.overdue(this.#options.clock.now()));
  }

  /** Traces are heard now. */
  async heard(): Promise<void> {
    const now = this.#options.clock.now();
    if (now - this.#note.heardAt >= noteMs) await this.#write({ ...this.#note, heardAt: now });
  }

  /** Nobody was listening for a while until now: a job that is open may have ended, and is not called stuck. */
  async missed(): Promise<void> {
    const now = this.#options.clock.now();
    this.#jobs?.missed(now);
    await this.#write({ ...this.#note, missedAt: now });
  }

  get counts(): JobCounts {
    return this.#jobs?.counts(this.#options.clock.now()) ?? { queued: 0, working: 0, stuck: 0, oldestStuck: undefined };
  }

  async #commit(changes: Changes | undefined): Promise<boolean> {
    if (changes === undefined || changes.jobs.length === 0) return true;
    const { idSecret, suppression, writes } = this.#options;
    const messages = changes.events.map(event => messageOf(event, idSecret));
    // In memory, a job goes on with whoever asked for it, so that its later events are known as theirs.
    const commit = (): Promise<void> => {
      const jobs = changes.jobs.map(job => withoutErased(job, suppression));
      return this.#store.commit(jobs, suppression.clean(messages));
    };
    return this.#untilDone(() => writes.during(toBroker, commit));
  }

  async #write(note: Note): Promise<void> {
    this.#note = note;
    await this.#untilDone(() => this.#options.storage.checkpoints.put(noteKey, note));
  }

  async #untilDone(work: () => Promise<unknown>): Promise<boolean> {
    const { clock, log } = this.#options;
    let done = false;
    const onError = (error: unknown, waitMs: number): void =>
      log.warn({ reason: describe(error), waitMs }, 'extractions.delayed');
    await retryUntilDone(
      async () => {
        await work();
        done = true;
      },
      { clock, signal: this.#signal, onError },
    );
    return done;
  }
}
