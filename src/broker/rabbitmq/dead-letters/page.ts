import type { DeadLetter } from '../../broker.js';

/**
 * Bytes of bodies in a page unless it is asked for less: with large bodies it holds
 * fewer dead letters than were asked for.
 */
const defaultBytes = 8 * 1024 * 1024;

/** Names a dead letter for good. Lists go by these keys, because the order in the queue changes. */
export function deadLetterKey(deadAt: number, id: string): string {
  return `${String(deadAt).padStart(15, '0')}-${id}`;
}

/** Collects a page: of the dead letters that it is given, in any order, it keeps the first ones behind a key. */
export class PageBuilder {
  readonly deadLetters: DeadLetter[] = [];
  readonly #limit: number;
  readonly #after: string | undefined;
  readonly #maxBytes: number;
  #bytes = 0;
  #more = false;

  constructor(limit: number, after: string | undefined, maxBytes = defaultBytes) {
    this.#limit = limit;
    this.#after = after;
    this.#maxBytes = maxBytes;
  }

  /** Some did not fit in. */
  get more(): boolean {
    return this.#more;
  }

  add(deadLetter: DeadLetter): void {
    if (this.#after !== undefined && deadLetter.key <= this.#after) return;
    let place = this.deadLetters.length;
    while (place > 0 && this.deadLetters[place - 1]!.key > deadLetter.key) place -= 1;
    this.deadLetters.splice(place, 0, deadLetter);
    this.#bytes += deadLetter.body.length;
    while (this.deadLetters.length > this.#limit || (this.#bytes > this.#maxBytes && this.deadLetters.length > 1)) {
      this.#bytes -= this.deadLetters.pop()!.body.length;
      this.#more = true;
    }
  }
}
