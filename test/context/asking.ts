import { systemClock } from '../../src/clock.js';
import type { ClowderConfig } from '../../src/context/clowder/client.js';
import { Context } from '../../src/context/context.js';
import type { Resource } from '../../src/context/resource.js';
import type { ResourceStore } from '../../src/context/store.js';
import { resourceStore } from '../../src/context/store.js';
import type { Event } from '../../src/events/event.js';
import { Outgoing } from '../../src/outgoing.js';
import type { Storage } from '../../src/storage/storage.js';
import { hastyClock } from '../helpers/clock.js';
import { recordingLog } from '../helpers/recording-log.js';
import { until } from '../helpers/wait.js';

export interface ScenePlan {
  /** Where Clowder is. */
  readonly url?: string;
  readonly apiKey?: string;
  readonly storage?: Storage;
  /** Waits of the daemon are cut to this, ms; undefined = they are as long as they are. */
  readonly maxSleepMs?: number;
}

/** A context as the daemon has it, and what it logs. */
export async function openContext({ url, apiKey, storage, maxSleepMs }: ScenePlan = {}) {
  const { log, lines } = recordingLog();
  const clowder: ClowderConfig | undefined = url === undefined ? undefined : { url, origin: url, apiKey };
  const context = await Context.open({
    clowder,
    store: storage === undefined ? storeInMemory() : resourceStore(storage),
    outgoing: new Outgoing({ http: undefined, https: undefined, exceptions: [] }),
    clock: maxSleepMs === undefined ? systemClock : hastyClock(maxSleepMs),
    log,
  });
  return { context, lines };
}

export function storeInMemory(): ResourceStore & { readonly saved: Map<string, Resource> } {
  const saved = new Map<string, Resource>();
  return {
    saved,
    newest: async count => [...saved].slice(-count),
    get: async ids => [...saved].filter(([id]) => ids.includes(id)),
    put: async entries => {
      for (const [id, resource] of entries) saved.set(id, resource);
    },
  };
}

export function eventOf(fields: Readonly<Record<string, unknown>>): Event {
  const { category = 'page_view', type } = fields;
  return {
    id: 'e1',
    created: 1_700_000_000_000,
    category: category as string,
    type: type as string | undefined,
    fields: { category, ...fields },
    body: JSON.stringify({ category, ...fields }),
    source: category === 'page_view' || category === 'resource_download' ? 'nginx' : 'clowder',
    received: 1_700_000_000_001,
  };
}

/** Has the event heard, and waits until nothing more is asked. */
export async function heard(context: Context, ...events: readonly Event[]): Promise<void> {
  for (const event of events) context.hear(event);
  await until(() => context.status.waiting === 0, 'every answer');
}
