import type { DeadLetter, DeadLetterPage, DeadLetterQuery, DeadLetterStore } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { decode } from '../events/decode.js';
import type { Backlog } from '../import/backlog.js';
import type { RedriveLimit } from '../sinks/sink.js';

/** Selects dead letters; a criterion that is left out matches all. */
export interface DeadLetterFilter {
  /** Part of the reason; case does not matter. */
  readonly reason?: string;
  readonly category?: string;
  /** When they were dead-lettered, epoch ms; `to` is exclusive. */
  readonly from?: number;
  readonly to?: number;
}

export interface RedriveRequest extends DeadLetterFilter {
  readonly sink: string;
  readonly keys?: readonly string[];
  /** At most this many, the oldest, and only while hardly anything waits for the sink. */
  readonly limit?: number;
  /** Only report what would happen. */
  readonly dryRun?: boolean;
  /** Ignore the sink's limit. */
  readonly force?: boolean;
}

export interface RedriveReport {
  readonly redriven: number;
  readonly refused: readonly { readonly key: string; readonly id: string; readonly reason: string }[];
  /** Dead letters of the sink that were not looked at, because the store does not list all; 0 if a limit was met. */
  readonly notReached: number;
}

const pageSize = 1000;
/** How many pages one filtered request may read: a filter that matches nothing must not read for ever. */
const maxPages = 100;
const keysAtOnce = 500;
/**
 * A portion is let in by parts of this many, each after a rest and when the sink has nothing to do: a live event waits
 * for about one write more. For each part that is waited for, ms, at most: a sink that lingers for a fuller batch
 * always has something to do, and gets its parts at this interval.
 */
const partSize = 100;
const patienceMs = 400;

export interface DeadLetterAdminOptions {
  readonly store: DeadLetterStore;
  readonly clock: Clock;
  readonly limitOf: (sink: string) => RedriveLimit | undefined;
  /** Holds back what is redriven in portions, for the sake of what happens now. */
  readonly backlog: Pick<Backlog, 'behind' | 'rest'>;
}

/** What people do with dead letters, whichever broker keeps them. */
export class DeadLetterAdmin {
  readonly #store: DeadLetterStore;
  readonly #clock: Clock;
  readonly #limitOf: DeadLetterAdminOptions['limitOf'];
  readonly #backlog: Pick<Backlog, 'behind' | 'rest'>;

  constructor({ store, clock, limitOf, backlog }: DeadLetterAdminOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#limitOf = limitOf;
    this.#backlog = backlog;
  }

  /** With a filter, a page may hold fewer than the limit even if more follow. */
  async list(query: DeadLetterQuery & DeadLetterFilter): Promise<DeadLetterPage> {
    const { reason, category, from, to, ...plain } = query;
    if (!filters(query)) return this.#store.list(plain);
    let cursor = plain.cursor;
    for (let page = 0; page < maxPages; page += 1) {
      const found = await this.#store.list({ ...plain, ...(cursor === undefined ? {} : { cursor }) });
      const deadLetters = found.deadLetters.filter(deadLetter => fits(deadLetter, query));
      if (deadLetters.length > 0 || found.nextCursor === null) return { deadLetters, nextCursor: found.nextCursor };
      cursor = found.nextCursor;
    }
    return { deadLetters: [], nextCursor: cursor ?? null };
  }

  /**
   * Back to that one sink's queue, behind what waits there. What is beyond the sink's limit stays, and the
   * report says why, unless `force` is set.
   * @throws TransientError when a portion (`limit`) has to wait for what happens now
   */
  async redrive(request: RedriveRequest): Promise<RedriveReport> {
    const { sink, limit, dryRun } = request;
    if (limit === undefined || dryRun === true) return this.#redrive(request);
    return this.#backlog.behind([sink], () => this.#redrive(request));
  }

  async #redrive(request: RedriveRequest): Promise<RedriveReport> {
    const { sink, keys, dryRun = false, force = false } = request;
    const limit = force ? undefined : this.#limitOf(sink);
    if (limit === undefined && !filters(request) && request.limit === undefined) {
      const redriven = dryRun
        ? await this.#countOf(sink, keys)
        : await this.#store.redrive(keys === undefined ? { sink } : { sink, keys });
      return { redriven, refused: [], notReached: 0 };
    }
    const { chosen, ...rest } = await this.#choose(request, limit);
    if (dryRun) return { redriven: chosen.length, ...rest };
    return { redriven: await this.#inParts(sink, chosen, request.limit !== undefined), ...rest };
  }

  async #choose(request: RedriveRequest, limit: RedriveLimit | undefined) {
    const { sink, keys, limit: atMost = Number.POSITIVE_INFINITY } = request;
    const chosen: string[] = [];
    const refused: { key: string; id: string; reason: string }[] = [];
    const someStay = limit !== undefined || keys !== undefined || filters(request);
    const page = someStay ? pageSize : Math.min(pageSize, atMost);
    // Counted before they are read: what dies meanwhile has not been passed over.
    const count = someStay && keys === undefined ? await this.#store.count(sink) : 0;
    let seen = 0;
    for await (const deadLetter of this.#all(sink, keys, page)) {
      seen += 1;
      if (!fits(deadLetter, request)) continue;
      const reason = limit === undefined ? undefined : tooOld(deadLetter, limit, this.#clock.now());
      if (reason === undefined) chosen.push(deadLetter.key);
      else refused.push({ key: deadLetter.key, id: deadLetter.id, reason });
      if (chosen.length >= atMost) return { chosen, refused, notReached: 0 };
    }
    return { chosen, refused, notReached: Math.max(0, count - seen) };
  }

  /** When a portion fails in the middle, the client hears how many came back, and why when it asks for the next. */
  async #inParts(sink: string, keys: readonly string[], isPortion: boolean): Promise<number> {
    const size = isPortion ? partSize : keysAtOnce;
    let redriven = 0;
    for (let start = 0; start < keys.length; start += size) {
      try {
        if (isPortion) await this.#backlog.rest(sink, this.#clock, patienceMs);
        redriven += await this.#store.redrive({ sink, keys: keys.slice(start, start + size) });
      } catch (error) {
        if (!isPortion || redriven === 0) throw error;
        break;
      }
    }
    return redriven;
  }

  /** Removes those that were dead-lettered before `before` (epoch ms). Resolves with how many. */
  async expire(sink: string, before: number): Promise<number> {
    let removed = 0;
    for (;;) {
      const { deadLetters } = await this.#store.list({ sink, limit: pageSize });
      const keys = deadLetters.filter(({ deadAt }) => deadAt < before).map(({ key }) => key);
      if (keys.length === 0) return removed;
      const gone = await this.#store.remove({ sink, keys });
      removed += gone;
      if (gone === 0 || keys.length < deadLetters.length) return removed;
    }
  }

  async #countOf(sink: string, keys: readonly string[] | undefined): Promise<number> {
    if (keys === undefined) return this.#store.count(sink);
    let count = 0;
    for await (const _deadLetter of this.#all(sink, keys)) count += 1;
    return count;
  }

  async *#all(sink: string, keys: readonly string[] | undefined, limit = pageSize): AsyncGenerator<DeadLetter> {
    const wanted = keys === undefined ? undefined : new Set(keys);
    let cursor: string | null | undefined;
    do {
      const page = await this.#store.list({ sink, limit, ...(cursor == null ? {} : { cursor }) });
      for (const deadLetter of page.deadLetters)
        if (wanted === undefined || wanted.has(deadLetter.key)) yield deadLetter;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }
}

function filters({ reason, category, from, to }: DeadLetterFilter): boolean {
  return reason !== undefined || category !== undefined || from !== undefined || to !== undefined;
}

function fits(deadLetter: DeadLetter, { reason, category, from, to }: DeadLetterFilter): boolean {
  if (reason !== undefined && !deadLetter.reason.toLowerCase().includes(reason.toLowerCase())) return false;
  if (from !== undefined && deadLetter.deadAt < from) return false;
  if (to !== undefined && deadLetter.deadAt >= to) return false;
  return category === undefined || eventOf(deadLetter)?.category === category;
}

function tooOld(deadLetter: DeadLetter, { withinMs, since, because }: RedriveLimit, now: number): string | undefined {
  const at = since === 'first-seen' ? deadLetter.firstSeen : (eventOf(deadLetter)?.created ?? deadLetter.firstSeen);
  return now - at > withinMs ? because : undefined;
}

function eventOf({ id, body, source, firstSeen }: DeadLetter) {
  const decoded = decode({ id, body, source, received: firstSeen }, firstSeen);
  return decoded.kind === 'undated' ? undefined : decoded.event;
}
