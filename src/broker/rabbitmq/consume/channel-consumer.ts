import type { Channel, ConsumeMessage, Message } from 'amqplib';
import type { Clock } from '../../../clock.js';
import { TransientError } from '../../../errors.js';
import type { BatchLimits, Delivery } from '../../broker.js';
import { closeChannel } from '../channel.js';
import type { LiveConnection } from '../connection.js';
import { AmqpDelivery, tagged } from './delivery.js';

export interface ChannelConsumerOptions {
  readonly queue: string;
  readonly prefetch: number;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** A message came out of the queue. */
  readonly onArrival: (delivery: AmqpDelivery) => void;
  /** A message came, or the consumer ended. */
  readonly onChange: () => void;
}

/**
 * One consumer on one channel, for as long as that lives; once `closed` it stays so, and another takes its place.
 * Delivery tags belong to their channel: a delivery of another consumer is unknown here, so a late acknowledgement
 * never hits the wrong message.
 */
export class ChannelConsumer {
  readonly #channel: Channel;
  readonly #options: ChannelConsumerOptions;
  /** Arrived and not handed out, in order. */
  #buffer: AmqpDelivery[] = [];
  /** Arrived and not settled, in order of their tags, which count up without a gap. */
  readonly #outstanding = new Set<Delivery>();
  #buffered = 0;
  #consumerTag = '';
  #open = true;
  #stopping = false;
  #error: Error | undefined;
  #unseen: readonly AmqpDelivery[] = [];

  static async open(live: LiveConnection, options: ChannelConsumerOptions): Promise<ChannelConsumer> {
    const channel = await live.model.createChannel();
    const consumer = new ChannelConsumer(channel, options);
    try {
      await channel.prefetch(options.prefetch);
      const { consumerTag } = await channel.consume(options.queue, message => consumer.#arrived(message));
      consumer.#consumerTag = consumerTag;
      return consumer;
    } catch (error) {
      if (consumer.#open) void closeChannel(channel);
      throw error;
    }
  }

  private constructor(channel: Channel, options: ChannelConsumerOptions) {
    this.#channel = channel;
    this.#options = options;
    channel.on('error', error => {
      this.#error = error;
    });
    channel.on('close', () => this.#ended());
  }

  get closed(): boolean {
    return !this.#open || this.#stopping;
  }

  /** Why the broker ended it. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Arrived and never handed out, once the channel is gone. */
  get unseen(): readonly AmqpDelivery[] {
    return this.#unseen;
  }

  /** Handed out, or buffered here, and not settled. */
  get unsettled(): number {
    return this.#outstanding.size;
  }

  /** What is unsettled, without those whose settlement is counted: their acknowledgement is about to be sent. */
  get uncounted(): AmqpDelivery[] {
    return ([...this.#outstanding] as AmqpDelivery[]).filter(({ counted, repeated }) => !counted && !repeated);
  }

  get empty(): boolean {
    return this.#buffer.length === 0;
  }

  /** The buffer fills a batch, or cannot grow any more. */
  full({ count, bytes }: BatchLimits): boolean {
    return this.#buffer.length >= count || this.#buffered >= bytes || this.#outstanding.size >= this.#options.prefetch;
  }

  /** At least one where there is one, whatever its size. */
  take({ count, bytes }: BatchLimits): AmqpDelivery[] {
    let taken = 0;
    let size = 0;
    while (taken < count && taken < this.#buffer.length) {
      const next = this.#buffer[taken]!.size;
      if (taken > 0 && size + next > bytes) break;
      size += next;
      taken += 1;
    }
    this.#buffered -= size;
    return this.#buffer.splice(0, taken);
  }

  holds(delivery: Delivery): boolean {
    return this.#outstanding.has(delivery);
  }

  acknowledge(deliveries: readonly Delivery[]): void {
    this.#release(deliveries, (message, allUpTo) => this.#channel.ack(message, allUpTo));
  }

  giveBack(deliveries: readonly Delivery[]): void {
    this.#release(deliveries, (message, allUpTo) => this.#channel.nack(message, allUpTo, true));
  }

  /**
   * Resolves when the broker has worked through everything that was sent on this channel: it answers in order. The
   * value is the one in force. Rejects when the channel is lost before.
   */
  async proof(): Promise<void> {
    await this.#channel.prefetch(this.#options.prefetch);
  }

  /**
   * Ends the consumer, then gives back everything unsettled: before the broker has confirmed the end, it would hand the
   * same out here again. Every acknowledgement is at the broker when it resolves.
   */
  async stop(): Promise<void> {
    if (this.closed) return;
    this.#stopping = true;
    await this.#channel.cancel(this.#consumerTag);
    if (!this.#open) return;
    this.giveBack([...this.#outstanding]);
    await closeChannel(this.#channel);
  }

  /** Null means that the broker has ended the consumer: the queue is gone, or has moved to another node. */
  #arrived(message: ConsumeMessage | null): void {
    if (message !== null) {
      const { clock } = this.#options;
      const delivery = new AmqpDelivery(message, clock.now(), clock.monotonic());
      this.#outstanding.add(delivery);
      this.#buffer.push(delivery);
      this.#buffered += delivery.size;
      this.#options.onArrival(delivery);
      this.#options.onChange();
    } else if (!this.closed) {
      this.#error = new TransientError(`RabbitMQ has ended the consumer of ${this.#options.queue}`);
      this.#stopping = true;
      void closeChannel(this.#channel);
      this.#ended();
    }
  }

  #ended(): void {
    this.#open = false;
    this.#unseen = this.#buffer;
    this.#buffer = [];
    this.#buffered = 0;
    this.#outstanding.clear();
    this.#options.onChange();
  }

  /**
   * One frame settles everything below the oldest delivery that stays out; those beyond it are settled one by one.
   * A stale delivery is not in the set, and nothing is sent for it.
   */
  #release(deliveries: readonly Delivery[], send: (message: Message, allUpTo: boolean) => void): void {
    const tags: number[] = [];
    for (const delivery of deliveries)
      if (this.#outstanding.delete(delivery)) tags.push((delivery as AmqpDelivery).tag);
    if (tags.length === 0 || !this.#open) return;
    const [oldest] = this.#outstanding;
    const limit = oldest === undefined ? Number.POSITIVE_INFINITY : (oldest as AmqpDelivery).tag;
    const upTo = tags.reduce((max, tag) => (tag < limit ? Math.max(max, tag) : max), 0);
    if (upTo > 0) send(tagged(upTo), true);
    for (const tag of tags) if (tag > limit) send(tagged(tag), false);
  }
}
