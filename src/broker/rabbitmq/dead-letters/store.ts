import type { Clock } from '../../../clock.js';
import { CursorError, type Fault, TransientError, UnsupportedError } from '../../../errors.js';
import type {
  DeadDelivery,
  DeadLetter,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterSelection,
  DeadLetterStore,
} from '../../broker.js';
import type { AmqpDelivery } from '../consume/delivery.js';
import * as header from '../headers.js';
import { type OutgoingMessage, toQueue } from '../publish/outgoing-message.js';
import type { Verdict } from '../publish/pending-confirms.js';
import { deadLetterQueue } from '../topology/declare.js';
import { deadLetterKey, PageBuilder } from './page.js';
import type { DeadLetterQueue, DeadMessage } from './queue.js';

export interface DeadLetterOptions {
  readonly queue: (sink: string) => DeadLetterQueue;
  /** Sinks that may have some, in the order in which they are listed. */
  readonly sinks: () => readonly string[];
  /** The queue that feeds a sink. */
  readonly feeds: (sink: string) => string;
  /** One verdict a parcel. Never rejects. */
  readonly publish: (parcels: readonly OutgoingMessage[]) => Promise<readonly Verdict[]>;
  readonly clock: Clock;
}

/** A dead letter on its way to its queue. */
export function deadLetterMessage(
  sink: string,
  { delivery, reason, fault, attempts }: DeadDelivery,
  now: number,
): OutgoingMessage {
  const { bytes } = delivery as AmqpDelivery;
  const headers = {
    [header.SINK]: sink,
    // All headers together may have 64 KiB.
    [header.REASON]: reason.slice(0, 4_000),
    [header.FAULT]: fault,
    [header.ATTEMPTS]: attempts,
    [header.FIRST_SEEN]: delivery.received,
    [header.DEAD_AT]: now,
  };
  const target = { ...toQueue(deadLetterQueue(sink)), headers };
  return { message: delivery, target, ...(bytes === undefined ? {} : { bytes }) };
}

/** Dead letters in one queue a sink. The key of one is made of its id and of when it died. */
export class AmqpDeadLetters implements DeadLetterStore {
  readonly #options: DeadLetterOptions;

  constructor(options: DeadLetterOptions) {
    this.#options = options;
  }

  /** Of each sink the oldest thousand. */
  async list({ sink, limit, cursor }: DeadLetterQuery): Promise<DeadLetterPage> {
    const sinks = sink === undefined ? this.#options.sinks() : [sink];
    const start = cursor === undefined ? undefined : position(cursor, sinks);
    const deadLetters: DeadLetter[] = [];
    for (const name of sinks.slice(start?.index ?? 0)) {
      const after = name === start?.sink ? start.key : undefined;
      const page = new PageBuilder(limit - deadLetters.length, after);
      await this.#options.queue(name).read(dead => page.add(deadLetterOf(name, dead)));
      deadLetters.push(...page.deadLetters);
      if (page.more) return { deadLetters, nextCursor: cursorOf(name, page.deadLetters.at(-1)?.key) };
    }
    return { deadLetters, nextCursor: null };
  }

  async redrive({ sink, keys }: DeadLetterSelection): Promise<number> {
    const target = toQueue(this.#options.feeds(sink));
    let refused: readonly Verdict[] = [];
    const count = await this.#take(sink, keys, async deliveries => {
      const parcels = deliveries.map(delivery => ({
        message: delivery,
        target,
        ...(delivery.bytes === undefined ? {} : { bytes: delivery.bytes }),
      }));
      const verdicts = await this.#options.publish(parcels);
      refused = verdicts.filter(verdict => verdict !== 'confirmed');
      return verdicts.map(verdict => verdict === 'confirmed');
    });
    if (refused.includes('returned')) throw new UnsupportedError(`there is no queue called ${target.routingKey}`);
    if (refused.length > 0)
      throw new TransientError(`RabbitMQ did not take everything; ${count} dead letters were re-driven`);
    return count;
  }

  remove({ sink, keys }: DeadLetterSelection): Promise<number> {
    if (keys === undefined) return this.#options.queue(sink).purge();
    return this.#take(sink, keys, async deliveries => deliveries.map(() => true));
  }

  count(sink: string): Promise<number> {
    return this.#options.queue(sink).count();
  }

  /** Without keys: those that are there now, so that one that dies again meanwhile is not met again. */
  #take(
    sink: string,
    keys: readonly string[] | undefined,
    handle: (deliveries: readonly AmqpDelivery[]) => Promise<readonly boolean[]>,
  ): Promise<number> {
    const queue = this.#options.queue(sink);
    const now = this.#options.clock.now();
    if (keys === undefined) return queue.take('all', dead => deadLetterOf(sink, dead).deadAt <= now, handle);
    const wanted = new Set(keys);
    return queue.take('oldest', dead => wanted.has(deadLetterOf(sink, dead).key), handle);
  }
}

function deadLetterOf(sink: string, { delivery, headers }: DeadMessage): DeadLetter {
  const { id, body, source, received } = delivery;
  const number = (name: string, otherwise: number): number => {
    const value = headers[name];
    return typeof value === 'number' ? value : otherwise;
  };
  const deadAt = number(header.DEAD_AT, 0);
  return {
    key: deadLetterKey(deadAt, id),
    sink,
    id,
    reason: String(headers[header.REASON] ?? 'unknown: it was not put here by event-sink'),
    fault: (headers[header.FAULT] as Fault | undefined) ?? 'poison',
    attempts: number(header.ATTEMPTS, 0),
    firstSeen: number(header.FIRST_SEEN, received),
    deadAt,
    body,
    source,
  };
}

function cursorOf(sink: string, key: string | undefined): string {
  return Buffer.from(JSON.stringify([sink, key])).toString('base64url');
}

function position(cursor: string, sinks: readonly string[]) {
  try {
    const [sink, key] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown];
    const index = sinks.indexOf(sink as string);
    if (index >= 0) return { index, sink: sinks[index], key: typeof key === 'string' ? key : undefined };
  } catch {
    // Told below.
  }
  throw new CursorError('the cursor is none that a page of dead letters ended with');
}
