import type { Event } from '../events/event.js';
import type { KeyValues } from '../storage/key-values.js';
import { type Notification, readNotification } from './notification.js';

/** One way to people: an address, a room, a server. */
export interface Channel {
  /**
   * Resolves when it has the message, or with the reason why it never will.
   * @throws TransientError, SetupError, or anything else (= a bug)
   */
  send(notification: Notification, signal: AbortSignal): Promise<string | undefined>;
  /** Without a message. Throws as `send` does. */
  probe(signal: AbortSignal): Promise<void>;
}

export interface ChannelTools {
  /** The name of the sink, by which notifications name it. */
  readonly name: string;
  readonly keyValues: KeyValues;
}

/** What a channel would send of an event; `made` is what `send` makes of a notification. */
export function channelRenderer(name: string, made: (notification: Notification) => Readonly<Record<string, unknown>>) {
  return (event: Event): { readonly output: Readonly<Record<string, unknown>> } | { readonly nothing: string } => {
    const notification = readNotification(event);
    if (notification === undefined) return { nothing: 'it is not a notification of this program' };
    const { channels } = notification;
    if (!channels.includes(name)) return { nothing: `it is for ${channels.join(', ')}` };
    return { output: made(notification) };
  };
}

/** Longer than a message waits in a queue without being a dead letter, ms. */
const sentKeptMs = 30 * 86_400_000;

/**
 * The session of a sink that notifies people. What was sent is kept by its id, so that a message which is delivered
 * again, or comes in a batch that failed at a later one, does not go out again. Between the sending and the keeping a
 * kill lets it go out twice, with the same id.
 */
export function channelSession(channel: Channel, { name, keyValues }: ChannelTools) {
  return {
    async write(events: readonly Event[], signal: AbortSignal) {
      const rejected: { index: number; reason: string }[] = [];
      const sent = await keyValues.get(events.map(({ id }) => id));
      let duplicates = 0;
      for (const [index, event] of events.entries()) {
        const notification = readNotification(event);
        if (notification === undefined || !notification.channels.includes(name)) continue;
        if (sent.has(event.id)) {
          duplicates += 1;
          continue;
        }
        const reason = await channel.send(notification, signal);
        if (reason === undefined) await keyValues.put([[event.id, 'sent']], sentKeptMs);
        else rejected.push({ index, reason });
      }
      return { duplicates, rejected };
    },
    probe: (signal: AbortSignal) => channel.probe(signal),
    close: async (): Promise<void> => {},
  };
}
