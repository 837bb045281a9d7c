import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Receipt } from '../../openapi/api-types.js';
import type { TestDaemon } from '../helpers/daemon.js';
import type { Random } from '../helpers/random.js';
import type { EventMaker, SentEvent } from './events.js';
import type { Batch, SentRecord } from './record.js';

/** Long enough for any commit; a frozen daemon shows as no answer. */
const patienceMs = 6_000;

export interface LoadOptions {
  readonly daemon: TestDaemon;
  /** Another daemon than the one whose ledger is read. */
  readonly elsewhere: boolean;
  readonly maker: EventMaker;
  readonly record: SentRecord;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/**
 * A client that posts one batch after the other, in every form that the API takes: with ids, with an `Idempotency-Key`,
 * with neither, and equal ones. It tries a batch without a 202 again, as clients do; without identity, that makes new
 * events of what may be there already. Now and then it sends again what was accepted: the sinks must not show it, and
 * must show it again where nothing says that it is the same.
 */
export async function post({ daemon, elsewhere, maker, record, random, signal }: LoadOptions): Promise<void> {
  const again: Batch[] = [];
  while (!signal.aborted) {
    const repeated = random.chance(0.3) ? again.shift() : undefined;
    const batch = repeated ?? next(maker, record, random, elsewhere);
    const status = await send(daemon, batch, random, record);
    record.answered(batch, status);
    if (random.chance(status === 202 ? 0.03 : 0.7)) again.push(batch);
    await sleep(random.between(10, 100) + (status === 202 ? 0 : 100), undefined, { signal }).catch(() => undefined);
  }
}

function next(maker: EventMaker, record: SentRecord, random: Random, foreign: boolean): Batch {
  const count = random.chance(0.2) ? 1 : random.integer(2, 30);
  const times = (make: () => SentEvent): SentEvent[] => Array.from({ length: count }, () => ({ ...make(), foreign }));
  const kind = random.integer(1, 10);
  if (kind <= 6) return record.add(times(() => maker.make(Date.now())));
  if (kind === 7)
    return record.add(
      times(() => maker.make(Date.now(), 'key')),
      { key: maker.key() },
    );
  if (kind <= 9)
    return record.add(
      times(() => maker.make(Date.now(), 'none')),
      { identified: false },
    );
  return record.add(
    times(() => maker.equal()),
    { identified: false },
  );
}

/** The status; 0 when no answer came, -1 when nobody listened. */
async function send(daemon: TestDaemon, batch: Batch, random: Random, record: SentRecord): Promise<number> {
  const payloads = batch.events.map(({ payload }) => payload);
  const lines = random.chance(0.3);
  // A list of one has another id than that one alone: what is sent again under a key keeps its form.
  const oneByKey = payloads.length === 1 && batch.key !== undefined;
  const text = lines
    ? payloads.map(payload => JSON.stringify(payload)).join('\n')
    : JSON.stringify(payloads.length === 1 && (oneByKey || random.chance(0.5)) ? payloads[0] : payloads);
  const packed = random.chance(0.3);
  try {
    const response = await daemon.request('/v1/events', {
      method: 'POST',
      headers: {
        'content-type': lines ? 'application/x-ndjson' : 'application/json',
        ...(packed ? { 'content-encoding': 'gzip' } : {}),
        ...(batch.key === undefined ? {} : { 'idempotency-key': batch.key }),
      },
      body: packed ? gzipSync(text) : text,
      signal: AbortSignal.timeout(patienceMs),
    });
    const answer = await response.text();
    if (response.status === 202) {
      const { ids } = JSON.parse(answer) as Receipt;
      const wrong = ids.findIndex((id, index) => (batch.events[index]?.id ?? id) !== id);
      if (wrong !== -1 || ids.length !== batch.events.length)
        record.surprises.push(`a receipt with other ids: ${answer}`);
    } else if (response.status !== 503 || !(Number(response.headers.get('retry-after')) >= 1)) {
      record.surprises.push(`${response.status} to a good request: ${answer.slice(0, 500)}`);
    }
    return response.status;
  } catch (error) {
    return (error as { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED' ? -1 : 0;
  }
}
