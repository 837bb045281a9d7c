import nact from 'nact';
import { ask, spawnSupervisor, startRoot, stopTree } from '../../actors/actor.js';
import type { ConsumerMessage } from '../../actors/protocol.js';
import type { Broker } from '../../src/broker/broker.js';
import type { Clock } from '../../src/clock.js';
import type { FirstSeen } from '../../src/delivery/prepare.js';
import type { CategoryFilter } from '../../src/events/filter.js';
import { type Log, silentLog } from '../../src/log.js';
import type { PersonalLevel } from '../../src/people/personal-data.js';
import type { SinkDefinition, SinkTools } from '../../src/sinks/sink.js';
import { StatusBoard } from '../../src/status/board.js';
import type { KeyValues } from '../../src/storage/key-values.js';
import { superviseSink } from '../../supervisors/delivery.js';
import { escalate } from '../../supervisors/restart.js';
import { hastyClock } from './clock.js';
import { MemoryQueue } from './memory-broker.js';
import { straight } from './outgoing.js';

export interface DeliverySetup {
  readonly definition: SinkDefinition;
  readonly config?: unknown;
  readonly personal?: PersonalLevel;
  readonly tools?: Partial<SinkTools>;
  readonly queue?: MemoryQueue;
  /** How the queue is opened, when it is not there at once. */
  readonly subscribe?: () => Promise<MemoryQueue>;
  readonly clock?: Clock;
  readonly count?: number;
  readonly rate?: number;
  readonly concurrency?: number;
  readonly holdMs?: number;
  readonly writeDeadlineMs?: number;
  readonly filter?: CategoryFilter;
  readonly log?: Log;
}

/** A real consumer and sink actor, supervised as in the daemon, on a queue in memory. */
export function startDelivery(setup: DeliverySetup) {
  const {
    definition,
    count = 100,
    holdMs = 600_000,
    writeDeadlineMs = 30_000,
    filter = { matches: () => true },
  } = setup;
  const queue = setup.queue ?? new MemoryQueue();
  const clock = setup.clock ?? hastyClock();
  const subscribe = async (_sink: string, prefetch: number): Promise<MemoryQueue> => {
    queue.prefetch = prefetch;
    return queue;
  };
  const board = new StatusBoard(clock);
  const stopping = new AbortController();
  const giveUp = new AbortController();
  const root = startRoot();
  const delivery = spawnSupervisor(root, 'delivery', board, escalate);
  const tools: SinkTools = {
    name: definition.name,
    log: setup.log ?? silentLog,
    clock,
    keyValues: memoryInMemory(),
    events: { insert: async () => ({ duplicates: 0, conflicts: [] }) },
    outgoing: straight,
    usage: { fold: async () => 0 },
    notifications: { add: async () => 0 },
    idSecret: 'a secret for tests',
    ...setup.tools,
  };
  const { consumer } = superviseSink(
    delivery,
    {
      definition,
      config: setup.config ?? {},
      queue: { sink: definition.name, name: `event-sink.${definition.name}`, adopted: false },
      place: 'the test',
      queueSetting: `${definition.prefix}_QUEUE`,
      filterSetting: `${definition.prefix}_CATEGORIES`,
      batch: { count, bytes: 4_000_000, lingerMs: 0 },
      filter,
      personal: setup.personal ?? 'full',
      rate: setup.rate,
      concurrency: setup.concurrency ?? 1,
      given: '',
    },
    tools,
    {
      broker: { subscribe: setup.subscribe ?? subscribe } as unknown as Broker,
      board,
      clock,
      log: setup.log ?? silentLog,
      meter: { written: () => {}, failed: () => {} },
      firstSeen: firstSeenInMemory(),
      holdMs,
      writeDeadlineMs,
      stopping: stopping.signal,
      giveUp: giveUp.signal,
      random: () => 0.99,
      idSecret: 'a secret of a test',
    },
  );
  return {
    queue,
    board,
    clock,
    consumer,
    state: (actor: 'sink' | 'consumer') => board.get(`delivery/${definition.name}/${actor}`),
    drain: () => {
      stopping.abort();
      return ask<void>(reply => nact.dispatch(consumer, { type: 'drain', reply } satisfies ConsumerMessage));
    },
    giveUp: () => giveUp.abort(),
    /** Stops everything, however it stands; what does not end in time is given up. */
    async stop(): Promise<void> {
      stopping.abort();
      const patience = setTimeout(() => giveUp.abort(), 1_000);
      await ask<void>(reply => nact.dispatch(consumer, { type: 'drain', reply } satisfies ConsumerMessage));
      clearTimeout(patience);
      await stopTree(root);
    },
  };
}

function firstSeenInMemory(): FirstSeen {
  const seen = new Map<string, number>();
  return async ids => {
    for (const id of ids) if (!seen.has(id)) seen.set(id, Date.now());
    return new Map(ids.map(id => [id, seen.get(id)!]));
  };
}

export function memoryInMemory(): KeyValues {
  const entries = new Map<string, string>();
  return {
    get: async keys => new Map(keys.flatMap(key => (entries.has(key) ? [[key, entries.get(key)!] as const] : []))),
    put: async added => {
      for (const [key, value] of added) entries.set(key, value);
    },
  };
}
