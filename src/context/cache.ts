import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import { RepeatedWarning } from '../repeated-warning.js';
import { type Facts, merged, type Outcome, type Rank, type Resource, ranks } from './resource.js';
import type { ResourceStore } from './store.js';

export interface CacheOptions {
  readonly store: ResourceStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Resources in memory, at most. */
  readonly maxInMemory?: number;
  /** Whose resources belong to nobody any more. */
  readonly isErased?: ((person: string) => boolean) | undefined;
}

const defaultMaxInMemory = 10_000;
/** What is new waits this long for more, so that many changes are one write, ms. */
const flushMs = 1_000;
/** Resources of one write, and resources that may wait for theirs: more than that are learnt again later. */
const maxPerFlush = 500;
const maxUnsaved = 5_000;

/**
 * What is known of resources: in memory, where events meet it, and on the disk.
 *
 * Memory has two generations. What is looked at moves to the young one; when that holds half of what may be in memory,
 * it becomes the old one, and what nobody looked at since is forgotten there. As long as nothing was forgotten, what is
 * not in memory is nowhere, and the disk need not be asked.
 */
export class ResourceCache {
  readonly #options: CacheOptions;
  readonly #half: number;
  #young = new Map<string, Resource>();
  #old = new Map<string, Resource>();
  /** There may be resources on the disk that are not in memory. */
  #forgot = false;
  readonly #unsaved = new Map<string, Resource>();
  #flushing: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #warning: RepeatedWarning;

  private constructor(options: CacheOptions) {
    this.#options = options;
    this.#half = Math.ceil((options.maxInMemory ?? defaultMaxInMemory) / 2);
    this.#warning = new RepeatedWarning({ ...options, event: 'context.unsaved' });
  }

  /** With what the disk has. A disk that cannot be read is as good as empty: what was on it is learnt again. */
  static async open(options: CacheOptions): Promise<ResourceCache> {
    const cache = new ResourceCache(options);
    try {
      const saved = await options.store.newest(cache.#half);
      for (const [id, resource] of saved) cache.#old.set(id, resource);
      cache.#forgot = saved.length === cache.#half;
    } catch (error) {
      options.log.warn({ reason: describe(error) }, 'context.unread');
    }
    return cache;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(id: string): Resource | undefined {
    const young = this.#young.get(id);
    if (young !== undefined) return young;
    const old = this.#old.get(id);
    if (old === undefined) return undefined;
    this.#old.delete(id);
    this.#keep(id, old);
    return old;
  }

  /** Undefined when everything that is known of these, and of where they are, is in memory already. Never rejects. */
  load(ids: () => Iterable<string>): Promise<void> | undefined {
    if (!this.#forgot) return undefined;
    const missing = this.#missing(ids());
    return missing.size === 0 ? undefined : this.#load(missing, ids);
  }

  /** A file leads to its dataset, and that to its space: each is known once the one before it is there. */
  async #load(first: ReadonlySet<string>, ids: () => Iterable<string>): Promise<void> {
    const tried = new Set<string>();
    let missing = first;
    try {
      for (let round = 0; round < 3 && missing.size > 0; round += 1) {
        for (const [id, resource] of await this.#options.store.get([...missing])) {
          if (this.get(id) === undefined) this.#keep(id, resource);
        }
        for (const id of missing) tried.add(id);
        missing = new Set([...this.#missing(ids())].filter(id => !tried.has(id)));
      }
    } catch (error) {
      this.#warning.warn(describe(error));
    }
  }

  #missing(ids: Iterable<string>): Set<string> {
    const missing = new Set<string>();
    const check = (id: string | undefined, levels: number): void => {
      if (id === undefined) return;
      const resource = this.get(id);
      if (resource === undefined) missing.add(id);
      else if (levels > 0) for (const parent of [resource.dataset, resource.spaces?.[0]]) check(parent, levels - 1);
    };
    for (const id of ids) check(id, 2);
    return missing;
  }

  learn(id: string, facts: Facts, rank: Rank): void {
    const known = this.get(id);
    const resource = merged(known, facts, rank);
    if (resource !== known) this.#put(id, resource);
  }

  /** What Clowder said, and when. */
  answered(id: string, facts: Facts, outcome: Outcome): void {
    const asked = this.#options.clock.now();
    const known = this.get(id);
    const resource =
      outcome === 'known' ? merged(known, facts, ranks.clowder) : (known ?? merged(known, facts, ranks.query));
    this.#put(id, { ...resource, asked, outcome });
  }

  /** Writes what is not on the disk yet; for the end. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#flushing;
    while (this.#unsaved.size > 0 && (await this.#flush())) {}
  }

  /** Nothing is in memory any more: it is read from the disk, or learnt again. */
  async clear(): Promise<void> {
    this.#young = new Map();
    this.#old = new Map();
    this.#forgot = true;
    this.#unsaved.clear();
    await this.#flushing;
  }

  #put(id: string, found: Resource): void {
    const resource = this.#withoutErased(found);
    this.#old.delete(id);
    this.#keep(id, resource);
    if (this.#unsaved.size >= maxUnsaved && !this.#unsaved.has(id)) return;
    this.#unsaved.set(id, resource);
    this.#flushing ??= this.#flushSoon();
  }

  #withoutErased(resource: Resource): Resource {
    if (resource.owner === undefined || this.#options.isErased?.(resource.owner) !== true) return resource;
    const { owner: _erased, ...facts } = resource;
    return facts;
  }

  #keep(id: string, resource: Resource): void {
    this.#young.set(id, resource);
    if (this.#young.size < this.#half) return;
    this.#forgot ||= this.#old.size > 0;
    this.#old = this.#young;
    this.#young = new Map();
  }

  async #flushSoon(): Promise<void> {
    const { clock } = this.#options;
    while (this.#unsaved.size > 0 && !this.#closing.signal.aborted) {
      await clock.sleep(flushMs, this.#closing.signal);
      if (!this.#closing.signal.aborted) await this.#flush();
    }
    this.#flushing = undefined;
  }

  /** Whether it was written; what was not waits for the next time. */
  async #flush(): Promise<boolean> {
    const entries = [...this.#unsaved].slice(0, maxPerFlush);
    try {
      await this.#options.store.put(entries);
      for (const [id, resource] of entries) if (this.#unsaved.get(id) === resource) this.#unsaved.delete(id);
      this.#warning.clear();
      return true;
    } catch (error) {
      this.#warning.warn(describe(error));
      return false;
    }
  }
}
