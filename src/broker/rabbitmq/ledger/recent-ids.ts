/**
 * Ids of the messages of others that were settled last: as many as RabbitMQ could deliver once more because an
 * acknowledgement was lost. Equal messages may have one id, so they are counted.
 */
export class RecentIds {
  readonly #ids: string[];
  readonly #counts = new Map<string, number>();
  #total: number;

  constructor(ids: readonly string[] = [], total = ids.length) {
    this.#ids = [...ids];
    this.#total = total;
    for (const id of ids) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /** How many were ever added. */
  get total(): number {
    return this.#total;
  }

  add(ids: readonly string[]): void {
    for (const id of ids) {
      this.#ids.push(id);
      this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    }
    this.#total += ids.length;
  }

  /** Takes one of that id out, if it is there. */
  take(id: string): boolean {
    const count = this.#counts.get(id);
    if (count === undefined) return false;
    this.#lower(id, count);
    return true;
  }

  /** Forgets the oldest beyond `keep`. */
  trim(keep: number): void {
    if (this.#ids.length <= keep * 2) return;
    for (const id of this.#ids.splice(0, this.#ids.length - keep)) {
      const count = this.#counts.get(id);
      if (count !== undefined) this.#lower(id, count);
    }
  }

  #lower(id: string, count: number): void {
    if (count === 1) this.#counts.delete(id);
    else this.#counts.set(id, count - 1);
  }
}
