import type { DeadDelivery, Delivery, Settlement } from '../broker/broker.js';
import type { SinkStalls } from '../event-loop/stalls.js';
import type { Event } from '../events/event.js';
import { halves } from '../halves.js';
import type { Suppression } from '../people/suppression.js';
import type { WriteResult } from '../sinks/sink.js';

/** An event, the delivery it came in, and what it has been through. */
export interface Item {
  readonly event: Event;
  readonly delivery: Delivery;
  /** Writes that it was part of. */
  attempts: number;
  /** Writes that failed as a bug with this event alone. */
  alone: number;
  /** The generation of the suppression list by which the event was judged as it is; undefined: it was not. */
  readonly judged?: number | undefined;
  /** Since when it is in hand, where its sink asked for it to wait, monotonic ms. */
  deferredAt?: number;
}

/** What became of a segment that was written. */
export interface Outcome {
  readonly done: Delivery[];
  readonly duplicates: number;
  /** How many of `done` were too old for the destination. */
  readonly tooOld: number;
  readonly dead: DeadDelivery[];
  readonly deferred: Item[];
}

/** Kept from batch to batch: whether anything has succeeded since an event was last dead-lettered as a bug. */
export interface Evidence {
  healthy: boolean;
}

/** What may take events out before they are written. */
export interface Suspicions {
  readonly stalls?: Pick<SinkStalls, 'isSuspect' | 'convicted' | 'settled' | 'room'> | undefined;
  /** Whose events go nowhere any more. */
  readonly suppression?: Pick<Suppression, 'judge' | 'isEmpty' | 'generation'> | undefined;
}

/** An event that fails this often alone is a suspect. */
const triesAlone = 3;
/** In characters. A reason is kept with its dead letter, logged and listed. */
const maxReasonLength = 1000;

/** With this many suspects and not one success, the sink is at fault and not the events. */
const suspectsToPark = 3;

/**
 * What is in hand on its way to a sink, and the search for a culprit when the sink throws a bug.
 *
 * The batch is a list of segments; the first are written next. A segment that is written leaves with its verdict. One
 * that fails as a bug is split in two; an event that fails three times alone becomes a suspect. As soon as any event of
 * the batch succeeds, the sink works, so the suspects are culprits: they leave as dead letters. When every event so far
 * has failed, the batch is parked: nothing leaves, and each slow try takes the next event in turn, until one succeeds.
 * A batch of a single event cannot tell the two apart: the event is taken for the culprit if the sink has succeeded
 * since the last such verdict, and otherwise the batch is parked.
 */
export class Batch {
  #segments: (readonly Item[])[];
  #suspects: { item: Item; reason: string }[] = [];
  #succeeded = false;
  #parked = false;
  readonly #evidence: Evidence;
  readonly #stalls: Suspicions['stalls'];
  readonly #suppression: Suspicions['suppression'];

  /** @param parts each goes out in a write of its own, or in several */
  constructor(parts: readonly (readonly Item[])[], evidence: Evidence, { stalls, suppression }: Suspicions = {}) {
    this.#segments = parts.filter(({ length }) => length > 0).map(items => [...items]);
    this.#evidence = evidence;
    this.#stalls = stalls;
    this.#suppression = suppression;
  }

  get parked(): boolean {
    return this.#parked;
  }

  get segments(): readonly (readonly Item[])[] {
    return this.#segments;
  }

  /** What to write next; undefined when the batch is finished. */
  get next(): readonly Item[] | undefined {
    return this.#segments[0];
  }

  /**
   * What to write next: at most `most` segments at once, of at most `size` events each; the others follow. No two of
   * them hold the same id, an event that may have stopped the event loop is written with nothing beside it, and there
   * are no more than can be noted as at work.
   */
  nextOf(size: number, most = 1): readonly (readonly Item[])[] {
    const ids = new Set<string>();
    let room = this.#stalls?.room ?? Number.POSITIVE_INFINITY;
    const fits = (segment: readonly Item[]): boolean => {
      for (const { event } of segment) room -= event.id.length + 1;
      if (ids.size === 0) return true;
      return room >= 0 && !segment.some(({ event: { id } }) => ids.has(id) || this.#stalls?.isSuspect(id));
    };
    let count = 0;
    for (let segment = this.#segments[0]; count < most && segment !== undefined; segment = this.#segments[count]) {
      if (segment.length > size) {
        // About as large as each other: the last would otherwise be a small one, which is answered sooner.
        const part = Math.ceil(segment.length / Math.ceil(segment.length / size));
        this.#segments.splice(count, 1, segment.slice(0, part), segment.slice(part));
      }
      const next = this.#segments[count]!;
      if (!fits(next)) break;
      count += 1;
      if (most > 1) for (const { event } of next) ids.add(event.id);
    }
    return this.#segments.slice(0, count);
  }

  /** What leaves before the next write: what people who were erased meanwhile did, and events that stop the loop. */
  leaving(): Settlement {
    const done = this.#erased();
    return { done, erased: done.length, duplicates: 0, filtered: 0, dead: this.#stalled() };
  }

  #erased(): Delivery[] {
    const suppression = this.#suppression;
    if (suppression === undefined || suppression.isEmpty) return [];
    const { generation } = suppression;
    const erased: Delivery[] = [];
    const clean = (item: Item): Item[] => {
      if (item.judged === generation) return [item];
      const event = suppression.judge(item.event);
      if (event !== 'theirs') return [{ ...item, event, judged: generation }];
      erased.push(item.delivery);
      return [];
    };
    this.#segments = this.#segments.map(segment => segment.flatMap(clean)).filter(({ length }) => length > 0);
    this.#suspects = this.#suspects.flatMap(suspect => clean(suspect.item).map(item => ({ ...suspect, item })));
    return erased;
  }

  /**
   * Events that may have stopped the event loop are written alone, after the others; those that did,
   * again and again, leave as dead letters.
   */
  #stalled(): DeadDelivery[] {
    const stalls = this.#stalls;
    if (stalls === undefined) return [];
    const isSuspect = ({ event }: Item): boolean => stalls.isSuspect(event.id);
    if (!this.#segments.some(segment => segment.some(isSuspect))) return [];
    const dead: DeadDelivery[] = [];
    const alone: Item[][] = [];
    const rest: Item[][] = [];
    for (const segment of this.#segments) {
      rest.push(segment.filter(item => !isSuspect(item)));
      for (const item of segment.filter(isSuspect)) {
        const reason = stalls.convicted(item.event.id);
        if (reason === undefined) alone.push([item]);
        else dead.push({ delivery: item.delivery, reason, fault: 'bug', attempts: item.attempts });
      }
    }
    stalls.settled(dead.map(({ delivery }) => delivery.id));
    this.#segments = [...rest.filter(segment => segment.length > 0), ...alone];
    return dead;
  }

  /** How many events have no verdict yet. */
  get size(): number {
    return this.#suspects.length + this.#segments.reduce((sum, segment) => sum + segment.length, 0);
  }

  /** Adds events to a parked batch: one that succeeds proves that the sink works. */
  grow(items: readonly Item[]): void {
    if (items.length > 0) this.#segments.push([...items]);
    if (this.#parked) this.#segments = this.#segments.flat().map(item => [item]);
  }

  /** The sink answered for a segment. */
  written(result: WriteResult, segment = this.next ?? []): Outcome {
    this.#replace(segment);
    this.#stalls?.settled(segment.map(({ event }) => event.id));
    const rejected = new Map((result.rejected ?? []).map(({ index, reason }) => [index, reason]));
    const waiting = new Set(result.deferred?.indexes ?? []);
    const done: Delivery[] = [];
    const dead: DeadDelivery[] = [];
    const deferred: Item[] = [];
    for (const [index, item] of segment.entries()) {
      item.attempts += 1;
      const { delivery, attempts } = item;
      const reason = rejected.get(index);
      if (reason !== undefined) dead.push({ delivery, reason: shortened(reason), fault: 'poison', attempts });
      else if (waiting.has(index)) deferred.push(item);
      else done.push(delivery);
    }
    this.#succeeded = true;
    if (this.#parked) this.#unpark();
    this.#evidence.healthy = true;
    dead.push(...this.#convict());
    return { done, duplicates: result.duplicates ?? 0, tooOld: result.tooOld?.length ?? 0, dead, deferred };
  }

  /** The sink failed at a segment with a bug. Returns the dead letters that this decides. */
  failed(reason: string, segment = this.next ?? []): DeadDelivery[] {
    for (const item of segment) item.attempts += 1;
    const [item] = segment;
    if (item === undefined) return [];
    if (segment.length > 1) {
      this.#replace(segment, ...halves(segment));
      return [];
    }
    item.alone += 1;
    if (!this.#parked && item.alone < triesAlone) return [];
    this.#replace(segment);
    if (this.#parked) {
      this.#segments.push([item]);
      return [];
    }
    this.#suspects.push({ item, reason: shortened(reason) });
    if (this.#succeeded) return this.#convict();
    if (this.#segments.length > 0 && this.#suspects.length < suspectsToPark) return [];
    if (this.size === 1 && this.#evidence.healthy) {
      this.#evidence.healthy = false;
      return this.#convict();
    }
    this.#park();
    return [];
  }

  /** A segment could not be written because of the destination. */
  held(segment = this.next ?? []): void {
    for (const item of segment) item.attempts += 1;
  }

  /** In its place, or nothing. */
  #replace(segment: readonly Item[], ...others: (readonly Item[])[]): void {
    const index = this.#segments.indexOf(segment);
    if (index >= 0) this.#segments.splice(index, 1, ...others);
  }

  #park(): void {
    this.#parked = true;
    const suspects = this.#suspects.map(({ item }) => [item]);
    this.#suspects = [];
    this.#segments = [...this.#segments.flat().map(item => [item]), ...suspects];
  }

  #unpark(): void {
    this.#parked = false;
    const rest = this.#segments.flat();
    this.#segments = rest.length === 0 ? [] : [rest];
  }

  #convict(): DeadDelivery[] {
    const dead = this.#suspects.map(({ item, reason }) => ({
      delivery: item.delivery,
      reason,
      fault: 'bug' as const,
      attempts: item.attempts,
    }));
    this.#suspects = [];
    return dead;
  }
}

function shortened(reason: string): string {
  return reason.length > maxReasonLength ? `${reason.slice(0, maxReasonLength)}…` : reason;
}
