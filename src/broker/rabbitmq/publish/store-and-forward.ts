import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.js';
import { TransientError, UnroutableError } from '../../../errors.js';
import type { Log } from '../../../log.js';
import type { Storage } from '../../../storage/storage.js';
import { UnderWay } from '../../../under-way.js';
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
import { Answers, type OutgoingPublication } from './outgoing-publication.js';
import { OwnChannels } from './own-channel.js';
import { isRefusal, type OnResult, type PublishResult } from './pending-confirms.js';
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

/** A longer publication goes by itself, so that short ones need not wait until all of it is sent. Messages. */
const maxShared = 100;

/** Publishes to the broker, and keeps in the outbox what the broker does not take. */
export class StoreAndForwardPublisher {
  readonly #options: StoreAndForwardOptions;
  readonly #publisher: ConfirmPublisher;
  readonly outbox: Outbox;
  readonly #sending = new UnderWay();
  readonly #apart: OwnChannels;
  #firstReady: () => void = () => {};
  /** Resolves when messages can be published for the first time. */
  readonly ready = new Promise<void>(resolve => {
    this.#firstReady = resolve;
  });

  constructor(options: StoreAndForwardOptions) {
    const { connection, clock, log, onMissing } = options;
    this.#options = options;
    this.#apart = new OwnChannels(options);
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
    const { errors } = this.#apart;
    const { error } = this.#publisher;
    return errors.length > 0 || error === undefined ? errors : [error];
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
    const isShort = ({ messages }: OutgoingPublication): boolean => messages.length <= maxShared;
    const short = publications.filter(isShort);
    if (short.length > 0) void this.#sending.during(() => this.#sendTogether(short));
    if (short.length === publications.length) return;
    for (const long of publications) if (!isShort(long)) void this.#sending.during(() => this.#sendTogether([long]));
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
    return this.#sending.during(() => this.#sendTo({ message, target }));
  }

  /**
   * To the broker, past the outbox: one result for each message, in their order, and never `rejected`. `onResult` hears
   * each of them when it is there: a message that the broker is silent about keeps no other from its result.
   * `maxMs`: how long a broker that is slow may take. Rejects only because of a defect.
   */
  async transmit(
    messages: readonly OutgoingMessage[],
    maxMs?: number,
    onResult: OnResult = () => {},
  ): Promise<readonly PublishResult[]> {
    const { exchange, exchangeReady, ledger } = this.#options;
    const results: PublishResult[] = messages.map(() => 'failed');
    const defects: unknown[] = [];
    const decide: OnResult = (index, result) => {
      results[index] = result;
      try {
        if (result === 'confirmed') ledger.confirmed(messages[index]!);
        onResult(index, result);
      } catch (error) {
        defects.push(error);
      }
    };
    const encoded = messages.map(message => {
      ledger.number(message);
      return encode(message, exchange, ledger.daemon);
    });
    const together: number[] = [];
    const apart: number[] = [];
    for (const [index, message] of encoded.entries()) {
      if (isRefused(message)) decide(index, message);
      else if (needsOwnChannel(messages[index]!) || this.#apart.refuses(message.exchange)) apart.push(index);
      else if (messages[index]!.target !== null || exchangeReady()) together.push(index);
      else decide(index, 'failed');
    }
    const sendable = together.map(index => encoded[index] as EncodedMessage);
    const rejected: number[] = [];
    const published = this.#publisher.publish(sendable, maxMs, (place, result) => {
      if (result === 'rejected') rejected.push(together[place]!);
      else decide(together[place]!, result);
    });
    for (const index of apart) decide(index, await this.#apart.publish(encoded[index] as EncodedMessage));
    await published;
    // The broker does not say which message it closed the channel for: each goes alone now, so that the others get
    // through.
    let answers = true;
    for (const index of rejected) {
      const message = encoded[index] as EncodedMessage;
      const result: PublishResult = answers ? await this.#apart.publish(message) : 'failed';
      answers &&= result !== 'failed' || this.#apart.refuses(message.exchange);
      decide(index, result);
    }
    if (defects.length > 0) throw defects[0];
    if (messages.some(({ target }, index) => results[index] === 'returned' && !target?.plain))
      this.#options.onMissing();
    return results;
  }

  /** Resolves when everything begun is at the broker or in the outbox. */
  async close(): Promise<void> {
    await this.#sending.ended();
    await this.outbox.close();
    await this.#publisher.close();
  }

  #onReady(isNewConnection: boolean): void {
    if (isNewConnection) this.#apart.forget();
    this.wake();
    if (isNewConnection) this.outbox.retryNow();
  }

  async #sendTogether(publications: readonly OutgoingPublication[]): Promise<void> {
    const keeping: Promise<unknown>[] = [];
    const answers = new Answers(publications, this.#options.log, (messages, results) => {
      const kept = this.#keepRest(messages, results);
      keeping.push(kept.catch(() => {}));
      return kept;
    });
    try {
      await this.transmit(answers.messages, undefined, (index, result) => answers.decide(index, result));
    } catch (defect) {
      answers.fail(defect);
    }
    await Promise.all(keeping);
  }

  async #keepRest(messages: readonly OutgoingMessage[], results: readonly PublishResult[]): Promise<void> {
    const left = messages.filter((_, index) => results[index] !== 'confirmed');
    await this.#keep(left, results.find(isRefusal)?.refused);
  }

  async #sendTo(message: OutgoingMessage): Promise<Durability> {
    const result = needsOwnChannel(message) ? await this.#sendApart(message) : (await this.transmit([message]))[0];
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

  /** @throws UnroutableError, SetupError */
  async #sendApart(message: OutgoingMessage): Promise<PublishResult> {
    const encoded = encode(message, this.#options.exchange);
    return isRefused(encoded) ? encoded : this.#apart.tryToPublish(encoded);
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
}

/** An exchange that is not ours may be missing, which closes the channel: nothing else should be on it. */
function needsOwnChannel({ target }: OutgoingMessage): boolean {
  return target !== null && target.exchange !== '';
}

function isRefused(message: EncodedMessage | Refusal): message is Refusal {
  return 'refused' in message;
}
