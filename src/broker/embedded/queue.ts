import type { Message, Source } from '../../events/message.js';
import type { QueueRow } from '../../storage/queues.js';
import type { Storage } from '../../storage/storage.js';

/** A message that was read from its queue, with its place there. */
export interface Taken {
  readonly seq: number;
  readonly bytes: number;
  readonly message: Message;
  readonly redelivered: boolean;
}

/**
 * What is handed out of one queue: in memory only, so that after a crash everything unsettled is handed out again.
 * Shared by the subscriptions of the queue, which compete.
 *
 * `position` is the last message read from the storage. What was read and came back waits in `returned`, in queue
 * order, and goes out first.
 */
export class EmbeddedQueue {
  readonly sink: string;
  readonly name: string;
  readonly number: number;
  readonly #storage: Pick<Storage, 'write'>;
  readonly #listeners = new Set<() => void>();
  /** The last message of the process before this one, which may have handed it out. */
  readonly #old: number;
  #position = 0;
  #returned: Taken[] = [];
  #taking: Promise<unknown> = Promise.resolve();
  /** Since the start; differences tell a subscription whether looking again is worth it. */
  arrived = { count: 0, bytes: 0 };

  constructor(
    storage: Pick<Storage, 'write'>,
    names: { sink: string; name: string },
    state: { number: number; end: number },
  ) {
    this.#storage = storage;
    this.sink = names.sink;
    this.name = names.name;
    this.number = state.number;
    this.#old = state.end;
  }

  /**
   * The next messages: at most `count`, of at most `bytes` in all; the first one whatever its size when `atLeastOne`.
   * `full` says that the next one did not fit.
   */
  async take(count: number, bytes: number, atLeastOne: boolean): Promise<{ taken: Taken[]; full: boolean }> {
    const mine = this.#taking.then(() => this.#take(count, bytes, atLeastOne));
    this.#taking = mine.catch(() => undefined);
    return mine;
  }

  giveBack(messages: readonly Taken[], redelivered: boolean): void {
    if (messages.length === 0) return;
    const back = messages.map(taken => ({ ...taken, redelivered: redelivered || taken.redelivered }));
    this.#returned = [...this.#returned, ...back].sort((a, b) => a.seq - b.seq);
    this.announce(
      messages.length,
      messages.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }

  /** More is there to be taken. */
  announce(count: number, bytes: number): void {
    this.arrived = { count: this.arrived.count + count, bytes: this.arrived.bytes + bytes };
    for (const listener of [...this.#listeners]) listener();
  }

  onArrival(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #take(count: number, bytes: number, atLeastOne: boolean): Promise<{ taken: Taken[]; full: boolean }> {
    const taken: Taken[] = [];
    let left = bytes;
    while (taken.length < count && this.#returned.length > 0) {
      const next = this.#returned[0]!;
      if (next.bytes > left && !(atLeastOne && taken.length === 0)) return { taken, full: true };
      this.#returned.shift();
      taken.push(next);
      left -= next.bytes;
    }
    if (taken.length === count) return { taken, full: false };
    if (left <= 0) return { taken, full: true };
    try {
      const { rows, more } = await this.#storage.write('take', {
        queue: this.number,
        after: this.#position,
        count: count - taken.length,
        bytes: left,
        atLeastOne: atLeastOne && taken.length === 0,
      });
      this.#position = rows.at(-1)?.[0] ?? this.#position;
      taken.push(...rows.map(row => this.#read(row)));
      return { taken, full: more };
    } catch (error) {
      this.#returned.unshift(...taken);
      throw error;
    }
  }

  #read([seq, id, source, received, timestamp, body]: QueueRow): Taken {
    const message = { id, body, source: source as Source, received, ...(timestamp === null ? {} : { timestamp }) };
    return { seq, bytes: Buffer.byteLength(body), message, redelivered: seq <= this.#old };
  }
}
