import type { ConfirmChannel } from 'amqplib';
import { backoff } from '../../../backoff.js';
import { type Clock, Timer } from '../../../clock.js';
import { describe } from '../../../errors.js';
import type { Log } from '../../../log.js';
import { untilAborted } from '../../../retry.js';
import { closeChannel } from '../channel.js';
import type { Connection, Live } from '../connection.js';
import { replyCode } from '../errors.js';
import type { EncodedMessage } from './outgoing-message.js';
import { PendingConfirms, type Verdict } from './pending-confirms.js';

export interface PublisherOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Log;
  /** Messages can be published from now on; `anew` when the connection is a new one. */
  readonly onReady: (anew: boolean) => void;
  /** The exchange is not there. */
  readonly onMissing: () => void;
}

/** How long the broker may take to confirm, ms. */
const CONFIRM_TIMEOUT = 5_000;

/** What is under way when a channel is given up may still land, ms. */
const LANDING = 1_000;

/**
 * Publishes on a confirm channel, which it opens again whenever it is lost. Every message gets its verdict within five seconds; a broker that
 * is silent for longer counts as dead: the connection is dropped, so that those who come next need not wait.
 *
 * After a refusal (nack) another channel takes over: one that met a quorum queue between two leaders refuses for ever (RabbitMQ 3.10).
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #pending = new Set<PendingConfirms>();
  readonly #expiry: Timer;
  readonly #stop = new AbortController();
  #channel: ConfirmChannel | undefined;
  #onRefusal: () => void = () => {};
  /** The channel's buffers are full. */
  #full: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#expiry = new Timer(options.clock);
  }

  get ready(): boolean {
    return this.#channel !== undefined && this.#options.connection.blocked === undefined;
  }

  open(): void {
    this.#running ??= this.#run();
  }

  /** One verdict an envelope, in their order. Never rejects. */
  async publish(messages: readonly EncodedMessage[]): Promise<readonly Verdict[]> {
    const channel = this.#channel;
    if (messages.length === 0) return [];
    if (channel === undefined || !this.ready) return messages.map(() => 'failed');
    const { clock } = this.#options;
    const pending = new PendingConfirms(messages, clock.monotonic() + CONFIRM_TIMEOUT);
    this.#pending.add(pending);
    this.#expiry.start(CONFIRM_TIMEOUT, () => this.#expire());
    for (const [index, envelope] of messages.entries()) {
      if (this.#full !== undefined) await this.#full;
      if (pending.over) break;
      this.#send(channel, envelope, accepted => pending.decide(index, accepted));
    }
    await pending.settled;
    this.#pending.delete(pending);
    if (this.#pending.size === 0) this.#expiry.stop();
    return pending.verdicts;
  }

  /** The connection is blocked: what is on its way may stay there for hours, so nobody waits for it. */
  giveUpWaiting(): void {
    for (const pending of this.#pending) pending.end();
  }

  /** Waits for the verdicts of everything that was begun. */
  async close(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all([...this.#pending].map(({ settled }) => settled));
    this.#stop.abort();
    this.#expiry.stop();
    await this.#running;
  }

  #send(
    channel: ConfirmChannel,
    { exchange, routingKey, content, options }: EncodedMessage,
    decide: (accepted: boolean) => void,
  ): void {
    try {
      const room = channel.publish(exchange, routingKey, content, options, error => {
        if (error !== null) this.#onRefusal();
        decide(error === null);
      });
      if (!room) this.#wait(channel);
    } catch (error) {
      this.#options.log.debug({ reason: describe(error) }, 'publish.failed');
      decide(false);
    }
  }

  /** Everything is buffered all the same, but no more should be until the buffers are empty. */
  #wait(channel: ConfirmChannel): void {
    this.#full ??= new Promise<void>(resolve => {
      const go = (): void => {
        channel.off('drain', go);
        channel.off('close', go);
        this.#full = undefined;
        resolve();
      };
      channel.on('drain', go);
      channel.on('close', go);
    });
  }

  #expire(): void {
    const { clock, connection } = this.#options;
    const now = clock.monotonic();
    const late = [...this.#pending].filter(({ deadline }) => deadline <= now);
    for (const pending of late) pending.end();
    const live = connection.now();
    if (late.length > 0 && live !== undefined) connection.drop(live, `no confirm within ${CONFIRM_TIMEOUT / 1000} s`);
    const [oldest] = [...this.#pending].filter(({ over }) => !over);
    if (oldest !== undefined) this.#expiry.start(Math.max(1, oldest.deadline - now), () => this.#expire());
  }

  async #run(): Promise<void> {
    const { connection, clock, log } = this.#options;
    const { signal } = this.#stop;
    let waits = backoff({ firstMs: 100, maxMs: 5_000 });
    let before: Live | undefined;
    for (;;) {
      const live = await connection.live(signal);
      if (live === undefined) return;
      const since = clock.monotonic();
      try {
        await this.#lives(live, live !== before);
      } catch (error) {
        log.warn({ reason: describe(error) }, 'publisher.unopened');
      }
      before = live;
      if (clock.monotonic() - since > 10_000) waits = backoff({ firstMs: 100, maxMs: 5_000 });
      const [waitMs, after] = waits.next();
      waits = after;
      await clock.sleep(waitMs, signal);
    }
  }

  /** Until the channel is lost, or given up. */
  async #lives(live: Live, anew: boolean): Promise<void> {
    const { log, onReady, onMissing, clock } = this.#options;
    const channel = await live.model.createConfirmChannel();
    let open = true;
    const over = new Promise<void>(resolve => {
      channel.on('close', () => {
        open = false;
        resolve();
      });
      this.#onRefusal = resolve;
    });
    channel.on('error', error => {
      log.warn({ reason: describe(error) }, 'publisher.lost');
      if (replyCode(error) === 404) onMissing();
    });
    channel.on('return', ({ fields, properties }) => {
      const { exchange, routingKey } = fields;
      for (const pending of this.#pending) pending.returned(properties.messageId, exchange, routingKey);
    });
    this.#channel = channel;
    onReady(anew);
    await untilAborted(this.#stop.signal, Promise.race([over, live.gone]), () => {});
    this.#channel = undefined;
    this.#onRefusal = () => {};
    if (open && !this.#stop.signal.aborted) {
      const settled = Promise.all([...this.#pending].map(pending => pending.settled));
      const landing = new AbortController();
      await Promise.race([settled, clock.sleep(LANDING, landing.signal)]);
      landing.abort();
      if (open) void closeChannel(channel);
    }
    for (const pending of this.#pending) pending.end();
  }
}
