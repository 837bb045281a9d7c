import type { Clock } from '../../../clock.js';
import { CursorError, type Fault, TransientError, UnroutableError, UnsupportedError } from '../../../errors.js';
import type { Message } from '../../../events/message.js';
import { isEpochMs } from '../../../events/timestamp.js';
import type {
  DeadDelivery,
  DeadLetter,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterSelection,
  DeadLetterStore,
  DeadText,
  Delivery,
} from '../../broker.js';
import { deadLetterQueueName } from '../../queue-names.js';
import type { AmqpDelivery } from '../consume/delivery.js';
import { deadLetterHeaderNames as header } from '../headers.js';
import { type OutgoingMessage, toQueue } from '../publish/outgoing-message.js';
import { isRefusal, type PublishResult } from '../publish/pending-confirms.js';
import { deadLetterKey, PageBuilder } from './page.js';
import type { DeadLetterQueue, DeadMessage, Handled } from './queue.js';

export interface DeadLetterOptions {
  readonly queue: (sink: string) => DeadLetterQueue;
  /** Sinks that may have some, in the order in which they are listed. */
  readonly sinks: () => readonly string[];
  /** The queue that feeds a sink. */
  readonly feeds: (sink: string) => string;
  /** One result for each message, in their order. Never rejects. */
  readonly publish: (messages: readonly OutgoingMessage[]) => Promise<readonly PublishResult[]>;
  readonly clock: Clock;
}

/** Characters. All headers together may have 64 KiB, and a character may be 3 bytes. */
const maxReasonLength = 4_000;

/** A dead letter on its way to its queue. */
export function deadLetterMessage(sink: string, dead: DeadDelivery, now: number): OutgoingMessage {
  const target = { ...toQueue(deadLetterQueueName(sink)), headers: headersOf(sink, dead, now) };
  const { delivery, body } = dead;
  if (body !== undefined) return { message: withText(delivery, body), target };
  return { message: delivery, target, ...asItCame(delivery as AmqpDelivery) };
}

function headersOf(sink: string, { delivery, reason, fault, attempts }: DeadDelivery, deadAt: number) {
  return {
    [header.sink]: sink,
    [header.reason]: reason.slice(0, maxReasonLength),
    [header.fault]: fault,
    [header.attempts]: attempts,
    [header.firstSeen]: delivery.received,
    [header.deadAt]: deadAt,
  };
}

function withText({ id, source, received, redelivered, timestamp }: Delivery, body: string): Delivery {
  return { id, source, received, redelivered, body, ...(timestamp === undefined ? {} : { timestamp }) };
}

/** The same dead letter, as it was, with other texts. */
function rewritten(before: DeadLetter, from: AmqpDelivery, { body, reason }: DeadText): OutgoingMessage {
  const { sink, fault, attempts, firstSeen, deadAt } = before;
  const message = { ...withText(from, body), received: firstSeen };
  const headers = headersOf(sink, { delivery: message, reason, fault, attempts }, deadAt);
  const target = { ...toQueue(deadLetterQueueName(sink)), headers };
  return { message, target, ...(body === before.body ? asItCame(from) : {}) };
}

/** What a message needs beside its text to be published as it was. */
function asItCame({ bytes, contentEncoding }: AmqpDelivery) {
  return {
    ...(bytes === undefined ? {} : { bytes }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
  };
}

/** Dead letters in one queue for each sink. The key of one is made of its time of death and its id. */
export class AmqpDeadLetters implements DeadLetterStore {
  readonly #options: DeadLetterOptions;

  constructor(options: DeadLetterOptions) {
    this.#options = options;
  }

  /** The oldest thousand of each sink. */
  async list({ sink, limit, maxBytes, cursor }: DeadLetterQuery): Promise<DeadLetterPage> {
    const sinks = sink === undefined ? this.#options.sinks() : [sink];
    const start = cursor === undefined ? undefined : position(cursor, sinks);
    const deadLetters: DeadLetter[] = [];
    for (const name of sinks.slice(start?.index ?? 0)) {
      const after = name === start?.sink ? start.key : undefined;
      const page = new PageBuilder(limit - deadLetters.length, after, maxBytes);
      await this.#options.queue(name).read(dead => page.add(deadLetterOf(name, dead)));
      deadLetters.push(...page.deadLetters);
      if (page.more) return { deadLetters, nextCursor: cursorOf(name, page.deadLetters.at(-1)?.key) };
    }
    return { deadLetters, nextCursor: null };
  }

  async redrive({ sink, keys }: DeadLetterSelection): Promise<number> {
    const target = toQueue(this.#options.feeds(sink));
    const notTaken: PublishResult[] = [];
    const count = await this.#take(sink, keys, async deliveries => {
      const messages = deliveries.map(delivery => ({ message: delivery, target, ...asItCame(delivery) }));
      const results = await this.#options.publish(messages);
      notTaken.push(...results.filter(result => result !== 'confirmed'));
      return results.map(result => (result === 'confirmed' ? 'taken' : isRefusal(result) ? 'left' : 'stop'));
    });
    if (notTaken.includes('returned')) throw new UnsupportedError(`there is no queue called ${target.routingKey}`);
    const refusal = notTaken.find(isRefusal);
    if (refusal !== undefined)
      throw new UnroutableError(`some dead letters cannot be published: ${refusal.refused}; ${count} were re-driven`);
    if (notTaken.length > 0)
      throw new TransientError(`RabbitMQ did not take everything; ${count} dead letters were re-driven`);
    return count;
  }

  remove({ sink, keys }: DeadLetterSelection): Promise<number> {
    if (keys === undefined) return this.#options.queue(sink).purge();
    return this.#take(sink, keys, async deliveries => deliveries.map((): Handled => 'taken'));
  }

  count(sink: string): Promise<number> {
    return this.#options.queue(sink).count();
  }

  /** What is left of one goes to the end of its queue, and only then is it taken out. */
  async erase(sink: string, judge: (message: Message, reason: string) => DeadText | undefined) {
    const { publish, queue } = this.#options;
    const done = { erased: 0, changed: 0 };
    const chosen = new Map<AmqpDelivery, OutgoingMessage | undefined>();
    const choose = (dead: DeadMessage): boolean => {
      const { delivery } = dead;
      const before = deadLetterOf(sink, dead);
      const left = judge(delivery, before.reason);
      if (left?.body === before.body && left.reason === before.reason) return false;
      chosen.set(delivery, left === undefined ? undefined : rewritten(before, delivery, left));
      return true;
    };
    const handle = async (deliveries: readonly AmqpDelivery[]): Promise<readonly Handled[]> => {
      const changed = deliveries.flatMap(delivery => chosen.get(delivery) ?? []);
      const results = await publish(changed);
      if (results.some(result => result !== 'confirmed')) throw new TransientError('RabbitMQ did not take them back');
      done.changed += changed.length;
      done.erased += deliveries.length - changed.length;
      chosen.clear();
      return deliveries.map((): Handled => 'taken');
    };
    await queue(sink).take('all', choose, handle);
    return done;
  }

  /** Without keys: those that are there now, so that one which dies again meanwhile is not taken a second time. */
  #take(
    sink: string,
    keys: readonly string[] | undefined,
    handle: (deliveries: readonly AmqpDelivery[]) => Promise<readonly Handled[]>,
  ): Promise<number> {
    const queue = this.#options.queue(sink);
    const now = this.#options.clock.now();
    if (keys === undefined) return queue.take('all', dead => deadLetterOf(sink, dead).deadAt <= now, handle);
    const wanted = new Set(keys);
    return queue.take('oldest', dead => wanted.has(deadLetterOf(sink, dead).key), handle);
  }
}

const faults: ReadonlySet<unknown> = new Set<Fault>(['transient', 'setup', 'poison', 'bug']);

/** Anybody can put messages into the queue: headers of other types or values count as absent. */
function deadLetterOf(sink: string, { delivery, headers }: DeadMessage): DeadLetter {
  const { id, body, bytes, source, received } = delivery;
  const time = (value: unknown, otherwise: number): number => (isEpochMs(value) ? value : otherwise);
  const { [header.reason]: reason, [header.fault]: fault, [header.attempts]: attempts } = headers;
  const deadAt = time(headers[header.deadAt], 0);
  return {
    key: deadLetterKey(deadAt, id),
    sink,
    id,
    reason: typeof reason === 'string' ? printable(reason) : 'unknown: it was not put here by event-sink',
    fault: faults.has(fault) ? (fault as Fault) : 'poison',
    attempts: Number.isSafeInteger(attempts) && (attempts as number) >= 0 ? (attempts as number) : 0,
    firstSeen: time(headers[header.firstSeen], received),
    deadAt,
    body,
    ...(bytes === undefined ? {} : { bytes }),
    source,
  };
}

/** A reason is shown on terminals and in logs. */
function printable(text: string): string {
  return text.slice(0, maxReasonLength).replace(/\p{C}+/gu, ' ');
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
    // Not a cursor of ours.
  }
  throw new CursorError('the cursor is not one that a page of dead letters ended with');
}
