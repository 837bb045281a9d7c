import { isDeepStrictEqual } from 'node:util';
import type { Job, JobEvent } from './job.js';
import type { Sighting } from './sighting.js';
import { keptMs } from './store.js';
import { type Moment, transition } from './transitions.js';

export interface Seen {
  readonly sighting: Sighting;
  readonly moment: Moment;
}

export interface Changes {
  readonly jobs: readonly Job[];
  readonly events: readonly JobEvent[];
}

/** Jobs that have not ended, as they stand. */
export interface JobCounts {
  readonly queued: number;
  readonly working: number;
  readonly stuck: number;
  /** The one of them that was heard of least recently. */
  readonly oldestStuck: Job | undefined;
}

export const maxOpenJobs = 50_000;
/** A sign of life that changes nothing else is noted this often, ms. */
const lifeMs = 60_000;

/**
 * The jobs that have not ended, in memory, as many as fit; those that do not fit, and those that have ended, are looked
 * up when they are heard of. Takes the time as an argument.
 */
export class Jobs {
  /** In the order in which they were last heard of. */
  readonly #open = new Map<string, Job>();
  readonly #find: (jobIds: readonly string[]) => Promise<ReadonlyMap<string, Job>>;
  readonly #stuckMs: number;
  /** What was last heard of before this moment may have ended unheard, epoch ms. */
  #missedAt: number;

  constructor(options: {
    readonly saved: readonly Job[];
    readonly find: (jobIds: readonly string[]) => Promise<ReadonlyMap<string, Job>>;
    /** Without a sign of life for this long, a job is stuck. */
    readonly stuckMs: number;
    /** As of an earlier `missed`. */
    readonly missedAt?: number;
  }) {
    this.#find = options.find;
    this.#missedAt = options.missedAt ?? 0;
    this.#stuckMs = options.stuckMs;
    for (const job of [...options.saved].sort((a, b) => a.seen - b.seen)) this.#keep(job);
  }

  /** What changes with these, in their order. @throws TransientError */
  async apply(all: readonly Seen[]): Promise<Changes> {
    const unknown = new Set(all.map(({ sighting }) => sighting.job.jobId).filter(id => !this.#open.has(id)));
    const found = new Map(unknown.size === 0 ? [] : await this.#find([...unknown]));
    const changed = new Map<string, Job>();
    const events: JobEvent[] = [];
    for (const { sighting, moment } of all) {
      const { jobId } = sighting.job;
      const known = changed.get(jobId) ?? this.#open.get(jobId) ?? found.get(jobId);
      const next = transition(known, sighting, moment);
      if (next === undefined || (next.events.length === 0 && isSame(known, next.job))) continue;
      changed.set(jobId, next.job);
      events.push(...next.events);
      this.#keep(next.job);
    }
    return { jobs: [...changed.values()], events };
  }

  /** Those that have shown no sign of life for too long; each is announced once. */
  overdue(now: number): Changes {
    const jobs: Job[] = [];
    for (const job of this.#open.values()) {
      if (now - job.seen <= this.#stuckMs) break;
      if (now - job.seen > keptMs || job.seen <= this.#missedAt || job.unanswered) this.#open.delete(job.jobId);
      else if (!job.announced.includes('stuck')) jobs.push({ ...job, announced: [...job.announced, 'stuck'] });
    }
    for (const job of jobs) this.#open.set(job.jobId, job);
    return { jobs, events: jobs.map(job => ({ type: 'stuck', job, at: now, message: silence(job, now) })) };
  }

  /** Nobody was listening for a while until now: a job that is open may have ended, and is not called stuck. */
  missed(now: number): void {
    this.#missedAt = now;
  }

  counts(now: number): JobCounts {
    const counts = { queued: 0, working: 0, stuck: 0 };
    let oldestStuck: Job | undefined;
    for (const job of this.#open.values()) {
      if (job.state !== 'ended') counts[job.state] += 1;
      if (!job.announced.includes('stuck') || now - job.seen <= this.#stuckMs) continue;
      counts.stuck += 1;
      oldestStuck ??= job;
    }
    return { ...counts, oldestStuck };
  }

  #keep(job: Job): void {
    this.#open.delete(job.jobId);
    if (job.state === 'ended') return;
    this.#open.set(job.jobId, job);
    const [oldest] = this.#open.keys();
    if (this.#open.size > maxOpenJobs && oldest !== undefined) this.#open.delete(oldest);
  }
}

/** But for a recent sign of life. */
function isSame(known: Job | undefined, next: Job): boolean {
  if (known === undefined || next.seen - known.seen >= lifeMs) return false;
  return isDeepStrictEqual({ ...known, seen: 0 }, { ...next, seen: 0 });
}

function silence({ state, seen }: Job, now: number): string {
  const minutes = Math.round((now - seen) / 60_000);
  return `${state === 'queued' ? 'Not taken by an extractor' : 'No word from its extractor'} for ${minutes} minutes`;
}
