import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.js';
import { UnsupportedError } from '../../../errors.js';
import type { Log } from '../../../log.js';
import type { Storage } from '../../../storage/storage.js';
import type { Address, Durability } from '../../broker.js';
import type { Connection } from '../connection.js';
import { Publisher } from './confirm-publisher.js';
import { Outbox } from './outbox.js';
import { encode, type OutgoingMessage, type Target } from './outgoing-message.js';
import type { Verdict } from './pending-confirms.js';
import { publishAlone } from './publish-alone.js';

export interface StoreAndForwardOptions {
  readonly connection: Connection;
  readonly storage: Pick<Storage, 'write' | 'read' | 'atomically'>;
  /** Of the events. */
  readonly exchange: string;
  readonly outboxBytes: number;
  /** The exchange is there: publishing to one that is not ends the channel. */
  readonly exchangeReady: () => boolean;
  /** The exchange, or a queue of ours, is not there. */
  readonly onMissing: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** The way out: to the broker, and what that does not take, to the outbox. */
export class StoreAndForwardPublisher {
  readonly #options: StoreAndForwardOptions;
  readonly #publisher: Publisher;
  readonly #outbox: Outbox;
  readonly #sending = new Set<Promise<unknown>>();
  #firstReady: () => void = () => {};
  /** Resolves when messages can be published for the first time. */
  readonly ready = new Promise<void>(resolve => {
    this.#firstReady = resolve;
  });

  constructor(options: StoreAndForwardOptions) {
    const { connection, clock, log, onMissing } = options;
    this.#options = options;
    this.#publisher = new Publisher({ connection, clock, log, onMissing, onReady: anew => this.#ready(anew) });
    this.#outbox = new Outbox({
      ...options,
      maxBytes: options.outboxBytes,
      ready: () => this.publishing,
      publish: messages => this.transmit(messages),
    });
  }

  /** Waiting in the outbox. */
  get waiting(): number {
    return this.#outbox.count;
  }

  /** Events go straight to the broker. */
  get publishing(): boolean {
    return this.#publisher.ready && this.#options.exchangeReady();
  }

  async open(): Promise<void> {
    await this.#outbox.open();
    this.#publisher.open();
  }

  /** Something may have changed: the connection, or the exchange. */
  wake(): void {
    if (this.#options.connection.blocked !== undefined) this.#publisher.giveUpWaiting();
    if (!this.publishing) return;
    this.#firstReady();
    this.#outbox.wake();
  }

  /** Resolves when all are durable. @throws TransientError when something can be kept nowhere; others may have arrived then */
  send(messages: readonly OutgoingMessage[]): Promise<Durability> {
    return this.#track(this.#send(messages));
  }

  /** To an exchange or a queue of somebody else's. @throws UnsupportedError when there is none, SetupError when it may not be used */
  sendTo(address: Address, body: string, messageId: string = randomUUID()): Promise<Durability> {
    const target: Target =
      'queue' in address
        ? { exchange: '', routingKey: address.queue, plain: true }
        : { exchange: address.exchange, routingKey: address.routingKey, plain: true };
    for (const name of [target.exchange, target.routingKey, messageId]) {
      if (Buffer.byteLength(name) > 255)
        throw new UnsupportedError('names, routing keys and message ids have 255 bytes at most');
    }
    const message = { id: messageId, body, source: 'http' as const, received: this.#options.clock.now() };
    return this.#track(this.#sendTo({ message, target }));
  }

  /** To the broker alone; one verdict a parcel. Never rejects. */
  async transmit(messages: readonly OutgoingMessage[]): Promise<readonly Verdict[]> {
    const { exchange, exchangeReady } = this.#options;
    const verdicts: Verdict[] = messages.map(() => 'failed');
    const together: number[] = [];
    for (const [index, message] of messages.entries()) {
      if (isAlone(message)) verdicts[index] = await this.#alone(message).catch((): Verdict => 'returned');
      else if (message.target !== null || exchangeReady()) together.push(index);
    }
    const found = await this.#publisher.publish(together.map(index => encode(messages[index]!, exchange)));
    for (const [place, index] of together.entries()) verdicts[index] = found[place]!;
    if (messages.some(({ target }, index) => verdicts[index] === 'returned' && !target?.plain))
      this.#options.onMissing();
    return verdicts;
  }

  /** What was begun is on its way, or in the outbox. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#sending);
    await this.#outbox.close();
    await this.#publisher.close();
  }

  #ready(anew: boolean): void {
    this.wake();
    if (anew) this.#outbox.hurry();
  }

  async #send(messages: readonly OutgoingMessage[]): Promise<Durability> {
    if (messages.length === 0) return 'broker';
    const verdicts = await this.transmit(messages);
    const left = messages.filter((_, index) => verdicts[index] !== 'confirmed');
    if (left.length === 0) return 'broker';
    await this.#outbox.put(left);
    return 'outbox';
  }

  async #sendTo(message: OutgoingMessage): Promise<Durability> {
    const [verdict] = isAlone(message) ? [await this.#alone(message)] : await this.transmit([message]);
    if (verdict === 'confirmed') return 'broker';
    const { exchange, routingKey } = message.target!;
    if (verdict === 'returned')
      throw new UnsupportedError(
        exchange === ''
          ? `there is no queue called ${routingKey}`
          : `the exchange ${exchange} has no queue for the routing key "${routingKey}"`,
      );
    await this.#outbox.put([message]);
    return 'outbox';
  }

  async #alone(message: OutgoingMessage): Promise<Verdict> {
    const { connection, clock, exchange } = this.#options;
    const live = connection.now();
    if (live === undefined || connection.blocked !== undefined) return 'failed';
    return publishAlone(live, encode(message, exchange), clock);
  }

  async #track<Result>(work: Promise<Result>): Promise<Result> {
    this.#sending.add(work);
    try {
      return await work;
    } finally {
      this.#sending.delete(work);
    }
  }
}

/** To an exchange that we know nothing about. */
function isAlone({ target }: OutgoingMessage): boolean {
  return target !== null && target.exchange !== '';
}
