import { UnderWay } from '../under-way.js';

/** What is on its way into the daemon's own storage, or to its broker, beside the writes of sinks. */
export const toBroker = 'broker';

/**
 * What is under way to each sink, and to the broker, from before it was judged until it is there: whoever changes what
 * lies there waits for what was begun before.
 */
export class Writes {
  readonly #sinks = new Map<string, UnderWay>();

  /** Returns what ends it. */
  begin(sink: string): () => void {
    return this.#of(sink).begin();
  }

  /** It is under way as long as the work is. */
  during<Result>(sink: string, work: () => Promise<Result>): Promise<Result> {
    return this.#of(sink).during(work);
  }

  /** Resolves when the writes that are under way now have ended. */
  async ended(...sinks: readonly string[]): Promise<void> {
    await Promise.all(sinks.map(sink => this.#of(sink).ended()));
  }

  #of(sink: string): UnderWay {
    const underWay = this.#sinks.get(sink) ?? new UnderWay();
    this.#sinks.set(sink, underWay);
    return underWay;
  }
}
