import type { Event } from '../../src/events/event.js';
import type { Message } from '../../src/events/message.js';
import { eventOf, type Notification, notificationOf } from '../../src/notify/notification.js';
import type { Change } from '../../src/notify/rule-state.js';
import { signalOf } from '../../src/notify/signal.js';
import { down } from './scene.js';

export const at = Date.UTC(2026, 2, 14, 8, 14, 14);

export function change(name: string, more: Partial<Change> = {}): Change {
  const signal = signalOf(down(name, at), at);
  if (signal === undefined) throw new Error('no signal');
  return { ...signal, target: `https://${name}.example.org/healthz`, ...more };
}

export function notification(
  channel: string,
  id: string,
  changes: readonly Change[] = [change('clowder')],
): Notification {
  return notificationOf({ id, at, channels: [channel], changes });
}

/** As it travels to a channel. */
export function messageTo(channel: string, id: string, changes?: readonly Change[]): Message {
  return eventOf(notification(channel, id, changes));
}

/** As a channel gets it. */
export function eventTo(channel: string, id: string, changes?: readonly Change[]): Event {
  const { body, source, received } = messageTo(channel, id, changes);
  const fields = JSON.parse(body) as Record<string, unknown>;
  return { id, created: at, category: 'notification', type: String(fields.type), fields, source, received };
}
