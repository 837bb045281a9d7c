/** Counts that a broker does not give while it is away, or too slow: each stays what it was last. */
export class LastKnown {
  readonly #counts = new Map<string, number>();
  readonly #count: (name: string) => Promise<number>;

  constructor(count: (name: string) => Promise<number>) {
    this.#count = count;
  }

  /** Undefined before the first that could be had. Never rejects. */
  async of(name: string): Promise<number | undefined> {
    try {
      this.#counts.set(name, await this.#count(name));
    } catch {
      // What was counted last.
    }
    return this.#counts.get(name);
  }
}
