import type { Check } from './check.js';
import { bytesOfFile, dataset, file, known } from './content.js';
import type { Site } from './site.js';

export const queue = 'ncsa.sample';
const replies = 'clowder.replies';

let jobs = 0;

/** A job as Clowder 2 sends it; what the extractor does with it follows from the name. */
function job(filename: string) {
  jobs += 1;
  const job_id = (0x7000_0000 + jobs).toString(16).padEnd(24, '0');
  const common = { host: 'http://clowder.example.org', secretKey: 'of-a-user', id: file, datasetId: dataset };
  const more = { resource_type: 'file', retry_count: 0, parameters: {}, routing_key: `extractors.${queue}`, flags: '' };
  return { ...common, ...more, job_id, filename, fileSize: bytesOfFile };
}

const seconds = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value < 100;

/** What happens to the jobs of a real extractor. */
export function fromExtractors({ channel, post }: Site): Record<string, Check> {
  const followed =
    (type: string, filename: string, own: Readonly<Record<string, unknown>>, overHttp = false): Check =>
    async () => {
      const message = job(filename);
      await channel.assertQueue(replies, { durable: true });
      const properties = { reply_to: replies, content_type: 'application/json', persistent: false };
      if (overHttp) await post('/v1/publish', { queue, message, properties });
      else channel.sendToQueue(queue, Buffer.from(JSON.stringify(message)), { replyTo: replies });
      const { author_id, ...names } = known;
      const ofJob = { extractor_name: queue, job_id: message.job_id, resource_type: 'file', resource_id: file };
      const values = { ...ofJob, ...names, author_id, resource_name: filename, ...own };
      return { fits: event => event.type === type && event.job_id === message.job_id, source: 'extraction', values };
    };
  const ended = { waiting_seconds: seconds, working_seconds: seconds, attempts: 1 };
  return {
    'extractions: queued': followed('queued', 'plain-1.tif', { message: /./, size: bytesOfFile }),
    'extractions: working, with its message': followed('working', 'plain-2.tif', {
      message: /./,
      waiting_seconds: seconds,
    }),
    'extractions: done, with its message': followed('done', 'plain-3.tif', { message: /./, ...ended }),
    'extractions: failed, with its message': followed('error', 'abort-4.tif', { message: /./, ...ended }),
    'jobs sent to extractors as Clowder sends them': followed('done', 'plain-5.tif', { message: /./, ...ended }, true),
  };
}
