import { keyedHash, timedId } from '../../events/identity.js';
import type { Message } from '../../events/message.js';
import type { JobEvent } from './job.js';

/** The same event of the same job has the same id, whichever daemon makes it, if they share ID_SECRET. */
export function messageOf(event: JobEvent, idSecret: string): Message {
  const { type, job, at, message } = event;
  const body = {
    category: 'extraction_status',
    type,
    extractor_name: job.extractor,
    job_id: job.jobId,
    resource_type: job.resourceType,
    resource_id: job.resourceId,
    resource_name: job.resourceName,
    file_id: job.resourceType === 'file' ? job.resourceId : undefined,
    dataset_id: job.datasetId,
    size: type === 'queued' ? job.size : undefined,
    user_id: job.userId,
    user_name: job.userName,
    message,
    waiting_seconds: type === 'queued' ? undefined : secondsBetween(job.queuedAt, job.workingAt),
    working_seconds: secondsBetween(job.workingAt, event.endedAt),
    attempts: type === 'queued' || type === 'working' ? undefined : job.attempts,
    skipped: event.skipped,
    created: at,
  };
  const hash = keyedHash(idSecret, 'extraction', job.jobId, job.run, type);
  const made = timeOf(job.jobId);
  const id = made === undefined ? hash : timedId(made, hash);
  return { id, body: JSON.stringify(body), source: 'extraction', received: at };
}

/** Undefined where one of the two moments is not known. */
function secondsBetween(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : Math.max(0, to - from) / 1_000;
}

/** When an id of MongoDB's was made, epoch ms: what Clowder gives its jobs. Undefined for any other. */
function timeOf(jobId: string): number | undefined {
  return /^[0-9a-f]{24}$/i.test(jobId) ? Number.parseInt(jobId.slice(0, 8), 16) * 1_000 : undefined;
}
