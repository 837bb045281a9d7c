import { onChannel } from '../channel.js';
import type { LiveConnection } from '../connection.js';

export interface ExclusiveListenerOptions {
  /** A fanout exchange of somebody else's: never declared here. */
  readonly exchange: string;
  /** Gone with this connection; meanwhile nobody else can have one of that name. */
  readonly queue: string;
  readonly onListening: () => void;
  readonly onMessage: (content: Buffer) => void;
  readonly signal: AbortSignal;
}

/**
 * Hears what is published to an exchange from now on, without acknowledgements. Resolves when the channel or the queue
 * is lost, or the signal aborts. @throws with `code` 404 when there is no such exchange, 405 when another connection
 * listens
 */
export async function listenExclusively(live: LiveConnection, options: ExclusiveListenerOptions): Promise<void> {
  const { exchange, queue, onListening, onMessage, signal } = options;
  await onChannel(live, channel => channel.checkExchange(exchange));
  await onChannel(live, async channel => {
    const lost = new AbortController();
    channel.on('close', () => lost.abort());
    await channel.assertQueue(queue, { exclusive: true, autoDelete: true, durable: false });
    await channel.bindQueue(queue, exchange, '');
    onListening();
    await channel.consume(queue, message => (message === null ? lost.abort() : onMessage(message.content)), {
      noAck: true,
    });
    const over = AbortSignal.any([lost.signal, signal]);
    await new Promise<void>(resolve => {
      if (over.aborted) resolve();
      over.addEventListener('abort', () => resolve(), { once: true });
    });
  });
}
