import type { WriteCall } from '../storage/calls.js';

interface Part {
  /** The same list until something is added. */
  readonly calls: readonly WriteCall[];
  clear(): void;
}

/** What several write down in one commit: the same list until one of theirs is another. */
export class CommitCalls {
  readonly #parts: readonly Part[];
  #lists: readonly (readonly WriteCall[])[] = [];
  #calls: readonly WriteCall[] = [];

  constructor(...parts: readonly Part[]) {
    this.#parts = parts;
  }

  get calls(): readonly WriteCall[] {
    const lists = this.#parts.map(({ calls }) => calls);
    if (lists.length !== this.#lists.length || lists.some((list, place) => list !== this.#lists[place])) {
      this.#lists = lists;
      this.#calls = lists.flat();
    }
    return this.#calls;
  }

  clear(): void {
    for (const part of this.#parts) part.clear();
  }
}
