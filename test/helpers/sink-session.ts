import { type Clock, systemClock } from '../../src/clock.js';
import type { Event, Fields } from '../../src/events/event.js';
import { type Log, silentLog } from '../../src/log.js';
import type { SinkTools } from '../../src/sinks/sink.js';
import type { KeyValues } from '../../src/storage/key-values.js';
import { straight } from './outgoing.js';

/** For tests that speak to one sink session directly. */
export function sinkTools(changes: Partial<SinkTools> = {}): SinkTools {
  return {
    log: silentLog,
    clock: systemClock,
    keyValues: rememberingMemory(),
    events: { insert: async () => ({ duplicates: 0, conflicts: [] }) },
    outgoing: straight,
    usage: { fold: async () => 0 },
    notifications: { add: async () => 0 },
    name: 'test',
    idSecret: 'a secret for tests',
    ...changes,
  };
}

/** Outlives sessions, as the disk does. */
export function rememberingMemory(): KeyValues & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    get: async keys => new Map(keys.flatMap(key => (entries.has(key) ? [[key, entries.get(key) ?? ''] as const] : []))),
    put: async added => {
      for (const [key, value] of added) entries.set(key, value);
    },
  };
}

export function eventOf(fields: Fields, changes: Partial<Event> = {}): Event {
  const created = typeof fields.created === 'number' ? fields.created : Date.now();
  return {
    id: 'event-1',
    created,
    category: typeof fields.category === 'string' ? fields.category : 'unknown',
    type: typeof fields.type === 'string' ? fields.type : undefined,
    fields,
    source: 'clowder',
    received: created,
    ...changes,
  };
}

/** Views of datasets by several users, each its own id. */
export function someEvents(count: number, change: (index: number) => Fields = () => ({})): Event[] {
  const now = Date.now();
  return Array.from({ length: count }, (_, index) =>
    eventOf(
      {
        category: 'view_resource',
        type: 'dataset',
        resource_id: hexId(index % 50),
        user_id: hexId(1000 + (index % 20)),
        user_name: 'Ada Example',
        author_name: 'Carl Example',
        created: now - 60_000 + index,
        ...change(index),
      },
      { id: `event-${index}` },
    ),
  );
}

export function hexId(number: number): string {
  return (0x5a00_0000 + number).toString(16).padEnd(24, '7');
}

/** A clock that stands until a test moves it. */
export function standingClock(now = Date.now()): Clock & { advance(ms: number): void } {
  let passed = 0;
  return {
    now: () => now + passed,
    monotonic: () => passed,
    sleep: systemClock.sleep,
    advance: ms => {
      passed += ms;
    },
  };
}

/** Every line as the JSON text that it would be written as. */
export function collectingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const add = (fields: object, line: string): void => {
    lines.push(JSON.stringify({ ...fields, line }));
  };
  const log = { lines, trace: add, debug: add, info: add, warn: add, error: add, fatal: add, child: () => log };
  return log;
}
