import { backoff, backoffs } from '../../backoff.js';
import type { Clock } from '../../clock.js';
import { describe } from '../../errors.js';
import type { Log } from '../../log.js';
import type { Storage } from '../../storage/storage.js';
import { UnderWay } from '../../under-way.js';
import type { BatchLimits, Delivery, Settlement, Subscription } from '../broker.js';
import type { EmbeddedQueue, Taken } from './queue.js';

export interface EmbeddedTools {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * One consumer of an embedded queue. A delivery is `held` from the moment it is handed out until it is settled or given
 * back; one that is not held (any more) is stale, and settling or requeueing it does nothing.
 *
 * open → paused → open … → closed. Pausing and closing wake a waiting `next`, wait for settlements that were begun,
 * and give back the rest.
 */
export class EmbeddedSubscription implements Subscription {
  readonly #queue: EmbeddedQueue;
  readonly #prefetch: number;
  readonly #tools: EmbeddedTools;
  readonly #onClose: () => void;
  readonly #held = new Map<Delivery, Taken>();
  readonly #settling = new UnderWay();
  #state: 'open' | 'paused' | 'closed' = 'open';
  #next: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => undefined;
  /** Being settled: no longer to be given back, but within the prefetch until it is durable. */
  #leaving = 0;

  constructor(queue: EmbeddedQueue, prefetch: number, tools: EmbeddedTools, onClose: () => void) {
    this.#queue = queue;
    this.#prefetch = prefetch;
    this.#tools = tools;
    this.#onClose = onClose;
  }

  get unsettled(): number {
    return this.#held.size + this.#leaving;
  }

  get consuming(): boolean {
    return this.#state === 'open';
  }

  next(limits: BatchLimits, signal: AbortSignal): Promise<Delivery[]> {
    const batch = this.#gather(limits, signal);
    this.#next = batch.catch(() => undefined);
    return batch;
  }

  /** Throws when the disk is full, say: the deliveries are held as before, so the same call can be made again. */
  async settle(settlement: Settlement): Promise<void> {
    const done = this.#release(settlement.done);
    const dead = settlement.dead.flatMap(({ delivery, ...kept }) =>
      this.#release([delivery]).map(entry => ({ entry, deadLetter: { ...kept, seq: entry[1].seq } })),
    );
    const leaving = [...done, ...dead.map(({ entry }) => entry)];
    if (leaving.length === 0) return;
    const duplicates = Math.min(settlement.duplicates, done.length);
    const filtered = Math.min(settlement.filtered, done.length - duplicates);
    const tooOld = Math.min(settlement.tooOld ?? 0, done.length - duplicates - filtered);
    const args = {
      queue: this.#queue.number,
      seqs: leaving.map(([, { seq }]) => seq).sort((a, b) => a - b),
      duplicates,
      filtered,
      tooOld,
      erased: Math.min(settlement.erased ?? 0, done.length - duplicates - filtered - tooOld),
      dead: dead.map(({ deadLetter }) => deadLetter),
    };
    this.#leaving += leaving.length;
    const ended = this.#settling.begin();
    try {
      await this.#tools.storage.write('settle', args);
    } catch (error) {
      for (const [delivery, taken] of leaving) this.#held.set(delivery, taken);
      throw error;
    } finally {
      this.#leaving -= leaving.length;
      ended();
      this.#wake();
    }
  }

  async requeue(deliveries: readonly Delivery[]): Promise<void> {
    const back = this.#release(deliveries).map(([, taken]) => taken);
    this.#queue.giveBack(back, true);
  }

  async pause(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'paused';
    await this.#giveBackAll();
  }

  async resume(): Promise<void> {
    if (this.#state === 'paused') this.#state = 'open';
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    await this.#giveBackAll();
    this.#onClose();
  }

  async #giveBackAll(): Promise<void> {
    this.#wake();
    await this.#next;
    await this.#settling.ended();
    await this.requeue([...this.#held.keys()]);
  }

  /** Waits for the first message, then for more until a limit is reached or the linger is over. */
  async #gather(limits: BatchLimits, signal: AbortSignal): Promise<Delivery[]> {
    const { clock } = this.#tools;
    const batch: Taken[] = [];
    let bytes = 0;
    let deadline = Number.POSITIVE_INFINITY;
    while (!this.#stopped(signal)) {
      const { arrived } = this.#queue;
      const room = Math.min(limits.count - batch.length, this.#prefetch - this.unsettled - batch.length);
      let full = room <= 0 && batch.length > 0;
      if (room > 0) {
        const got = await this.#take(room, limits.bytes - bytes, batch.length === 0, signal);
        if (batch.length === 0 && got.taken.length > 0) deadline = clock.monotonic() + limits.lingerMs;
        batch.push(...got.taken);
        for (const taken of got.taken) bytes += taken.bytes;
        full = got.full || got.taken.length === room || bytes >= limits.bytes;
      }
      if (this.#stopped(signal)) break;
      const left = deadline - clock.monotonic();
      if (batch.length > 0 && (full || left <= 0)) return batch.map(taken => this.#handOut(taken));
      await this.#wait(left, signal, () => {
        if (this.unsettled + batch.length >= this.#prefetch) return false;
        if (room <= 0) return true;
        const count = this.#queue.arrived.count - arrived.count;
        if (batch.length === 0) return count > 0;
        // While lingering, another look is worth it when what came fills the batch.
        return (
          count >= limits.count - batch.length || this.#queue.arrived.bytes - arrived.bytes >= limits.bytes - bytes
        );
      });
    }
    this.#queue.giveBack(batch, false);
    return [];
  }

  #stopped(signal: AbortSignal): boolean {
    return signal.aborted || this.#state !== 'open';
  }

  /** A storage that fails (a full disk, say) is asked again until it answers: nothing is lost by waiting. */
  async #take(
    count: number,
    bytes: number,
    atLeastOne: boolean,
    signal: AbortSignal,
  ): Promise<{ taken: Taken[]; full: boolean }> {
    const { log } = this.#tools;
    let pause = backoff(backoffs.storageRead);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#queue.take(count, bytes, atLeastOne);
      } catch (error) {
        if (attempt === 1) log.warn({ queue: this.#queue.name, reason: describe(error) }, 'queue.stalled');
        const [ms, after] = pause.next();
        pause = after;
        await this.#wait(ms, signal, () => false);
        if (this.#stopped(signal)) return { taken: [], full: false };
      }
    }
  }

  /** Resolves when `ready`, after `ms`, or when the subscription or the signal stops. */
  async #wait(ms: number, signal: AbortSignal, ready: () => boolean): Promise<void> {
    if (ready() || this.#stopped(signal)) return;
    const over = new AbortController();
    const end = (): void => over.abort();
    const check = (): void => {
      if (ready() || this.#stopped(signal)) end();
    };
    const forget = this.#queue.onArrival(check);
    this.#wake = check;
    signal.addEventListener('abort', end, { once: true });
    try {
      if (Number.isFinite(ms)) await this.#tools.clock.sleep(ms, over.signal);
      else await new Promise<void>(resolve => over.signal.addEventListener('abort', () => resolve(), { once: true }));
    } finally {
      forget();
      signal.removeEventListener('abort', end);
      this.#wake = () => undefined;
    }
  }

  #handOut(taken: Taken): Delivery {
    const delivery: Delivery = { ...taken.message, redelivered: taken.redelivered };
    this.#held.set(delivery, taken);
    return delivery;
  }

  /** Those that were held are not held any more. */
  #release(deliveries: readonly Delivery[]): [Delivery, Taken][] {
    const released: [Delivery, Taken][] = [];
    for (const delivery of deliveries) {
      const taken = this.#held.get(delivery);
      if (taken !== undefined && this.#held.delete(delivery)) released.push([delivery, taken]);
    }
    return released;
  }
}
