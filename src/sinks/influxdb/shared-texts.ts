/**
 * One copy of each text, for texts that come again and again and are kept for long: what is put together anew for each
 * event costs four times its length as long as it is kept in its parts.
 */
export class SharedTexts {
  readonly #texts = new Map<string, string>();
  readonly #max: number;

  /** Beyond `max` different texts it starts afresh. */
  constructor(max: number) {
    this.#max = max;
  }

  of(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= this.#max) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
