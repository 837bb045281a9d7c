import { setImmediate } from 'node:timers/promises';
import { backoff, backoffs } from '../../../backoff.js';
import { type Clock, Timer } from '../../../clock.js';
import { describe } from '../../../errors.js';
import type { Log } from '../../../log.js';
import { RepeatedWarning } from '../../../repeated-warning.js';
import { untilAborted } from '../../../retry.js';
import { closeChannel } from '../channel.js';
import type { Connection, LiveConnection } from '../connection.js';
import { replyCode } from '../errors.js';
import { ChannelWriter } from './channel-writer.js';
import type { EncodedMessage } from './outgoing-message.js';
import { type OnResult, PendingConfirms, type PublishResult } from './pending-confirms.js';

export interface ConfirmPublisherOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Log;
  /** Messages can be published from now on; `isNewConnection` when the connection is a new one. */
  readonly onReady: (isNewConnection: boolean) => void;
  /** The exchange is not there. */
  readonly onMissing: () => void;
}

/** How long the broker may take to confirm what somebody waits for, and be silent at all, ms. */
const confirmTimeoutMs = 5_000;

/** How long it may take for what nobody waits for, while it confirms other messages, ms. */
export const backgroundConfirmMs = 60_000;

/** After a channel that lived this long, the backoff starts anew, ms. */
const reopenResetMs = 10_000;

/** What a channel that is given up has under way may still be confirmed, ms. */
const settleGraceMs = 1_000;

/**
 * Publishes on a confirm channel, which it opens again whenever it is lost. Every message gets its result within five
 * seconds, unless its publisher is patient. A broker that is silent for longer counts as dead: the connection is
 * dropped, so that those who come next need not wait. One that is slow is not: to drop its connection and send
 * everything again would give it more to do.
 *
 * After a refusal (nack) another channel takes over: one that met a quorum queue between two leaders refuses for ever
 * (RabbitMQ 3.10).
 */
export class ConfirmPublisher {
  readonly #options: ConfirmPublisherOptions;
  /** A list: what a Set leaves behind as it shrinks keeps its old members alive until a full collection. */
  readonly #pending: PendingConfirms[] = [];
  readonly #expiry: Timer;
  readonly #stop = new AbortController();
  readonly #warning: RepeatedWarning;
  #writer: ChannelWriter | undefined;
  /** When the broker confirmed or refused something last (monotonic). */
  #heardAt = Number.NEGATIVE_INFINITY;
  #onRefusal: () => void = () => {};
  #error: Error | undefined;
  #running: Promise<void> | undefined;

  constructor(options: ConfirmPublisherOptions) {
    this.#options = options;
    this.#expiry = new Timer(options.clock);
    this.#warning = new RepeatedWarning({ ...options, event: 'publisher.lost' });
  }

  get ready(): boolean {
    return this.#writer !== undefined && this.#options.connection.blocked === undefined;
  }

  /** What the broker closed the last channel with; undefined once it has confirmed a message again. */
  get error(): Error | undefined {
    return this.#error;
  }

  open(): void {
    this.#running ??= this.#run();
  }

  /**
   * One result for each message, in their order, at the latest after `maxMs`; `onResult` hears each of them when it is
   * there. Never rejects.
   */
  async publish(
    messages: readonly EncodedMessage[],
    maxMs = confirmTimeoutMs,
    onResult?: OnResult,
  ): Promise<readonly PublishResult[]> {
    const writer = this.#writer;
    if (messages.length === 0) return [];
    const pending = new PendingConfirms(messages, this.#options.clock.monotonic(), maxMs, onResult);
    if (writer === undefined || !this.ready) {
      pending.end('failed');
      return pending.results;
    }
    this.#pending.push(pending);
    this.#expiry.start(confirmTimeoutMs, () => this.#expire());
    for (let index = 0; index < messages.length; index += 1) {
      // Whoever took the last room lines up behind those who wait already: a long list would get all of it otherwise.
      if (index > 0 && writer.full !== undefined) await setImmediate();
      // Several may wait for the same room, and the first of them may take all of it.
      while (writer.full !== undefined && !pending.complete) await Promise.race([writer.full, pending.settled]);
      if (pending.complete) break;
      this.#send(writer, pending, index);
    }
    writer.flush();
    await pending.settled;
    // The timer runs on, and looks once more: to stop it each time that nothing is under way would cost more.
    this.#pending.splice(this.#pending.indexOf(pending), 1);
    return pending.results;
  }

  /** The connection is blocked: what is on its way may stay there for hours, so nobody waits for it. */
  giveUpWaiting(): void {
    for (const pending of this.#pending) pending.end('failed');
  }

  /** Waits for the results of everything that was begun. */
  async close(): Promise<void> {
    while (this.#pending.length > 0) await Promise.all(this.#pending.map(({ settled }) => settled));
    this.#stop.abort();
    this.#expiry.stop();
    await this.#running;
  }

  #send(writer: ChannelWriter, pending: PendingConfirms, index: number): void {
    if (writer.closed) return pending.decide(index, 'failed');
    try {
      writer.add(pending.messages[index]!, error => {
        this.#heardAt = this.#options.clock.monotonic();
        if (error === null) this.#error = undefined;
        else this.#onRefusal();
        pending.decide(index, error === null ? 'confirmed' : 'failed');
      });
    } catch (error) {
      pending.decide(index, { refused: `it cannot be encoded (${describe(error)})` });
    }
  }

  #expire(): void {
    const { clock, connection } = this.#options;
    const now = clock.monotonic();
    const pending = [...this.#pending];
    const silent = pending.some(({ began }) => this.#silentAt(began) <= now);
    const overdue = pending.some(({ began, deadline }) => deadline <= now && deadline - began > confirmTimeoutMs);
    for (const one of pending) if (silent || one.deadline <= now) one.end('failed');
    const live = connection.now();
    if ((silent || overdue) && live !== undefined)
      connection.drop(live, `no confirm within ${confirmTimeoutMs / 1000} s`);
    const due = pending.filter(({ complete }) => !complete);
    if (due.length === 0) return;
    const next = Math.min(...due.map(({ began, deadline }) => Math.min(deadline, this.#silentAt(began))));
    this.#expiry.start(Math.max(1, next - now), () => this.#expire());
  }

  /** When the broker will have been silent for too long, to one who waits since then. */
  #silentAt(began: number): number {
    return Math.max(began, this.#heardAt) + confirmTimeoutMs;
  }

  async #run(): Promise<void> {
    const { connection, clock, log } = this.#options;
    const { signal } = this.#stop;
    let waits = backoff(backoffs.publisher);
    let before: LiveConnection | undefined;
    for (;;) {
      const live = await connection.live(signal);
      if (live === undefined) return;
      const since = clock.monotonic();
      try {
        await this.#publishOn(live, live !== before);
      } catch (error) {
        this.#error = error as Error;
        log.warn({ reason: describe(error) }, 'publisher.unopened');
      }
      before = live;
      if (clock.monotonic() - since > reopenResetMs) waits = backoff(backoffs.publisher);
      const [waitMs, after] = waits.next();
      waits = after;
      await clock.sleep(waitMs, signal);
    }
  }

  /** Until the channel is lost, or given up. */
  async #publishOn(live: LiveConnection, isNewConnection: boolean): Promise<void> {
    const { onReady, onMissing, clock } = this.#options;
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
      this.#warning.warn(describe(error));
      this.#error = error;
      if (replyCode(error) === 404) onMissing();
      // amqplib ends the rest as failed in a moment.
      else if (replyCode(error) !== undefined) for (const pending of this.#pending) pending.end('rejected');
    });
    channel.on('return', ({ fields, properties }) => {
      const { exchange, routingKey } = fields;
      for (const pending of this.#pending) pending.returned(properties.messageId, exchange, routingKey);
    });
    this.#writer = new ChannelWriter(channel);
    onReady(isNewConnection);
    await untilAborted(this.#stop.signal, Promise.race([over, live.gone]), () => {});
    this.#writer = undefined;
    this.#onRefusal = () => {};
    if (open && !this.#stop.signal.aborted) {
      const settled = Promise.all([...this.#pending].map(pending => pending.settled));
      const grace = new AbortController();
      await Promise.race([settled, clock.sleep(settleGraceMs, grace.signal)]);
      grace.abort();
      if (open) void closeChannel(channel);
    }
    for (const pending of this.#pending) pending.end('failed');
  }
}
