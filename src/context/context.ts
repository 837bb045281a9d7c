import type { Clock } from '../clock.js';
import type { Event, Fields, Context as Known } from '../events/event.js';
import type { Log } from '../log.js';
import type { Outgoing } from '../outgoing.js';
import { Asker, type Obstacle } from './asker.js';
import { ResourceCache } from './cache.js';
import { ClowderClient, type ClowderConfig } from './clowder/client.js';
import { Clowder } from './clowder/clowder.js';
import type { ApiVersion } from './clowder/reply.js';
import { contextFields } from './fields.js';
import { type Learn, learnFrom, learnFromQuery, type Mentioning, type Mentions, mentionsOf } from './mentions.js';
import { merged, type Rank, type Resource, ranks } from './resource.js';
import type { ResourceStore } from './store.js';

export interface ContextOptions {
  /** Undefined: only events tell. */
  readonly clowder: ClowderConfig | undefined;
  readonly store: ResourceStore;
  readonly outgoing: Outgoing;
  readonly clock: Clock;
  readonly log: Log;
  /** Whose resources belong to nobody any more. */
  readonly isErased?: (person: string) => boolean;
}

export interface ContextStatus {
  /** Resources in memory. */
  readonly resources: number;
  /** Resources that Clowder is yet to be asked about. */
  readonly waiting: number;
  /** Which Clowder answers; null until that is known. */
  readonly clowder: ApiVersion | null;
  /** Why Clowder cannot be asked; null = it can. */
  readonly obstacle: Obstacle | null;
}

/**
 * What is known of Clowder's resources beyond what an event says: learnt from events as they pass, from the query of
 * their addresses, and from Clowder. Nothing here makes an event wait for Clowder.
 */
export class Context {
  readonly #cache: ResourceCache;
  readonly #asker: Asker | undefined;
  readonly #api: () => ApiVersion | undefined;

  readonly #learn: Record<'fromQuery' | 'fromEvent', Learn> = {
    fromQuery: (id, facts) => this.#cache.learn(id, facts, ranks.query),
    fromEvent: (id, facts) => this.#cache.learn(id, facts, ranks.event),
  };

  private constructor(cache: ResourceCache, asker: Asker | undefined, api: () => ApiVersion | undefined) {
    this.#cache = cache;
    this.#asker = asker;
    this.#api = api;
  }

  static async open({ clowder: config, store, outgoing, clock, log, isErased }: ContextOptions): Promise<Context> {
    const cache = await ResourceCache.open({ store, clock, log, isErased });
    if (config === undefined) return new Context(cache, undefined, () => undefined);
    const now = (): number => clock.now();
    const clowder = new Clowder(new ClowderClient(config, outgoing, now), now);
    return new Context(cache, new Asker({ clowder, cache, clock, log }), () => clowder.api);
  }

  /**
   * Learns from an event that passes, and has Clowder asked about what it mentions.
   * @param said what it mentions, from whoever knows that already
   */
  hear(event: Mentioning, said = mentionsOf(event)): void {
    const mentions = learnFromEvent(event, said, this.#learn);
    if (mentions === null) return;
    const fromPage = event.source === 'browser';
    const asker = this.#asker;
    if (asker === undefined) return;
    const { subject, kind, file, query } = mentions;
    const dataset = mentions.dataset ?? query?.dataset;
    const space = mentions.space ?? query?.space;
    const known = subject === undefined ? undefined : this.#cache.get(subject);
    const subjectKind = kind ?? known?.kind;
    if (subject !== undefined && subjectKind !== undefined) asker.want(subject, subjectKind, known, fromPage);
    if (file !== undefined) asker.want(file, 'file', this.#cache.get(file), fromPage);
    if (dataset !== undefined) asker.want(dataset, 'dataset', this.#cache.get(dataset), fromPage);
    if (space !== undefined) asker.want(space, 'space', this.#cache.get(space), fromPage);
  }

  /** The fields that are known beside those of the event; undefined = none. */
  of(event: Mentioning, mentions = mentionsOf(event)): Known | undefined {
    return mentions === null ? undefined : contextFields(mentions, event.fields, id => this.#cache.get(id));
  }

  /**
   * The event with what is known beside it. Its id, its text and every field of its own stay as they are.
   * @param mentions as for `hear`
   */
  addTo(event: Event, mentions = mentionsOf(event)): Event {
    return withContext(event, this.of(event, mentions));
  }

  /** As `addTo` makes it once the event was heard; nothing is learnt, and nobody is asked. */
  preview(event: Event): Event {
    return preview(event, id => this.#cache.get(id));
  }

  /**
   * Brings what only the disk knows of these events' resources into memory. Undefined = everything is there, as it is
   * unless Clowder has very many resources.
   */
  load(events: () => Iterable<Mentioning>): Promise<void> | undefined {
    return this.#cache.load(() => idsIn(events()));
  }

  /** Clowder is being asked about something, and may answer in a moment. */
  get isAsking(): boolean {
    const asker = this.#asker;
    return asker !== undefined && asker.waiting > 0 && asker.obstacle === undefined;
  }

  get status(): ContextStatus {
    const { waiting = 0, obstacle } = this.#asker ?? {};
    return { resources: this.#cache.size, waiting, clowder: this.#api() ?? null, obstacle: obstacle ?? null };
  }

  /** Forgets what is in memory: some of it may be gone from the disk. */
  forget(): Promise<void> {
    return this.#cache.clear();
  }

  async close(): Promise<void> {
    await this.#asker?.close();
    await this.#cache.close();
  }
}

/**
 * The event with what it says itself, and what is known, of the resources that it mentions.
 * @param find what is known of a resource
 */
export function preview(event: Event, find: (id: string) => Resource | undefined): Event {
  const heard = new Map<string, Resource>();
  const known = (id: string): Resource | undefined => heard.get(id) ?? find(id);
  const learn = (rank: Rank): Learn => {
    return (id, facts) => heard.set(id, merged(known(id), facts, rank));
  };
  const mentions = mentionsOf(event);
  learnFromEvent(event, mentions, { fromQuery: learn(ranks.query), fromEvent: learn(ranks.event) });
  return withContext(event, mentions === null ? undefined : contextFields(mentions, event.fields, known));
}

/** What an event says of resources; null where it mentions none, or names what may not exist. */
function learnFromEvent(
  event: Mentioning,
  said: Mentions | null,
  { fromQuery, fromEvent }: Readonly<Record<'fromQuery' | 'fromEvent', Learn>>,
): Mentions | null {
  const mentions = isRefused(event) ? null : said;
  const { source, fields } = event;
  // What a page sends, anybody can send; what a log line says of places, its query says; what is imported was so once.
  if (mentions === null || source === 'browser' || source === 'import') return mentions;
  learnFrom(mentions, fields, source === 'nginx' ? fromQuery : fromEvent);
  learnFromQuery(mentions, fromQuery);
  return mentions;
}

function withContext(event: Event, context: Known | undefined): Event {
  if (context === undefined) return event;
  const fields = both(event.fields, context);
  return event.exact === undefined
    ? { ...event, fields, context }
    : { ...event, fields, exact: both(event.exact, context), context };
}

/**
 * A request that was not answered well names what may not exist: visitors who make up ids would have Clowder asked
 * about them, and would push what is known out of the cache.
 */
function isRefused({ source, fields }: Mentioning): boolean {
  return source === 'nginx' && typeof fields.status === 'number' && fields.status >= 400;
}

function* idsIn(events: Iterable<Mentioning>): Generator<string> {
  for (const event of events) {
    const mentions = mentionsOf(event);
    if (mentions === null) continue;
    const { subject, file, dataset, space, collection, query } = mentions;
    for (const id of [subject, file, dataset, space, collection, query?.dataset, query?.space])
      if (id !== undefined) yield id;
  }
}

/** Spreading two objects into one of more than a few members takes 30 µs in Node 20, assigning them 0.6. */
function both(fields: Fields, context: Known): Fields {
  // A field of this name would become the prototype.
  return Object.hasOwn(fields, '__proto__') ? { ...fields, ...context } : Object.assign({}, fields, context);
}
