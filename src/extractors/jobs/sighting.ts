import { defaultExchangeKey, type Trace } from '../../broker/rabbitmq/consume/trace-listener.js';
import { redact } from '../../redact.js';

/** What a message of a job says of it. Whatever else is in that message, the key of its user above all, is not kept. */
export interface JobDetails {
  readonly jobId: string;
  readonly extractor: string;
  readonly resourceType?: string;
  readonly resourceId?: string;
  readonly resourceName?: string;
  readonly datasetId?: string;
  /** Bytes of the file. */
  readonly size?: number;
  readonly userId?: string;
  readonly userName?: string;
}

export type JobStatus = 'start' | 'processing' | 'done' | 'skip' | 'error' | 'retry';

/** What passed on the broker, of a job. */
export type Sighting =
  | {
      readonly kind: 'published';
      readonly job: JobDetails;
      /** The queue that it went to. */
      readonly queue: string;
      /** How often it was sent again by its extractor. */
      readonly retries: number;
      /** It says where its status should go. */
      readonly answered: boolean;
    }
  | {
      readonly kind: 'delivered';
      readonly job: JobDetails;
      readonly retries: number;
      readonly answered: boolean;
      /** It was handed out before. */
      readonly again: boolean;
    }
  /** Put aside by its extractor, into the queue of failed jobs. */
  | { readonly kind: 'failed'; readonly job: JobDetails }
  | { readonly kind: 'status'; readonly job: JobDetails; readonly status: JobStatus; readonly message?: string };

/** Jobs and their status are small; metadata may go along. */
const maxBytes = 1024 * 1024;
const maxName = 256;
const maxMessage = 1_000;
const errorPrefix = 'error.';
/** Both spellings of an id of a job begin so. */
const idStart = '"job';

/**
 * `StatusMessage.…` is pyclowder's, the words in capitals are other clients' and Clowder 2's.
 * pyclowder/utils.py, backend/app/models/listeners.py
 */
const statuses: Readonly<Record<string, JobStatus>> = {
  start: 'start',
  started: 'start',
  processing: 'processing',
  done: 'done',
  succeeded: 'done',
  skip: 'skip',
  skipped: 'skip',
  error: 'error',
  retry: 'retry',
  resubmitted: 'retry',
};

/** Undefined where a trace is not of a job. */
export function sightingOf({ routingKey, headers, content }: Trace): Sighting | undefined {
  if (content.length > maxBytes || !content.includes(idStart)) return undefined;
  const body = parsed(content);
  const jobId = name(body?.jobid) ?? name(body?.job_id);
  if (body === undefined || jobId === undefined) return undefined;
  const { reply_to: replyTo } = (headers.properties ?? {}) as Readonly<Record<string, unknown>>;
  const sent = { retries: count(body.retry_count) ?? 0, answered: name(replyTo) !== undefined };
  if (routingKey.startsWith('deliver.')) {
    const job = jobOf(body, jobId, routingKey.slice('deliver.'.length));
    return job && { kind: 'delivered', job, ...sent, again: Boolean(headers.redelivered) };
  }
  if (routingKey !== defaultExchangeKey) return undefined;
  const extractor = name(body.extractor_id);
  const status = statusOf(body);
  if (extractor !== undefined && status !== undefined) {
    const resourceId = name(body.file_id);
    const message = typeof body.message === 'string' ? textOf(body.message) : undefined;
    const job = { jobId, extractor, ...(resourceId === undefined ? {} : { resourceId }) };
    return { kind: 'status', job, status, ...(message === undefined ? {} : { message }) };
  }
  const [queue] = Array.isArray(headers.routed_queues) ? headers.routed_queues : [];
  if (typeof queue !== 'string') return undefined;
  if (queue.startsWith(errorPrefix)) {
    const failed = jobOf(body, jobId, queue.slice(errorPrefix.length));
    return failed && { kind: 'failed', job: failed };
  }
  const job = jobOf(body, jobId, queue);
  return job && { kind: 'published', job, queue, ...sent };
}

function parsed(content: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(content.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined without the address of a Clowder: every job has one. */
function jobOf(body: Readonly<Record<string, unknown>>, jobId: string, queue: string): JobDetails | undefined {
  if (name(body.host) === undefined) return undefined;
  const [resourceType, resourceId] = resourceOf(body);
  return given({
    jobId,
    extractor: extractorOf(queue),
    resourceType,
    resourceId,
    resourceName: name(body.filename) ?? name(body.datasetName),
    datasetId: name(body.datasetId),
    size: resourceType === 'file' ? count(body.fileSize) : undefined,
    userId: name(body.user_id),
    userName: name(body.user_name),
  });
}

/** As pyclowder finds it (connectors.py, `_build_resource`); Clowder 2 says it. */
function resourceOf(body: Readonly<Record<string, unknown>>): [type: string, id: string | undefined] {
  const id = name(body.id);
  const dataset = name(body.datasetId);
  const said = name(body.resource_type);
  if (said !== undefined) return [said, id ?? dataset];
  const event = typeof body.routing_key === 'string' ? body.routing_key : '';
  if (event.includes('.dataset.')) return ['dataset', dataset];
  if (event.includes('.file.')) return ['file', id];
  if (event.includes('.metadata.')) return [name(body.resourceType) ?? 'metadata', name(body.resourceId)];
  return id === dataset ? ['dataset', dataset] : ['file', id];
}

/** The queue of a private extractor is called `private.KEY.NAME`. */
function extractorOf(queue: string): string {
  return /^private\.[^.]+\.(.+)$/.exec(queue)?.[1] ?? queue;
}

/** By `message_type`, or the first word of the text that older clients send. */
function statusOf(body: Readonly<Record<string, unknown>>): JobStatus | undefined {
  for (const text of [body.message_type, body.status]) {
    const word =
      typeof text === 'string' ? /^(?:StatusMessage\.)?([A-Za-z]+)(?=:|$)/.exec(text)?.[1]?.toLowerCase() : undefined;
    if (word !== undefined && Object.hasOwn(statuses, word)) return statuses[word];
  }
  return undefined;
}

/** For people, and without the keys that addresses carry. */
function textOf(message: string): string {
  return redact(message.slice(0, 10 * maxMessage))
    .slice(0, maxMessage)
    .toWellFormed();
}

function name(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, maxName) : undefined;
}

/** Clowder 1 sends sizes as text. */
function count(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) && (number as number) >= 0 ? (number as number) : undefined;
}

function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
