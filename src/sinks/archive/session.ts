import { setImmediate } from 'node:timers/promises';
import type { Event } from '../../events/event.js';
import type { SinkSession, SinkTools, WriteResult } from '../sink.js';
import { packFile } from './files.js';
import { FolderStore } from './folder.js';
import { KnownIds } from './known-ids.js';
import { dayOfEvent, lineOf } from './line.js';
import type { LedgerCounts } from './manifest.js';
import { type ArchiveConfig, openStore } from './open-store.js';
import { keepSealing } from './sealer.js';
import type { ArchiveStore } from './store.js';

export async function openArchive(config: ArchiveConfig, tools: SinkTools): Promise<SinkSession> {
  const { log, clock } = tools;
  const store = openStore(config, tools);
  if (store instanceof FolderStore) await store.tidy(clock.now());
  const session = new ArchiveSession(store, tools);
  session.keepSealing(config.sealMs);
  log.debug({ place: store.place }, 'archive.opened');
  return session;
}

/** For `event-sink check`: makes nothing. */
export async function openArchiveCheck(config: ArchiveConfig, tools: SinkTools) {
  const store = openStore(config, tools);
  return { probe: (signal: AbortSignal) => store.probe(signal), close: async () => {} };
}

class ArchiveSession implements SinkSession {
  readonly #store: ArchiveStore;
  readonly #tools: SinkTools;
  readonly #known: KnownIds;
  readonly #closing = new AbortController();
  #sealing: Promise<void> = Promise.resolve();

  constructor(store: ArchiveStore, tools: SinkTools) {
    this.#store = store;
    this.#tools = tools;
    this.#known = new KnownIds(store, tools.log);
  }

  keepSealing(sealMs: number): void {
    const { clock, log, ledger, name } = this.#tools;
    this.#sealing = keepSealing({
      ...{ store: this.#store, clock, log, sealMs, signal: this.#closing.signal },
      ...(ledger === undefined ? {} : { counted: (from: number, to: number) => countsOf(ledger, name, from, to) }),
    });
  }

  /** One part for each day that has something new. */
  async write(events: readonly Event[], signal: AbortSignal): Promise<WriteResult> {
    let duplicates = 0;
    for (const [day, its] of byDay(events)) {
      const known = await this.#known.of(day, signal);
      const fresh = new Map<string, string>();
      for (const event of its) if (!known.has(event.id) && !fresh.has(event.id)) fresh.set(event.id, lineOf(event));
      duplicates += its.length - fresh.size;
      if (fresh.size === 0) continue;
      const { name, bytes } = await packFile(day, [...fresh.values()], this.#tools.clock.now(), true);
      signal.throwIfAborted();
      await this.#store.put(name, bytes, signal);
      this.#known.add(day, name, fresh.keys());
      await setImmediate();
    }
    return { duplicates };
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.#store.probe(signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#sealing;
  }
}

function byDay(events: readonly Event[]): Map<string, Event[]> {
  const days = new Map<string, Event[]>();
  for (const event of events) {
    const day = dayOfEvent(event);
    const its = days.get(day) ?? [];
    its.push(event);
    days.set(day, its);
  }
  return days;
}

/** What was counted for a sink between two times; undefined where the ledger does not reach back so far. */
async function countsOf(
  ledger: NonNullable<SinkTools['ledger']>,
  sink: string,
  from: number,
  to: number,
): Promise<LedgerCounts | undefined> {
  const { since, hours } = await ledger();
  if (since > from) return undefined;
  const counts = { accepted: 0, delivered: 0, duplicates: 0, filtered: 0, too_old: 0, erased: 0, dead: 0 };
  for (const row of hours) {
    if (row.sink !== sink || row.hour === null || row.hour < from || row.hour >= to) continue;
    for (const name of Object.keys(counts) as (keyof LedgerCounts)[]) counts[name] += row[name];
  }
  return counts;
}
