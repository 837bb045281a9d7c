import type { Fields } from '../../events/event.js';
import type { Judged, Suppression } from '../../people/suppression.js';
import type { JobDetails } from './sighting.js';

/** What is known of one extraction. Kept as JSON. */
export interface Job extends JobDetails {
  readonly state: 'queued' | 'working' | 'ended';
  /** How often its message was put back into the queue by a person, after it had ended. */
  readonly run: number;
  /** Epoch ms; undefined where nobody was listening at that moment. */
  readonly queuedAt?: number;
  readonly workingAt?: number;
  /** When it was first and last heard of, epoch ms. */
  readonly first: number;
  readonly seen: number;
  /** How often an extractor has begun with it. */
  readonly attempts: number;
  /** Its extractor has sent it again. */
  readonly retried: boolean;
  /** Events that were made of it. */
  readonly announced: readonly JobEventType[];
  /** Its status is sent to nobody, so that its end cannot be seen. */
  readonly unanswered: boolean;
}

export type JobEventType = 'queued' | 'working' | 'done' | 'error' | 'stuck';

/** An event to be made. */
export interface JobEvent {
  readonly type: JobEventType;
  readonly job: Job;
  /** Epoch ms. */
  readonly at: number;
  readonly message: string;
  /** The extractor found nothing to do. */
  readonly skipped?: boolean;
  /** Epoch ms: the end, where it is known. */
  readonly endedAt?: number;
}

/** As it may be kept: without whoever asked for it, where that is a person who was erased. */
export function withoutErased(job: Job, suppression: Pick<Suppression, 'judge' | 'isEmpty'>): Job {
  if (suppression.isEmpty) return job;
  const { userId, userName, resourceName, ...rest } = job;
  const judge = (fields: Fields): Judged =>
    suppression.judge({
      ...{ id: job.jobId, created: job.first, category: 'extraction_status', type: undefined },
      ...{ source: 'extraction', received: job.seen, fields },
    });
  const isTheirs = judge({ user_id: userId, user_name: userName }) === 'theirs';
  const named = judge({ resource_name: resourceName });
  const name = named === 'theirs' ? undefined : named.fields.resource_name;
  if (!isTheirs && name === resourceName) return job;
  return {
    ...rest,
    ...(isTheirs || userId === undefined ? {} : { userId }),
    ...(isTheirs || userName === undefined ? {} : { userName }),
    ...(typeof name === 'string' ? { resourceName: name } : {}),
  };
}
