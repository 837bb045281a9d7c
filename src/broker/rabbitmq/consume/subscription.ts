import { type Backoff, backoff, backoffs } from '../../../backoff.js';
import type { Clock } from '../../../clock.js';
import { describe } from '../../../errors.js';
import type { Log } from '../../../log.js';
import { RepeatedWarning } from '../../../repeated-warning.js';
import type { Storage } from '../../../storage/storage.js';
import type { BatchLimits, DeadDelivery, Delivery, QueueDefinition, Settlement, Subscription } from '../../broker.js';
import type { Connection, LiveConnection } from '../connection.js';
import { operationError, replyCode } from '../errors.js';
import type { RabbitMQLedger } from '../ledger/ledger.js';
import type { Topology } from '../topology/topology.js';
import { ChannelConsumer } from './channel-consumer.js';
import type { AmqpDelivery } from './delivery.js';
import { Names } from './names.js';

export interface SubscriptionOptions {
  readonly definition: QueueDefinition;
  /** Deliveries that may be unsettled, at most; fewer where AMQP has no such number. */
  readonly prefetch: number;
  readonly connection: Connection;
  readonly topology: Topology;
  /** Resolves when they are durable as dead letters. @throws TransientError */
  readonly deadLetter: (sink: string, dead: readonly DeadDelivery[]) => Promise<void>;
  readonly storage: Pick<Storage, 'write'>;
  readonly ledger: Pick<RabbitMQLedger, 'arrived' | 'done' | 'dead'>;
  readonly onClose: (subscription: AmqpSubscription) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** AMQP has 16 bits for it. */
const maxPrefetch = 65_535;
/** What an orderly end of a consumer may take, ms: a dead broker never answers. */
const closeTimeoutMs = 5_000;
/** After a consumer that lived this long, the backoff starts anew, ms. */
const reconnectResetMs = 10_000;

/**
 * A subscription to one queue that outlives connections and channels, with one consumer at a time.
 *
 * open: there is a consumer, or one is being opened. One that ends (its channel or its connection was lost, its queue
 * deleted) is replaced when `next` asks for more, not before: a sink that is failing would only fetch what it cannot
 * write, and lose it again to the broker's acknowledgement timeout.
 * open → paused: the consumer is stopped and everything unsettled given back. paused → open: a new consumer.
 * any → closed.
 */
export class AmqpSubscription implements Subscription {
  readonly #options: SubscriptionOptions;
  readonly #names: Names;
  #state: 'open' | 'paused' | 'closed' = 'open';
  /** Aborts when the subscription is paused or closed. */
  #stop = new AbortController();
  #consumer: ChannelConsumer | undefined;
  #opening: Promise<void> | undefined;
  #waits: Backoff = backoff(backoffs.ownWork);
  /** When the last consumer was opened, monotonic ms; undefined once the backoff has taken it into account. */
  #openedAt: number | undefined;
  #error: Error | undefined;
  readonly #warning: RepeatedWarning;
  #onChange: () => void = () => {};
  #generation = 0;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#names = new Names({ ...options, queue: options.definition.name });
    const fields = { queue: options.definition.name };
    this.#warning = new RepeatedWarning({ ...options, fields, event: 'queue.unreachable' });
  }

  get queue(): string {
    return this.#options.definition.name;
  }

  /** Why the queue cannot be consumed; undefined while it is, or while no connection says otherwise. */
  get error(): Error | undefined {
    return this.#error;
  }

  get unsettled(): number {
    return this.#consumer?.unsettled ?? 0;
  }

  get prefetch(): number {
    return Math.min(this.#options.prefetch, maxPrefetch);
  }

  /** Which of its consumers it has now; undefined while it has none. */
  get generation(): number | undefined {
    return this.#consumer === undefined || this.#consumer.closed ? undefined : this.#generation;
  }

  /** Handed out, and not counted as settled. */
  get uncounted(): readonly AmqpDelivery[] {
    return this.#consumer?.uncounted ?? [];
  }

  /** Begins to consume. Resolves when the first try has settled, or at once without a connection. */
  async open(): Promise<void> {
    const live = this.#options.connection.now();
    this.#begin(() => (live === undefined ? this.#reopen() : this.#tryOn(live)));
    if (live !== undefined) await this.#opening;
  }

  async next(limits: BatchLimits, signal: AbortSignal): Promise<Delivery[]> {
    const { clock } = this.#options;
    let deadline: number | undefined;
    while (!signal.aborted && this.#state === 'open') {
      const consumer = this.#current();
      if (consumer === undefined || consumer.empty) {
        deadline = undefined;
        await this.#change(signal, () => consumer === undefined || consumer.closed || !consumer.empty);
        continue;
      }
      deadline ??= clock.monotonic() + limits.lingerMs;
      const left = deadline - clock.monotonic();
      if (left <= 0 || consumer.full(limits)) {
        const deliveries = consumer.take(limits);
        const isHeld = (delivery: Delivery): boolean => this.#consumer?.holds(delivery) ?? false;
        // Without ids they stay unsettled, and go back to the queue when the consumer is stopped.
        return (await this.#names.give(deliveries, isHeld, signal)) ? deliveries : [];
      }
      await this.#change(signal, () => consumer.closed || consumer.full(limits), left);
    }
    return [];
  }

  /** What was done is counted also when it is stale: it will come again, and is known by then. */
  async settle({ done, dead, ...outcome }: Settlement): Promise<void> {
    const { definition, ledger, deadLetter } = this.#options;
    const consumer = this.#consumer;
    if (done.length > 0) {
      await ledger.done(definition.sink, done as unknown as readonly AmqpDelivery[], outcome);
      await this.#acknowledge(consumer, done);
    }
    if (consumer === undefined) return;
    const held = dead.filter(({ delivery }) => consumer.holds(delivery));
    if (held.length === 0) return;
    await deadLetter(definition.sink, held);
    const deadLettered = held.map(({ delivery }) => delivery);
    await ledger.dead(definition.sink, deadLettered as unknown as readonly AmqpDelivery[]);
    await this.#acknowledge(consumer, deadLettered);
  }

  async #acknowledge(consumer: ChannelConsumer | undefined, deliveries: readonly Delivery[]): Promise<void> {
    if (consumer === undefined) return;
    const held = deliveries.filter(delivery => consumer.holds(delivery));
    await this.#names.settling(held);
    consumer.acknowledge(held);
    this.#names.settled(held, () => consumer.proof());
  }

  async requeue(deliveries: readonly Delivery[]): Promise<void> {
    this.#names.givenBack(deliveries);
    this.#consumer?.giveBack(deliveries);
  }

  async pause(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'paused';
    await this.#shut();
  }

  async resume(): Promise<void> {
    if (this.#state !== 'paused') return;
    this.#state = 'open';
    this.#stop = new AbortController();
    await this.open();
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    await this.#shut();
    this.#options.onClose(this);
  }

  /** The consumer, if it runs; otherwise one is opened meanwhile. */
  #current(): ChannelConsumer | undefined {
    if (this.#consumer !== undefined && !this.#consumer.closed) return this.#consumer;
    this.#begin(() => this.#reopen());
    return undefined;
  }

  #begin(work: () => Promise<void>): void {
    this.#opening ??= work().finally(() => {
      this.#opening = undefined;
      this.#onChange();
    });
  }

  async #reopen(): Promise<void> {
    const { clock, connection } = this.#options;
    const { signal } = this.#stop;
    if (this.#openedAt !== undefined && clock.monotonic() - this.#openedAt > reconnectResetMs)
      this.#waits = backoff(backoffs.ownWork);
    this.#openedAt = undefined;
    const [waitMs, after] = this.#waits.next();
    this.#waits = after;
    await clock.sleep(waitMs, signal);
    const live = await connection.live(signal);
    if (live !== undefined && !signal.aborted) await this.#tryOn(live);
  }

  async #tryOn(live: LiveConnection): Promise<void> {
    const { prefetch } = this;
    const { definition, topology, clock, log, ledger } = this.#options;
    const { signal } = this.#stop;
    const { name: queue } = definition;
    const lost = this.#consumer?.error;
    if (lost !== undefined) log.warn({ queue, reason: describe(lost) }, 'consumer.lost');
    this.#letGo();
    try {
      await topology.ensure(live, queue);
      const onChange = (): void => this.#onChange();
      const onArrival = (delivery: AmqpDelivery): void => ledger.arrived(definition.sink, delivery);
      const consumer = await ChannelConsumer.open(live, { queue, prefetch, clock, onArrival, onChange });
      this.#consumer = consumer;
      this.#generation += 1;
      this.#openedAt = clock.monotonic();
      this.#error = undefined;
      this.#warning.clear();
      // Paused or closed meanwhile: that waits for this.
      if (signal.aborted) await consumer.stop();
    } catch (error) {
      const failure = replyCode(error) === undefined ? error : operationError(`the queue ${queue}`, error, 'read');
      this.#error = failure as Error;
      this.#warning.warn(describe(failure));
    }
  }

  async #shut(): Promise<void> {
    const { clock, connection, log } = this.#options;
    this.#stop.abort();
    this.#onChange();
    const live = connection.now();
    const stop = async (): Promise<boolean> => {
      await this.#opening;
      await this.#consumer?.stop();
      return true;
    };
    const over = new AbortController();
    const orderly = await Promise.race([
      stop().catch(error => log.debug({ reason: describe(error) }, 'consumer.lost')),
      clock.sleep(closeTimeoutMs, over.signal).then(() => false),
    ]);
    over.abort();
    if (orderly === false && live !== undefined) connection.drop(live, 'no answer to the end of a consumer');
    this.#letGo();
  }

  #letGo(): void {
    if (this.#consumer !== undefined) this.#names.lost(this.#consumer.unseen);
    this.#consumer = undefined;
  }

  /**
   * Resolves when something happened and the condition holds, after `ms`, or when the subscription or the signal stops.
   */
  #change(signal: AbortSignal, condition: () => boolean, ms?: number): Promise<void> {
    return new Promise(resolve => {
      const over = new AbortController();
      const go = (): void => {
        if (over.signal.aborted) return;
        over.abort();
        this.#onChange = () => {};
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#onChange = () => {
        if (condition() || this.#state !== 'open') go();
      };
      signal.addEventListener('abort', go);
      if (signal.aborted) go();
      if (ms !== undefined) this.#options.clock.sleep(ms, over.signal).then(go);
    });
  }
}
