import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type ChannelModel, type ConfirmChannel, connect, type Options } from 'amqplib';
import type { Random } from '../helpers/random.js';
import type { EventMaker, SentEvent } from './events.js';
import type { SentRecord } from './record.js';

const confirmMs = 5_000;

export interface ClowderOptions {
  readonly uri: string;
  readonly maker: EventMaker;
  readonly record: SentRecord;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/**
 * Publishes to the exchange as Clowder does, and as strangers may, past the daemon; an event counts as acknowledged
 * once the broker has confirmed that it reached the queues.
 */
export async function publishAsClowder({ uri, maker, record, random, signal }: ClowderOptions): Promise<void> {
  let connection: ChannelModel | undefined;
  while (!signal.aborted) {
    try {
      connection = await connect(uri, { timeout: confirmMs });
      connection.on('error', () => {});
      const channel = await connection.createConfirmChannel();
      channel.on('error', () => {});
      let returned = false;
      channel.on('return', () => {
        returned = true;
      });
      const closed = new Promise<never>((_resolve, reject) => {
        channel.once('close', () => reject(new Error('the channel closed')));
      });
      closed.catch(() => {});
      while (!signal.aborted) {
        const { event, body, options, identified } = draw(maker, random);
        const batch = record.add([{ ...event, foreign: true }], { identified });
        returned = false;
        try {
          await Promise.race([closed, confirmed(channel, body, options)]);
        } catch (error) {
          record.answered(batch, 0);
          throw error;
        }
        record.answered(batch, returned ? 0 : 202);
        await sleep(random.between(10, 80), undefined, { signal }).catch(() => undefined);
      }
    } catch {
      await sleep(200);
    } finally {
      await connection?.close().catch(() => undefined);
    }
  }
}

interface Publication {
  readonly event: SentEvent;
  readonly body: Buffer;
  readonly options: Options.Publish;
  /** To publish it again would be the same event. */
  readonly identified: boolean;
}

const double = (value: number) => ({ headers: { 'event-sink-received': { '!': 'double', value } } });
/**
 * What a program in another language may put there; -1 in 64 bits without a sign, for example.
 * RabbitMQ itself refuses NaN and infinity.
 */
const oddProperties: readonly Options.Publish[] = [
  { timestamp: 2 ** 64 - 2_048 },
  double(-5),
  double(9e99),
  double(0.5),
  { headers: { 'event-sink-source': 'nonsense', 'event-sink-dead': { deep: [{}] } }, contentType: 'x'.repeat(200) },
  { contentEncoding: 'utf-8', priority: 200, type: '', appId: '\u0000' },
];

function draw(maker: EventMaker, random: Random): Publication {
  const options = { persistent: random.chance(0.5), ...(random.chance(0.2) ? random.pick(oddProperties) : {}) };
  const kind = random.integer(1, 20);
  if (kind === 1) return { ...unnamed(maker.timeless()), options };
  if (kind === 2) {
    const event = maker.text();
    return { event, body: Buffer.from(`Hello ${event.mark}!`), options, identified: false };
  }
  if (kind === 3) {
    const event = maker.notUtf8();
    const body = Buffer.from(`{"category":"M\u00fcller","mark":"${event.mark}"}`, 'latin1');
    return { event, body, options, identified: false };
  }
  if (kind === 4) return { ...unnamed({ ...maker.equal(), mayRepeat: true }), options };
  if (kind <= 8) {
    // As Clowder's are: a time in the body, and no id.
    const { id: _id, ...event } = maker.make(Date.now(), 'key');
    const body = bodyOf(event);
    if (kind > 6) return { event, body, options, identified: true };
    return { event, body: gzipSync(body), options: { ...options, contentEncoding: 'gzip' }, identified: true };
  }
  const event = maker.make(Date.now());
  const { mark } = event;
  // An id that is too long for one of ours is hashed.
  if (kind === 9) {
    const { id: _id, ...long } = maker.make(Date.now(), 'key');
    return { event: long, body: bodyOf(long), options: { ...options, messageId: mark.repeat(10) }, identified: true };
  }
  return { event, body: bodyOf(event), options: { ...options, messageId: mark }, identified: true };
}

function unnamed(event: SentEvent): Omit<Publication, 'options'> {
  return { event, body: bodyOf(event), identified: false };
}

function bodyOf({ payload }: SentEvent): Buffer {
  return Buffer.from(JSON.stringify(payload));
}

function confirmed(channel: ConfirmChannel, body: Buffer, options: Options.Publish): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no confirm')), confirmMs);
    const settle = (error: unknown): void => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve();
    };
    channel.publish('clowder.metrics', '', body, { ...options, mandatory: true }, settle);
  });
}
