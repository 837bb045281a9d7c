import { type Backoff, backoff, backoffs } from '../backoff.js';
import type { Clock } from '../clock.js';
import { describe, TransientError } from '../errors.js';
import type { Log } from '../log.js';
import { RepeatedWarning } from '../repeated-warning.js';
import type { ResourceCache } from './cache.js';
import { NoClowderError } from './clowder/client.js';
import type { Clowder } from './clowder/clowder.js';
import type { Learnt } from './clowder/reply.js';
import type { Resource, ResourceKind } from './resource.js';

export interface AskerOptions {
  readonly clowder: Pick<Clowder, 'ask' | 'api'>;
  readonly cache: ResourceCache;
  readonly clock: Clock;
  readonly log: Log;
}

/** From the start of one question to the start of the next, at least, ms. One is under way at a time. */
const spacingMs = 100;
/** Resources that wait to be asked about. Those beyond are asked about when an event mentions them again. */
const maxWaiting = 1_000;
/** Once this many wait, pages add no more: what anybody can send keeps nothing else from being asked about. */
const maxWaitingForPages = 100;
/** A resource at which Clowder fails so often is left alone for as long as one that is missing. */
const maxAttempts = 3;
/** An answer is good for this long, ms: what is known, and what is private, missing or failed. */
const knownMs = 86_400_000;
const unknownMs = 3_600_000;
/** Resources that an answer speaks of beside those that wait, and that are learnt. */
const maxUnasked = 2_000;

/** What stands in the way of asking. */
export interface Obstacle {
  readonly reason: string;
  /** Epoch ms. */
  readonly since: number;
}

/**
 * Asks Clowder about resources, in the background: one question at a time, ten a second at most, one for each resource
 * a day. While Clowder is away, the first in the queue is tried again after growing waits, and what the log says of it
 * is one line. Nobody waits for an answer.
 */
export class Asker {
  readonly #options: AskerOptions;
  readonly #waiting = new Map<string, { readonly kind: ResourceKind; attempts: number }>();
  readonly #stopping = new AbortController();
  readonly #warning: RepeatedWarning;
  /** Datasets that events or answers have named, the newest last. */
  readonly #datasets = new Set<string>();
  #running: Promise<void> | undefined;
  #waits: Backoff = backoff(backoffs.clowder);
  #obstacle: Obstacle | undefined;

  constructor(options: AskerOptions) {
    this.#options = options;
    this.#warning = new RepeatedWarning({ ...options, event: 'clowder.unanswered' });
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get obstacle(): Obstacle | undefined {
    return this.#obstacle;
  }

  /** Asks when its turn comes, unless the last answer is still good. `fromPage`: a page mentioned it. */
  want(id: string, kind: ResourceKind, known: Resource | undefined, fromPage = false): void {
    if (kind === 'dataset' && !fromPage) this.#noteDataset(id);
    const room = fromPage ? maxWaitingForPages : maxWaiting;
    if (this.#waiting.has(id) || this.#waiting.size >= room || this.#isFresh(known)) return;
    if (this.#stopping.signal.aborted) return;
    this.#waiting.set(id, { kind, attempts: 0 });
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  #isFresh(known: Resource | undefined): boolean {
    if (known?.asked === undefined) return false;
    const age = this.#options.clock.now() - known.asked;
    // A clock that was ahead when Clowder answered keeps nothing for ever.
    return age > -unknownMs && age < (known.outcome === 'known' ? knownMs : unknownMs);
  }

  #noteDataset(id: string): void {
    this.#datasets.delete(id);
    this.#datasets.add(id);
    const [oldest] = this.#datasets;
    if (this.#datasets.size > maxWaiting && oldest !== undefined) this.#datasets.delete(oldest);
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    for (let [next] = this.#waiting; next !== undefined && !signal.aborted; [next] = this.#waiting) {
      const [id, { kind }] = next;
      const began = clock.monotonic();
      const pauseMs = await this.#ask(id, kind);
      await clock.sleep(Math.max(pauseMs, spacingMs - (clock.monotonic() - began)), signal);
    }
    this.#running = undefined;
  }

  /** Returns how long to wait, ms. */
  async #ask(id: string, kind: ResourceKind): Promise<number> {
    const { clowder, cache } = this.#options;
    const known = cache.get(id)?.dataset;
    const candidates = (): string[] => [...(known === undefined ? [] : [known]), ...[...this.#datasets].reverse()];
    const moreFiles = [...this.#waiting].some(([other, { kind }]) => kind === 'file' && other !== id);
    try {
      this.#learn(id, kind, await clowder.ask({ kind, id, candidates, moreFiles }, this.#stopping.signal));
    } catch (error) {
      if (this.#stopping.signal.aborted) return 0;
      return this.#failed(id, kind, error);
    }
    this.#waits = backoff(backoffs.clowder);
    this.#warning.clear();
    if (this.#obstacle !== undefined) this.#options.log.info({}, 'clowder.answering');
    this.#obstacle = undefined;
    return 0;
  }

  #learn(asked: string, kind: ResourceKind, { outcome, resources }: Learnt): void {
    const { cache } = this.#options;
    if (outcome !== 'known') cache.answered(asked, { kind }, outcome);
    let unasked = 0;
    const parents = new Map<string, ResourceKind>();
    for (const [id, facts] of resources) {
      const isAsked = id === asked || this.#waiting.has(id);
      if (!isAsked) unasked += 1;
      if (unasked > maxUnasked && !isAsked) continue;
      cache.answered(id, facts, 'known');
      this.#waiting.delete(id);
      if (!isAsked) continue;
      if (facts.dataset !== undefined) parents.set(facts.dataset, 'dataset');
      for (const space of facts.spaces ?? []) parents.set(space, 'space');
    }
    this.#waiting.delete(asked);
    for (const [id, parent] of parents) this.want(id, parent, cache.get(id));
  }

  #failed(id: string, kind: ResourceKind, error: unknown): number {
    const { cache, clock } = this.#options;
    const waiting = this.#waiting.get(id);
    this.#warning.warn(describe(error));
    this.#obstacle = { since: this.#obstacle?.since ?? clock.now(), reason: describe(error) };
    // The others get their turn before it is tried again.
    this.#waiting.delete(id);
    if (waiting !== undefined) {
      waiting.attempts += error instanceof NoClowderError && error.failed ? 1 : 0;
      if (waiting.attempts < maxAttempts) this.#waiting.set(id, waiting);
      else cache.answered(id, { kind }, 'failed');
    }
    // It was about this one resource: while Clowder is away, those that were not answered go on waiting.
    if (this.#waiting.size === 0) this.#obstacle = undefined;
    const [waitMs, after] = this.#waits.next();
    this.#waits = after;
    return Math.max(waitMs, error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0);
  }
}
