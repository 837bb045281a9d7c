/**
 * Ids of the messages of others that were settled last: as many as RabbitMQ could deliver once more because an
 * acknowledgement was lost. Equal messages may have one id, so they are counted: from when one is looked for first,
 * which mostly never happens.
 */
export class RecentIds {
  readonly #ids: string[];
  #counts: Map<string, number> | undefined;
  #total: number;

  constructor(ids: readonly string[] = [], total = ids.length) {
    this.#ids = [...ids];
    this.#total = total;
  }

  /** How many were ever added. */
  get total(): number {
    return this.#total;
  }

  add(ids: readonly string[]): void {
    for (const id of ids) this.#ids.push(id);
    if (this.#counts !== undefined) raise(this.#counts, ids);
    this.#total += ids.length;
  }

  /** Takes one of that id out, if it is there. */
  take(id: string): boolean {
    this.#counts ??= raise(new Map(), this.#ids);
    return lower(this.#counts, id);
  }

  /** Forgets the oldest beyond `keep`. */
  trim(keep: number): void {
    if (this.#ids.length <= keep * 2) return;
    const forgotten = this.#ids.splice(0, this.#ids.length - keep);
    if (this.#counts !== undefined) for (const id of forgotten) lower(this.#counts, id);
  }
}

function raise(counts: Map<string, number>, ids: readonly string[]): Map<string, number> {
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** False: it is not there. */
function lower(counts: Map<string, number>, id: string): boolean {
  const count = counts.get(id);
  if (count === undefined) return false;
  if (count === 1) counts.delete(id);
  else counts.set(id, count - 1);
  return true;
}
