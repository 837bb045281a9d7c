/** What is on its way into the daemon's own storage, or to its broker, beside the writes of sinks. */
export const toBroker = 'broker';

/**
 * What is under way to each sink, and to the broker, from before it was judged until it is there: whoever changes what
 * lies there waits for what was begun before.
 */
export class Writes {
  readonly #begun = new Map<string, Set<Promise<void>>>();

  /** Returns what ends it. */
  begin(sink: string): () => void {
    let end = (): void => {};
    const ended = new Promise<void>(resolve => {
      end = resolve;
    });
    const begun = this.#begun.get(sink) ?? new Set();
    this.#begun.set(sink, begun.add(ended));
    return () => {
      begun.delete(ended);
      end();
    };
  }

  /** It is under way as long as the work is. */
  async during<Result>(sink: string, work: () => Promise<Result>): Promise<Result> {
    const end = this.begin(sink);
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** Resolves when the writes that are under way now have ended. */
  async ended(...sinks: readonly string[]): Promise<void> {
    await Promise.all(sinks.flatMap(sink => [...(this.#begun.get(sink) ?? [])]));
  }
}
