import { systemClock } from '../../src/clock.js';
import type { Event } from '../../src/events/event.js';
import { type Log, silentLog } from '../../src/log.js';
import { readMongoAddress } from '../../src/sinks/mongodb/address.js';
import type { MongoConfig } from '../../src/sinks/mongodb/session.js';
import { mongodbSink } from '../../src/sinks/mongodb.js';
import type { SinkSession, SinkTools } from '../../src/sinks/sink.js';
import { memoryInMemory } from './delivery.js';
import { straight } from './outgoing.js';

export function event(id: string, fields: Record<string, unknown> = {}): Event {
  const created = 1_709_544_703_342;
  return {
    id,
    created,
    category: 'view_resource',
    type: 'file',
    fields: { category: 'view_resource', type: 'file', created, resource_id: '65c5ea71554c774daf7fab32', ...fields },
    source: 'clowder',
    received: created + 5,
  };
}

export function sinkTools(log: Log = silentLog): SinkTools {
  return {
    log,
    clock: systemClock,
    keyValues: memoryInMemory(),
    events: { insert: async () => ({ duplicates: 0, conflicts: [] }) },
    outgoing: straight,
    usage: { fold: async () => 0 },
    notifications: { add: async () => 0 },
    name: 'test',
    idSecret: 'a secret for tests',
  };
}

export function mongoConfig(uri: string, options: Partial<MongoConfig> = {}): MongoConfig {
  const address = readMongoAddress(uri);
  if ('flaw' in address) throw new Error(address.flaw);
  return { address, database: 'eventsink', collection: 'events', ttlDays: undefined, ...options };
}

export function openMongoSink(uri: string, options: Partial<MongoConfig> = {}, log?: Log): Promise<SinkSession> {
  return mongodbSink.open(mongoConfig(uri, options), sinkTools(log));
}
