/** The writes that sinks have under way: whoever changes what a destination has waits for those begun before. */
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

  /** Resolves when the writes that are under way now have ended. */
  async ended(sink: string): Promise<void> {
    await Promise.all(this.#begun.get(sink) ?? []);
  }
}
