import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.js';
import { UnsupportedError } from '../../../errors.js';
import type { Log } from '../../../log.js';
import type { Storage } from '../../../storage/storage.js';
import type { Address, Durability } from '../../broker.js';
import type { Connection } from '../connection.js';
import { ConfirmPublisher } from './confirm-publisher.js';
import { Outbox } from './outbox.js';
import { encode, type OutgoingMessage, type Target } from './outgoing-message.js';
import { publishOnOwnChannel } from './own-channel.js';
import type { PublishResult } from './pending-confirms.js';

export interface StoreAndForwardOptions {
  readonly connection: Connection;
  readonly storage: Pick<Storage, 'write' | 'read' | 'atomically'>;
  /** The exchange of the events. */
  readonly exchange: string;
  readonly outboxBytes: number;
  /** The exchange is there: publishing to a missing one ends the channel. */
  readonly exchangeReady: () => boolean;
  /** The exchange, or a queue of ours, is not there. */
  readonly onMissing: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Publishes to the broker, and keeps in the outbox what the broker does not take. */
export class StoreAndForwardPublisher {
  readonly #options: StoreAndForwardOptions;
  readonly #publisher: ConfirmPublisher;
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
    this.#publisher = new ConfirmPublisher({
      connection,
      clock,
      log,
      onMissing,
      onReady: isNewConnection => this.#ready(isNewConnection),
    });
    this.#outbox = new Outbox({
      ...options,
      maxBytes: options.outboxBytes,
      ready: () => this.publishing,
      publish: messages => this.transmit(messages),
    });
  }

  /** Messages in the outbox. */
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

  /** To the broker, past the outbox: one result for each message, in their order. Never rejects. */
  async transmit(messages: readonly OutgoingMessage[]): Promise<readonly PublishResult[]> {
    const { exchange, exchangeReady } = this.#options;
    const results: PublishResult[] = messages.map(() => 'failed');
    const together: number[] = [];
    for (const [index, message] of messages.entries()) {
      if (needsOwnChannel(message))
        results[index] = await this.#onOwnChannel(message).catch((): PublishResult => 'returned');
      else if (message.target !== null || exchangeReady()) together.push(index);
    }
    const found = await this.#publisher.publish(together.map(index => encode(messages[index]!, exchange)));
    for (const [place, index] of together.entries()) results[index] = found[place]!;
    if (messages.some(({ target }, index) => results[index] === 'returned' && !target?.plain))
      this.#options.onMissing();
    return results;
  }

  /** Resolves when everything begun is at the broker or in the outbox. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#sending);
    await this.#outbox.close();
    await this.#publisher.close();
  }

  #ready(isNewConnection: boolean): void {
    this.wake();
    if (isNewConnection) this.#outbox.retryNow();
  }

  async #send(messages: readonly OutgoingMessage[]): Promise<Durability> {
    if (messages.length === 0) return 'broker';
    const results = await this.transmit(messages);
    const left = messages.filter((_, index) => results[index] !== 'confirmed');
    if (left.length === 0) return 'broker';
    await this.#outbox.put(left);
    return 'outbox';
  }

  async #sendTo(message: OutgoingMessage): Promise<Durability> {
    const [result] = needsOwnChannel(message) ? [await this.#onOwnChannel(message)] : await this.transmit([message]);
    if (result === 'confirmed') return 'broker';
    const { exchange, routingKey } = message.target!;
    if (result === 'returned')
      throw new UnsupportedError(
        exchange === ''
          ? `there is no queue called ${routingKey}`
          : `the exchange ${exchange} has no queue for the routing key "${routingKey}"`,
      );
    await this.#outbox.put([message]);
    return 'outbox';
  }

  async #onOwnChannel(message: OutgoingMessage): Promise<PublishResult> {
    const { connection, clock, exchange } = this.#options;
    const live = connection.now();
    if (live === undefined || connection.blocked !== undefined) return 'failed';
    return publishOnOwnChannel(live, encode(message, exchange), clock);
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

/** An exchange that is not ours may be missing, which closes the channel: nothing else should be on it. */
function needsOwnChannel({ target }: OutgoingMessage): boolean {
  return target !== null && target.exchange !== '';
}
