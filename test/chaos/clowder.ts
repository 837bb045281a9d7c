import { setTimeout as sleep } from 'node:timers/promises';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import type { Random } from '../helpers/random.js';
import type { EventMaker } from './events.js';
import type { SentRecord } from './record.js';

const confirmMs = 5_000;

export interface ClowderOptions {
  readonly uri: string;
  readonly maker: EventMaker;
  readonly record: SentRecord;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Publishes to the exchange as Clowder does, past the daemon; an event counts as acknowledged once the broker has confirmed that it reached the queues. */
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
        const batch = record.add([maker.make(Date.now())]);
        const [event] = batch.events;
        returned = false;
        const body = Buffer.from(JSON.stringify(event?.payload));
        try {
          await Promise.race([closed, confirmed(channel, body, event?.id ?? '', random.chance(0.5))]);
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

function confirmed(channel: ConfirmChannel, body: Buffer, messageId: string, persistent: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no confirm')), confirmMs);
    const settle = (error: unknown): void => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve();
    };
    channel.publish('clowder.metrics', '', body, { messageId, persistent, mandatory: true }, settle);
  });
}
