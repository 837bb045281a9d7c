import type { Delivery } from '../../src/broker/broker.js';
import type { Item } from '../../src/delivery/batch.js';
import type { Event } from '../../src/events/event.js';
import { message } from './memory-broker.js';

export function delivery(id: string, fields: Record<string, unknown> = {}): Delivery {
  return { ...message(id, fields), redelivered: false };
}

export function item(id: string): Item {
  const event: Event = { id, created: 0, category: 'upload', type: undefined, fields: {}, source: 'http', received: 0 };
  return { event, delivery: delivery(id), attempts: 0, alone: 0 };
}
