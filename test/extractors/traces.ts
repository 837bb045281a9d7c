import { readFileSync } from 'node:fs';
import type { Trace } from '../../src/broker/rabbitmq/consume/trace-listener.js';
import { type Sighting, sightingOf } from '../../src/extractors/jobs/sighting.js';

interface Recorded {
  readonly routingKey: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** In the jobs that were recorded. */
export const secretKey = 'a-key-that-nobody-may-see';

/**
 * What RabbitMQ 3.10 copied of five jobs that an extractor of pyclowder 3.0.8 took: one that went well, one that
 * failed, one that failed once and was sent again, one that was skipped, and one as Clowder 2 sends it.
 */
export const recorded: readonly Trace[] = readFileSync('test/extractors/traces.ndjson', 'utf8')
  .trimEnd()
  .split('\n')
  .map(line => {
    const { routingKey, headers, body } = JSON.parse(line) as Recorded;
    return trace(routingKey, headers, body);
  });

export const jobIds = ['0', '1', '2', '3', '4'].map(digit => `65a89ee0a4bbe9b699ba4bf${digit}`);

export function trace(routingKey: string, headers: object, body: unknown): Trace {
  const content = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const rest = { content, redelivered: false, waited: false, direct: undefined, tag: 0 };
  return { routingKey, headers: headers as Trace['headers'], ...rest };
}

/** Those of one of the recorded jobs, in their order. */
export function sightingsOf(index: number): Sighting[] {
  return recorded
    .map(sightingOf)
    .filter(sighting => sighting !== undefined)
    .filter(({ job }) => job.jobId === jobIds[index]);
}
