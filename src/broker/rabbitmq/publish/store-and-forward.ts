import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.js';
import { SetupError, TransientError, UnroutableError } from '../../../errors.js';
import type { Log } from '../../../log.js';
import type { Storage } from '../../../storage/storage.js';
import type { Address, Durability, MessageProperties } from '../../broker.js';
import type { Connection } from '../connection.js';
import { backgroundConfirmMs, ConfirmPublisher } from './confirm-publisher.js';
import { Outbox } from './outbox.js';
import {
  type EncodedMessage,
  encode,
  maxShortString,
  type OutgoingMessage,
  type Refusal,
  type Target,
} from './outgoing-message.js';
import type { OutgoingPublication } from './outgoing-publication.js';
import { publishOnOwnChannel } from './own-channel.js';
import { isRefusal, type PublishResult } from './pending-confirms.js';
import type { PublishLedger } from './publish-ledger.js';

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
  readonly ledger: PublishLedger;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Nothing is published to an exchange that the user may not use for this long, ms: each try
 * would end a channel that others use.
 */
const refusedExchangeMs = 10_000;

/** Publishes to the broker, and keeps in the outbox what the broker does not take. */
export class StoreAndForwardPublisher {
  readonly #options: StoreAndForwardOptions;
  readonly #publisher: ConfirmPublisher;
  readonly outbox: Outbox;
  readonly #sending = new Set<Promise<unknown>>();
  readonly #refusedExchanges = new Map<string, { readonly error: Error; readonly until: number }>();
  #firstReady: () => void = () => {};
  /** Resolves when messages can be published for the first time. */
  readonly ready = new Promise<void>(resolve => {
    this.#firstReady = resolve;
  });

  constructor(options: StoreAndForwardOptions) {
    const { connection, clock, log, onMissing } = options;
    this.#options = options;
    const onReady = (isNewConnection: boolean): void => this.#onReady(isNewConnection);
    this.#publisher = new ConfirmPublisher({ connection, clock, log, onMissing, onReady });
    this.outbox = new Outbox({
      ...options,
      maxBytes: options.outboxBytes,
      ready: () => this.publishing,
      publish: messages => this.transmit(messages, backgroundConfirmMs),
    });
  }

  /** Events go straight to the broker. */
  get publishing(): boolean {
    return this.#publisher.ready && this.#options.exchangeReady();
  }

  /** Why messages are not taken though the broker can be reached, as far as it has said so. */
  get errors(): Error[] {
    const refused = [...this.#refusedExchanges.values()].map(({ error }) => error);
    const { error } = this.#publisher;
    return refused.length > 0 || error === undefined ? refused : [error];
  }

  async open(): Promise<void> {
    await this.outbox.open();
    this.#publisher.open();
  }

  /** Something may have changed: the connection, or the exchange. */
  wake(): void {
    if (this.#options.connection.blocked !== undefined) this.#publisher.giveUpWaiting();
    if (!this.publishing) return;
    this.#firstReady();
    this.outbox.wake();
  }

  /**
   * Resolves when all are durable; others may have arrived when it rejects.
   * @throws TransientError when something can be kept nowhere, UnroutableError when it can never be published and there
   * is no outbox to keep it
   */
  send(messages: readonly OutgoingMessage[]): Promise<Durability> {
    return new Promise((accepted, failed) => this.sendAll([{ messages, accepted, failed }]));
  }

  /** As `send`, for many callers: together to the broker; what it does not take, each keeps by itself. */
  sendAll(publications: readonly OutgoingPublication[]): void {
    void this.#track(this.#sendAll(publications));
  }

  /**
   * To an exchange or a queue of somebody else's. @throws UnroutableError when there is none,
   * SetupError when it may not be used
   */
  async sendTo(
    address: Address,
    body: string,
    { messageId = randomUUID(), ...properties }: MessageProperties = {},
  ): Promise<Durability> {
    const place =
      'queue' in address
        ? { exchange: '', routingKey: address.queue }
        : { exchange: address.exchange, routingKey: address.routingKey };
    const target: Target = { ...place, plain: true, properties };
    const { replyTo = '', correlationId = '', contentType = '' } = properties;
    for (const text of [place.exchange, place.routingKey, messageId, replyTo, correlationId, contentType]) {
      if (Buffer.byteLength(text) > maxShortString)
        throw new UnroutableError(`names, routing keys, ids and types have at most ${maxShortString} bytes`);
    }
    const message = { id: messageId, body, source: 'http' as const, received: this.#options.clock.now() };
    return this.#track(this.#sendTo({ message, target }));
  }

  /**
   * To the broker, past the outbox: one result for each message, in their order, and never `rejected`. Never rejects.
   * `maxMs`: how long a broker that is slow may take.
   */
  async transmit(messages: readonly OutgoingMessage[], maxMs?: number): Promise<readonly PublishResult[]> {
    const { exchange, exchangeReady, ledger } = this.#options;
    const results: PublishResult[] = messages.map(() => 'failed');
    const encoded = messages.map(message => {
      ledger.number(message);
      return encode(message, exchange, ledger.daemon);
    });
    const together: number[] = [];
    for (const [index, message] of encoded.entries()) {
      if (isRefused(message)) results[index] = message;
      else if (needsOwnChannel(messages[index]!) || this.#refusedExchanges.has(message.exchange))
        results[index] = await this.#alone(message);
      else if (messages[index]!.target !== null || exchangeReady()) together.push(index);
    }
    const sendable = together.map(index => encoded[index] as EncodedMessage);
    const found = await this.#publisher.publish(sendable, maxMs);
    for (const [place, index] of together.entries()) results[index] = found[place]!;
    await this.#settleRejected(results, encoded);
    for (const [index, message] of messages.entries()) if (results[index] === 'confirmed') ledger.confirmed(message);
    if (messages.some(({ target }, index) => results[index] === 'returned' && !target?.plain))
      this.#options.onMissing();
    return results;
  }

  /** Resolves when everything begun is at the broker or in the outbox. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#sending);
    await this.outbox.close();
    await this.#publisher.close();
  }

  #onReady(isNewConnection: boolean): void {
    if (isNewConnection) this.#refusedExchanges.clear();
    this.wake();
    if (isNewConnection) this.outbox.retryNow();
  }

  async #sendAll(publications: readonly OutgoingPublication[]): Promise<void> {
    const transmitted = this.transmit(publications.flatMap(({ messages }) => messages));
    const results = await transmitted.catch((defect: unknown) => {
      for (const { failed } of publications) failed(defect);
    });
    if (results === undefined) return;
    const keeping: Promise<unknown>[] = [];
    let from = 0;
    for (const publication of publications) {
      const { messages, accepted, failed } = publication;
      const its = results.slice(from, from + messages.length);
      from += messages.length;
      if (its.every(result => result === 'confirmed')) accepted('broker');
      else keeping.push(this.#keepRest(messages, its).then(() => accepted('outbox'), failed));
    }
    await Promise.all(keeping);
  }

  async #keepRest(messages: readonly OutgoingMessage[], results: readonly PublishResult[]): Promise<void> {
    const left = messages.filter((_, index) => results[index] !== 'confirmed');
    await this.#keep(left, results.find(isRefusal)?.refused);
  }

  async #sendTo(message: OutgoingMessage): Promise<Durability> {
    const result = needsOwnChannel(message) ? await this.#publishAlone(message) : (await this.transmit([message]))[0];
    if (result === 'confirmed') return 'broker';
    const { exchange, routingKey } = message.target!;
    if (isRefusal(result)) throw new UnroutableError(`the message cannot be published: ${result.refused}`);
    if (result === 'returned')
      throw new UnroutableError(
        exchange === ''
          ? `there is no queue called ${routingKey}`
          : `the exchange ${exchange} has no queue for the routing key "${routingKey}"`,
      );
    await this.#keep([message], undefined);
    return 'outbox';
  }

  /**
   * In the outbox. What can never be published waits there too, set aside; without an outbox
   * that is nobody's outage, and said so.
   */
  async #keep(messages: readonly OutgoingMessage[], refused: string | undefined): Promise<void> {
    const { outboxBytes } = this.#options;
    if (outboxBytes > 0) return this.outbox.put(messages);
    if (refused !== undefined) throw new UnroutableError(`the message cannot be published: ${refused}`);
    const [error] = this.errors;
    const because = error === undefined ? '' : `: ${error.message}`;
    throw new TransientError(`RabbitMQ takes no messages now, and there is no outbox (OUTBOX_MAX_MB=0)${because}`);
  }

  /**
   * The broker does not say which message it closed the channel for: each goes alone
   * now, so that the others get through.
   */
  async #settleRejected(results: PublishResult[], encoded: readonly (EncodedMessage | Refusal)[]): Promise<void> {
    let answers = true;
    for (const [index, result] of results.entries()) {
      if (result !== 'rejected') continue;
      const message = encoded[index] as EncodedMessage;
      results[index] = answers ? await this.#alone(message) : 'failed';
      answers &&= results[index] !== 'failed' || this.#refusedExchanges.has(message.exchange);
    }
  }

  /** On a channel of its own. @throws UnroutableError, SetupError */
  async #publishAlone(message: OutgoingMessage): Promise<PublishResult> {
    const { connection, clock, exchange } = this.#options;
    const encoded = encode(message, exchange);
    if (isRefused(encoded)) return encoded;
    const live = connection.now();
    if (live === undefined || connection.blocked !== undefined) return 'failed';
    return publishOnOwnChannel(live, encoded, clock);
  }

  /**
   * On a channel of its own. Never rejects: what the exchange does not let through has
   * failed, and is not tried again at once.
   */
  async #alone(message: EncodedMessage): Promise<PublishResult> {
    const { connection, clock } = this.#options;
    const live = connection.now();
    const refused = this.#refusedExchanges.get(message.exchange);
    if (live === undefined || connection.blocked !== undefined) return 'failed';
    if (refused !== undefined && clock.monotonic() < refused.until) return 'failed';
    try {
      const result = await publishOnOwnChannel(live, message, clock);
      this.#refusedExchanges.delete(message.exchange);
      return result;
    } catch (error) {
      if (error instanceof UnroutableError) return 'returned';
      if (error instanceof SetupError)
        this.#refusedExchanges.set(message.exchange, { error, until: clock.monotonic() + refusedExchangeMs });
      return 'failed';
    }
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

function isRefused(message: EncodedMessage | Refusal): message is Refusal {
  return 'refused' in message;
}
