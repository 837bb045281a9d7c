import type { DeadLetter } from '../../broker.js';

/** A page of a thousand large bodies is a shorter page and not a gigabyte. */
const PAGE_BYTES = 8 * 1024 * 1024;

/** Names a dead letter for good; in the order of these keys they are listed, because the order in the queue changes. */
export function letterKey(deadAt: number, id: string): string {
  return `${String(deadAt).padStart(15, '0')}-${id}`;
}

/** Of the letters that it is shown, in whatever order, it keeps the first behind a key. */
export class LetterPage {
  readonly letters: DeadLetter[] = [];
  readonly #limit: number;
  readonly #after: string | undefined;
  #bytes = 0;
  #more = false;

  constructor(limit: number, after: string | undefined) {
    this.#limit = limit;
    this.#after = after;
  }

  /** Some did not find room. */
  get more(): boolean {
    return this.#more;
  }

  add(letter: DeadLetter): void {
    if (this.#after !== undefined && letter.key <= this.#after) return;
    let place = this.letters.length;
    while (place > 0 && this.letters[place - 1]!.key > letter.key) place -= 1;
    this.letters.splice(place, 0, letter);
    this.#bytes += letter.body.length;
    while (this.letters.length > this.#limit || (this.#bytes > PAGE_BYTES && this.letters.length > 1)) {
      this.#bytes -= this.letters.pop()!.body.length;
      this.#more = true;
    }
  }
}
