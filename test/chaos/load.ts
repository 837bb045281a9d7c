import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { TestDaemon } from '../helpers/daemon.js';
import type { Random } from '../helpers/random.js';
import type { EventMaker } from './events.js';
import type { Batch, SentRecord } from './record.js';

/** Long enough for any commit; a frozen daemon shows as no answer. */
const patienceMs = 6_000;

export interface LoadOptions {
  readonly daemon: TestDaemon;
  readonly maker: EventMaker;
  readonly record: SentRecord;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/**
 * A client that posts one batch after the other, in every form that the API takes, and tries a batch without a 202 again, as clients do.
 * Now and then it sends again what was accepted: the sinks must not show it.
 */
export async function post({ daemon, maker, record, random, signal }: LoadOptions): Promise<void> {
  const again: Batch[] = [];
  while (!signal.aborted) {
    const repeated = random.chance(0.3) ? again.shift() : undefined;
    const count = random.chance(0.2) ? 1 : random.integer(2, 30);
    const batch = repeated ?? record.add(Array.from({ length: count }, () => maker.make(Date.now())));
    const status = await send(daemon, batch, random, record);
    record.answered(batch, status);
    if (random.chance(status === 202 ? 0.03 : 0.7)) again.push(batch);
    await sleep(random.between(10, 100) + (status === 202 ? 0 : 100), undefined, { signal }).catch(() => undefined);
  }
}

/** The status; 0 when no answer came. */
async function send(daemon: TestDaemon, batch: Batch, random: Random, record: SentRecord): Promise<number> {
  const payloads = batch.events.map(({ payload }) => payload);
  const lines = random.chance(0.3);
  const text = lines
    ? payloads.map(payload => JSON.stringify(payload)).join('\n')
    : JSON.stringify(payloads.length === 1 && random.chance(0.5) ? payloads[0] : payloads);
  const packed = random.chance(0.3);
  try {
    const response = await daemon.request('/v1/events', {
      method: 'POST',
      headers: {
        'content-type': lines ? 'application/x-ndjson' : 'application/json',
        ...(packed ? { 'content-encoding': 'gzip' } : {}),
      },
      body: packed ? gzipSync(text) : text,
      signal: AbortSignal.timeout(patienceMs),
    });
    const answer = await response.text();
    if (response.status === 202) {
      const { ids } = JSON.parse(answer) as { ids: string[] };
      const wrong = ids.findIndex((id, index) => id !== batch.events[index]?.id);
      if (wrong !== -1 || ids.length !== batch.events.length)
        record.surprises.push(`a receipt with other ids: ${answer}`);
    } else if (response.status !== 503 || !(Number(response.headers.get('retry-after')) >= 1)) {
      record.surprises.push(`${response.status} to a good request: ${answer.slice(0, 500)}`);
    }
    return response.status;
  } catch {
    return 0;
  }
}
