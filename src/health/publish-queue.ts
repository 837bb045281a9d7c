import { type Backoff, backoff, backoffs } from '../backoff.js';
import type { Durability } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import type { Message } from '../events/message.js';

export interface PublishQueueOptions {
  readonly publish: (messages: readonly Message[]) => Promise<Durability>;
  readonly clock: Clock;
  /** They are durable. */
  readonly onPublished: (ids: ReadonlySet<string>) => void;
  readonly onError: (error: unknown, waitMs: number) => void;
  /** The oldest ones were given up: too many wait, or the daemon stops. */
  readonly onDropped: (count: number) => void;
  /** How many may wait. */
  readonly max: number;
  /** Resolves when it is time to publish. */
  readonly nextFlush: () => Promise<void>;
}

/** Events on their way to the publisher: tried until they are durable. */
export class PublishQueue {
  #waiting: readonly Message[] = [];
  #flushing: Promise<void> | undefined;
  #waits: Backoff;
  readonly #stopping = new AbortController();
  readonly #options: PublishQueueOptions;

  constructor(options: PublishQueueOptions) {
    this.#options = options;
    this.#waits = firstWait();
  }

  add(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    const { max, onDropped } = this.#options;
    const waiting = [...this.#waiting, ...messages];
    if (waiting.length > max) onDropped(waiting.length - max);
    this.#waiting = waiting.slice(-max);
    this.#flushing ??= this.#flush();
  }

  /** Waits for the attempt that is under way or about to begin, and makes no other. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#flushing;
    if (this.#waiting.length > 0) this.#options.onDropped(this.#waiting.length);
  }

  async #flush(): Promise<void> {
    const { publish, nextFlush, clock, onPublished, onError } = this.#options;
    const { signal } = this.#stopping;
    do {
      await nextFlush();
      const messages = this.#waiting;
      try {
        await publish(messages);
        const ids = new Set(messages.map(({ id }) => id));
        this.#waiting = this.#waiting.filter(({ id }) => !ids.has(id));
        this.#waits = firstWait();
        onPublished(ids);
      } catch (error) {
        if (signal.aborted) break;
        const [waitMs, after] = this.#waits.next();
        this.#waits = after;
        onError(error, waitMs);
        await clock.sleep(waitMs, signal);
      }
    } while (this.#waiting.length > 0 && !signal.aborted);
    this.#flushing = undefined;
  }
}

function firstWait(): Backoff {
  return backoff(backoffs.source);
}
