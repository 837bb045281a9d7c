/** What has been begun since somebody last asked for the end of everything. */
interface Begun {
  count: number;
  onEnd?: () => void;
}

/**
 * Counts work that is under way, so that others can wait for its end.
 *
 * A set of promises would do the same. But a Set or a Map leaves a table behind at each change of its size, which
 * points to the next one, and an Array that is emptied at its front leaves behind what it held. Once such a thing has
 * reached the old generation, all that follows outlives its use until the next full collection: every list of events
 * did. So what comes and goes with each request is counted, or put into a new list.
 */
export class UnderWay {
  #begun: Begun = { count: 0 };
  /** Resolves when all that was ever asked for has ended. */
  #asked: Promise<void> = Promise.resolve();

  /** Returns what ends it; to call that again changes nothing. */
  begin(): () => void {
    const begun = this.#begun;
    begun.count += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      begun.count -= 1;
      if (begun.count === 0) begun.onEnd?.();
    };
  }

  /** It is under way as long as the work is, also when that fails. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    const end = this.begin();
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** Resolves when everything that is under way now has ended, whatever is begun meanwhile. */
  ended(): Promise<void> {
    const begun = this.#begun;
    if (begun.count > 0) {
      this.#begun = { count: 0 };
      const over = new Promise<void>(resolve => {
        begun.onEnd = resolve;
      });
      const before = this.#asked;
      this.#asked = over.then(() => before);
    }
    return this.#asked;
  }
}
