import type { Job, JobEvent, JobEventType } from './job.js';
import type { JobStatus, Sighting } from './sighting.js';

/** When something passed on the broker. */
export interface Moment {
  /** Epoch ms: when it came here. */
  readonly at: number;
  /** It came here when it happened: nothing had kept it waiting. */
  readonly timed: boolean;
  /** It was never here before, as far as the broker knows. */
  readonly fresh: boolean;
}

export interface Transition {
  readonly job: Job;
  readonly events: readonly JobEvent[];
}

/** Connections overtake one another by this much at most, ms: a status may be seen before its job. */
const reorderMs = 10_000;

const words: Readonly<Record<'queued' | 'working' | 'done' | 'error', string>> = {
  queued: 'Waiting for an extractor',
  working: 'An extractor has begun',
  done: 'Done',
  error: 'The extractor has put it aside',
};

/**
 * What becomes of a job with what was seen of it.
 *
 * queued → working → ended, and never back. A job may first be seen in any of them. It makes one event `queued`, one
 * `working` and one of `done` and `error`, whatever is seen twice, late or in another order. Being handed out again
 * after its extractor was lost, or sent again by its extractor, is a further attempt of the same extraction. A job that
 * its extractor skips is done. Only a message that somebody puts back into the queue after the end begins anew.
 */
export function transition(known: Job | undefined, sighting: Sighting, moment: Moment): Transition | undefined {
  const job = merged(known, sighting, moment);
  switch (sighting.kind) {
    case 'published':
      return published(known, job, sighting, moment);
    case 'delivered':
      return delivered(job, sighting, moment);
    case 'failed':
      return ended(job, 'error', words.error, moment);
    case 'status':
      return said(job, sighting.status, sighting.message, moment);
  }
}

type Published = Extract<Sighting, { kind: 'published' }>;
type Delivered = Extract<Sighting, { kind: 'delivered' }>;

function published(known: Job | undefined, job: Job, sighting: Published, moment: Moment): Transition | undefined {
  const { retries } = sighting;
  const { at, timed, fresh } = moment;
  const queued = timed && retries === 0 ? { ...job, queuedAt: at } : job;
  const attempts = Math.max(job.attempts, retries + 1);
  if (known === undefined)
    return announced({ ...queued, attempts, retried: retries > 0 }, retries > 0 ? [] : ['queued'], at);
  if (known.state === 'ended' && at - known.seen > reorderMs) {
    if (!fresh) return undefined;
    const anew = { ...merged(undefined, sighting, moment), run: known.run + 1 };
    return announced(timed ? { ...anew, queuedAt: at } : anew, ['queued'], at);
  }
  const late = retries === 0 && !known.retried && at - known.first <= reorderMs;
  if (late && !known.announced.includes('queued')) return announced(job, ['queued'], at);
  if (known.state === 'ended') return undefined;
  return { job: { ...job, attempts, retried: job.retried || retries > 0 }, events: [] };
}

function delivered(job: Job, { retries, again }: Delivered, moment: Moment): Transition | undefined {
  if (job.state === 'ended') return undefined;
  const attempts = Math.max(job.attempts + (again ? 1 : 0), retries + 1);
  return working({ ...job, attempts, retried: job.retried || again || retries > 0 }, words.working, moment);
}

function said(job: Job, status: JobStatus, message: string | undefined, moment: Moment): Transition | undefined {
  if (job.state === 'ended') return undefined;
  switch (status) {
    case 'start':
    case 'processing':
      return working(job, message ?? words.working, moment);
    case 'retry':
      return working({ ...job, attempts: job.attempts + 1, retried: true }, message ?? words.working, moment);
    case 'done':
      return ended(job, 'done', message ?? words.done, moment);
    case 'skip':
      return ended(job, 'done', message ?? words.done, moment, true);
    case 'error':
      return ended(job, 'error', message ?? words.error, moment);
  }
}

/** A further attempt of a job that was never heard of: whoever listened before has made the event. */
function working(job: Job, message: string, { at, timed }: Moment): Transition {
  if (job.state === 'working') return { job, events: [] };
  if (job.retried && job.announced.length === 0) return { job: { ...job, state: 'working' }, events: [] };
  return announced({ ...job, state: 'working', ...(timed ? { workingAt: at } : {}) }, ['working'], at, message);
}

/** One that was seen in the queue, and never at work, has been there in between. */
function ended(job: Job, type: 'done' | 'error', message: string, { at, timed }: Moment, skipped = false) {
  if (job.state === 'ended') return undefined;
  const before: JobEventType[] =
    job.announced.includes('queued') && !job.announced.includes('working') ? ['working'] : [];
  const now: Job = { ...job, state: 'ended', announced: [...job.announced, ...before, type] };
  const end: JobEvent = {
    type,
    job: now,
    at,
    message,
    ...(skipped ? { skipped } : {}),
    ...(timed ? { endedAt: at } : {}),
  };
  return { job: now, events: [...before.map(one => ({ type: one, job: now, at, message: words.working })), end] };
}

function announced(job: Job, types: readonly ('queued' | 'working')[], at: number, message?: string): Transition {
  const now: Job = { ...job, announced: [...new Set([...job.announced, ...types])] };
  const fresh = types.filter(type => !job.announced.includes(type));
  return { job: now, events: fresh.map(type => ({ type, job: now, at, message: message ?? words[type] })) };
}

/** What was known first stays: a status knows less than its job. */
function merged(known: Job | undefined, sighting: Sighting, { at }: Moment): Job {
  const unanswered = 'answered' in sighting && !sighting.answered;
  if (known === undefined) return { ...sighting.job, ...begun(at), state: 'queued', run: 1, unanswered };
  return { ...sighting.job, ...known, seen: at };
}

function begun(at: number) {
  return { first: at, seen: at, attempts: 1, retried: false, announced: [] } as const;
}
