/**
 * Counts distinct things by 64-bit hashes of them, exactly up to a bound. (That two of 100,000 share a hash is less
 * likely than 1 in 10⁹.) Open addressing over one array: no object for each thing.
 */
export class DistinctSet {
  readonly #max: number;
  #table = new Uint32Array(2 * 64);
  #mask = 63;
  #size = 0;
  #capped = false;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** There were more than the bound; `size` stands at it. */
  get capped(): boolean {
    return this.#capped;
  }

  /** True: it is new, and there was room for it. */
  add(high: number, low: number): boolean {
    // 0, 0 marks a free place.
    const first = high >>> 0;
    const second = (low | (first === 0 ? 1 : 0)) >>> 0;
    const table = this.#table;
    let place = second & this.#mask;
    for (;;) {
      const a = table[2 * place]!;
      const b = table[2 * place + 1]!;
      if (a === first && b === second) return false;
      if (a === 0 && b === 0) break;
      place = (place + 1) & this.#mask;
    }
    if (this.#size >= this.#max) {
      this.#capped = true;
      return false;
    }
    table[2 * place] = first;
    table[2 * place + 1] = second;
    this.#size += 1;
    if (this.#size * 2 > this.#mask) this.#grow();
    return true;
  }

  /** @see restore */
  save(): string {
    const entries = new Uint32Array(2 * this.#size + 1);
    entries[0] = this.#capped ? 1 : 0;
    let at = 1;
    for (let place = 0; place <= this.#mask; place += 1) {
      const a = this.#table[2 * place]!;
      const b = this.#table[2 * place + 1]!;
      if (a === 0 && b === 0) continue;
      entries[at] = a;
      entries[at + 1] = b;
      at += 2;
    }
    return Buffer.from(entries.buffer).toString('base64');
  }

  static restore(max: number, saved: string): DistinctSet {
    const set = new DistinctSet(max);
    const bytes = Uint8Array.from(Buffer.from(saved, 'base64'));
    const entries = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
    for (let at = 1; at + 1 < entries.length; at += 2) set.add(entries[at]!, entries[at + 1]!);
    set.#capped ||= entries[0] === 1;
    return set;
  }

  #grow(): void {
    const old = this.#table;
    this.#mask = 2 * this.#mask + 1;
    this.#table = new Uint32Array(2 * (this.#mask + 1));
    this.#size = 0;
    for (let at = 0; at < old.length; at += 2) if (old[at] !== 0 || old[at + 1] !== 0) this.add(old[at]!, old[at + 1]!);
  }
}
