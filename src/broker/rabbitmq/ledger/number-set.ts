/**
 * A set of positive integers as ranges without gaps: numbers that are given out in order are
 * few ranges, however many they are.
 */
export class NumberSet {
  /** Ascending, disjoint, not touching; inclusive at both ends. */
  #from: number[] = [];
  #to: number[] = [];
  #size = 0;

  /** As `toString` writes it. @throws RangeError when it is something else */
  static parse(text: string): NumberSet {
    const set = new NumberSet();
    for (const part of text === '' ? [] : text.split(',')) {
      const [from, to = from] = part.split('-').map(Number);
      if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) throw new RangeError(`not ranges: ${text}`);
      set.add(from as number, to);
    }
    return set;
  }

  /** How many numbers. */
  get size(): number {
    return this.#size;
  }

  get rangeCount(): number {
    return this.#from.length;
  }

  *ranges(): Generator<readonly [from: number, to: number]> {
    for (const [index, from] of this.#from.entries()) yield [from, this.#to[index]!];
  }

  has(number: number): boolean {
    const index = this.#find(number);
    return index < this.#from.length && this.#from[index]! <= number;
  }

  /** Whether any of these is in it. */
  meets(from: number, to: number): boolean {
    const index = this.#find(from);
    return index < this.#from.length && this.#from[index]! <= to;
  }

  /** Returns how many of these were not in it. */
  add(from: number, to = from): number {
    const last = this.#to.length - 1;
    // The usual case: the next number.
    if (last >= 0 && this.#to[last]! + 1 === from) {
      this.#to[last] = to;
      this.#size += to - from + 1;
      return to - from + 1;
    }
    const first = this.#find(from - 1);
    let end = first;
    let present = 0;
    let low = from;
    let high = to;
    while (end < this.#from.length && this.#from[end]! <= to + 1) {
      present += Math.max(0, Math.min(to, this.#to[end]!) - Math.max(from, this.#from[end]!) + 1);
      low = Math.min(low, this.#from[end]!);
      high = Math.max(high, this.#to[end]!);
      end += 1;
    }
    this.#from.splice(first, end - first, low);
    this.#to.splice(first, end - first, high);
    const added = to - from + 1 - present;
    this.#size += added;
    return added;
  }

  /** Returns how many of these were in it. */
  remove(from: number, to = from): number {
    const first = this.#find(from);
    let end = first;
    let removed = 0;
    const rest: (readonly [number, number])[] = [];
    while (end < this.#from.length && this.#from[end]! <= to) {
      const [low, high] = [this.#from[end]!, this.#to[end]!];
      removed += Math.min(to, high) - Math.max(from, low) + 1;
      if (low < from) rest.push([low, from - 1]);
      if (high > to) rest.push([to + 1, high]);
      end += 1;
    }
    if (removed === 0) return 0;
    this.#from.splice(first, end - first, ...rest.map(([low]) => low));
    this.#to.splice(first, end - first, ...rest.map(([, high]) => high));
    this.#size -= removed;
    return removed;
  }

  addAll(other: NumberSet): number {
    let added = 0;
    for (const [from, to] of other.ranges()) added += this.add(from, to);
    return added;
  }

  removeAll(other: NumberSet): number {
    let removed = 0;
    for (const [from, to] of other.ranges()) removed += this.remove(from, to);
    return removed;
  }

  /** A new set: what is in this and in none of the others. */
  without(...others: readonly NumberSet[]): NumberSet {
    const rest = new NumberSet();
    rest.#from = [...this.#from];
    rest.#to = [...this.#to];
    rest.#size = this.#size;
    for (const other of others) rest.removeAll(other);
    return rest;
  }

  /** A new set: the lowest numbers of this. */
  lowest(count: number): NumberSet {
    const lowest = new NumberSet();
    for (const [from, to] of this.ranges()) {
      if (lowest.size >= count) break;
      lowest.add(from, Math.min(to, from + count - lowest.size - 1));
    }
    return lowest;
  }

  clear(): void {
    this.#from = [];
    this.#to = [];
    this.#size = 0;
  }

  /** Closes gaps that may be closed, from the lowest on, until at most `maxRanges` are left. */
  closeGaps(maxRanges: number, mayClose: (from: number, to: number) => boolean): void {
    let index = 0;
    while (this.#from.length > maxRanges && index + 1 < this.#from.length) {
      const [from, to] = [this.#to[index]! + 1, this.#from[index + 1]! - 1];
      if (mayClose(from, to)) this.add(from, to);
      else index += 1;
    }
  }

  /** `1-5,7`. */
  toString(): string {
    return [...this.ranges()].map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
  }

  /** The first range that ends at this number or beyond it. */
  #find(number: number): number {
    let low = 0;
    let high = this.#to.length;
    if (high > 0 && this.#to[high - 1]! < number) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#to[middle]! < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
