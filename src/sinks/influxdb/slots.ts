import { createHash } from 'node:crypto';
import type { KeyValues } from '../../storage/key-values.js';

/**
 * InfluxDB keeps one point per series (measurement and tags) and nanosecond: a second one overwrites it. Events have
 * milliseconds, so each gets a **slot**, one of the million nanoseconds in its millisecond: its **home**, a hash of its
 * id, or, where another event of the same series sits there, the next free one. The same id has the same slot for ever,
 * so that writing an event again rewrites its own point.
 *
 * Homes need no record. What has to be remembered is who sits where:
 * - in memory, for the recent (series, millisecond) groups of this session (about 50,000 events);
 * - durably, **before the write**, the whole group as soon as one of its ids had to move or it has more than 16 ids.
 *   From then on nothing in that group depends on memory: retries, restarts and kills change no slot. Kept for 7 days.
 *
 * What remains, and is accepted: a small group (up to 16 ids, none moved) that leaves memory, by a restart or because
 * 50,000 events came since, and gets a **new** event afterwards, loses an old point when the two homes are equal: at
 * most 16 in a million for that event. The same holds for events of one group more than 7 days apart, and between
 * several daemons that consume one queue, as each remembers only its own (odds: the product of their shares of the
 * group in a million).
 */
export const slotsPerMs = 1_000_000;

/**
 * Beyond that, a free slot would be hard to find; more events than this in one millisecond of one series are refused.
 */
const maxInGroup = 900_000;
const persistAbove = 16;
const keepMs = 7 * 24 * 3_600_000;
const defaultMaxInMemory = 50_000;
const newestKey = 'slots/newest';

export interface Place {
  readonly id: string;
  readonly created: number;
  /** Escaped measurement and tags. */
  readonly series: string;
}

/** What is kept of a place that is alone in its millisecond: it is held much longer than its event. */
class Single {
  readonly id: string;
  readonly series: string;

  constructor({ id, series }: Place) {
    this.id = id;
    this.series = series;
  }
}

export class Slots {
  readonly #keyValues: KeyValues;
  readonly #maxInMemory: number;
  /**
   * By millisecond, in order of first use, so that the oldest leave first; then by series, where there are several. An
   * event that is alone in its millisecond, as most are, sits at its home and needs no group.
   */
  readonly #groups = new Map<number, Single | Group | Map<string, Group>>();
  #size = 0;
  /** The latest `created` of any durable group: later ones need not be looked up. */
  #newest: number;

  private constructor(keyValues: KeyValues, newest: number, maxInMemory: number) {
    this.#keyValues = keyValues;
    this.#newest = newest;
    this.#maxInMemory = maxInMemory;
  }

  static async open(keyValues: KeyValues, maxInMemory = defaultMaxInMemory): Promise<Slots> {
    const newest = (await keyValues.get([newestKey])).get(newestKey);
    return new Slots(keyValues, newest === undefined ? -1 : Number(newest), maxInMemory);
  }

  /**
   * The slot of each place, in order; undefined where its group is full. Everything that a retry needs is durable when
   * it resolves. When it rejects, these slots must not be used, and this object not again.
   */
  async assign(places: readonly Place[]): Promise<(number | undefined)[]> {
    const slots = new Array<number | undefined>(places.length);
    const others: number[] = [];
    for (let index = 0; index < places.length; index += 1) {
      const place = places[index]!;
      if (this.#isAlone(place)) slots[index] = homeOf(place.id);
      else others.push(index);
    }
    const groups = await this.#groupsOf(others.map(index => places[index]!));
    for (const [n, index] of others.entries()) slots[index] = groups[n]!.take(places[index]!.id);
    const inUse = new Set(groups);
    await this.#persist(inUse);
    this.#forget(inUse);
    return slots;
  }

  #isAlone(place: Place): boolean {
    const { created } = place;
    const there = this.#groups.get(created);
    if (there === undefined && created > this.#newest) {
      this.#groups.set(created, new Single(place));
      this.#size += 1;
      return true;
    }
    return there instanceof Single && there.id === place.id && there.series === place.series;
  }

  async #groupsOf(places: readonly Place[]): Promise<Group[]> {
    const unknown: Group[] = [];
    const groups = places.map(({ created, series }) => {
      const found = this.#find(created, series);
      if (found !== undefined) return found;
      const group = new Group(created, series);
      this.#add(group);
      if (created <= this.#newest) unknown.push(group);
      return group;
    });
    if (unknown.length > 0) await this.#load(unknown);
    for (const group of unknown) this.#size += group.size;
    return groups;
  }

  async #load(groups: readonly Group[]): Promise<void> {
    const heads = await this.#keyValues.get(groups.map(group => group.headKey()));
    const chunks: { group: Group; key: string }[] = [];
    for (const group of groups) {
      group.chunks = Number(heads.get(group.headKey()) ?? 0);
      for (let n = 0; n < group.chunks; n += 1) chunks.push({ group, key: group.chunkKey(n) });
    }
    if (chunks.length === 0) return;
    const values = await this.#keyValues.get(chunks.map(({ key }) => key));
    for (const { group, key } of chunks) {
      const value = values.get(key);
      if (value !== undefined) group.restore(JSON.parse(value) as [string, number][]);
    }
    for (const group of groups) group.markPersisted();
  }

  async #persist(groups: ReadonlySet<Group>): Promise<void> {
    const entries: [string, string][] = [];
    const written: Group[] = [];
    let newest = this.#newest;
    for (const group of groups) {
      this.#size += group.fresh;
      group.fresh = 0;
      if (!group.needsRecord()) continue;
      entries.push([group.headKey(), String(group.chunks + 1)]);
      entries.push([group.chunkKey(group.chunks), JSON.stringify(group.unpersisted())]);
      written.push(group);
      newest = Math.max(newest, group.created);
    }
    if (entries.length === 0) return;
    entries.push([newestKey, String(newest)]);
    await this.#keyValues.put(entries, keepMs);
    this.#newest = newest;
    for (const group of written) {
      group.chunks += 1;
      group.markPersisted();
    }
  }

  #find(created: number, series: string): Group | undefined {
    const there = this.#gathered(created);
    if (there instanceof Map) return there.get(series);
    return there?.series === series ? there : undefined;
  }

  #add(group: Group): void {
    const there = this.#gathered(group.created);
    if (there === undefined) this.#groups.set(group.created, group);
    else if (there instanceof Map) there.set(group.series, group);
    else this.#groups.set(group.created, new Map([there, group].map(one => [one.series, one])));
  }

  /** What is in this millisecond; an event that was alone there becomes a group. */
  #gathered(created: number): Group | Map<string, Group> | undefined {
    const there = this.#groups.get(created);
    if (!(there instanceof Single)) return there;
    const group = new Group(created, there.series);
    group.restore([[there.id, homeOf(there.id)]]);
    this.#groups.set(created, group);
    return group;
  }

  #forget(inUse: ReadonlySet<Group>): void {
    if (this.#size <= this.#maxInMemory) return;
    for (const [created, there] of this.#groups) {
      if (there instanceof Single) this.#size -= 1;
      else {
        const groups = there instanceof Map ? [...there.values()] : [there];
        if (groups.some(group => inUse.has(group))) continue;
        for (const group of groups) this.#size -= group.size;
      }
      this.#groups.delete(created);
      if (this.#size <= this.#maxInMemory) return;
    }
  }
}

/** The ids of one series in one millisecond, in order of arrival, and their slots. */
class Group {
  readonly created: number;
  readonly series: string;
  /** Durable records of this group. */
  chunks = 0;
  /** Ids since this was last reset. */
  fresh = 0;
  readonly #ids: string[] = [];
  readonly #slots: number[] = [];
  #persisted = 0;
  #moved = false;
  #headKey: string | undefined;
  /** Made when the group is no longer small; a handful is found faster by looking. */
  #index: { slotOf: Map<string, number>; taken: Set<number> } | undefined;

  constructor(created: number, series: string) {
    this.created = created;
    this.series = series;
  }

  get size(): number {
    return this.#ids.length;
  }

  take(id: string): number | undefined {
    const known = this.#slotOf(id);
    if (known !== undefined) return known;
    if (this.#ids.length >= maxInGroup) return undefined;
    const home = homeOf(id);
    let slot = home;
    while (this.#isTaken(slot)) slot = (slot + 1) % slotsPerMs;
    if (slot !== home) this.#moved = true;
    this.#add(id, slot);
    this.fresh += 1;
    return slot;
  }

  restore(entries: readonly (readonly [string, number])[]): void {
    for (const [id, slot] of entries) this.#add(id, slot);
  }

  needsRecord(): boolean {
    if (this.#persisted === this.#ids.length) return false;
    return this.#persisted > 0 || this.#moved || this.#ids.length > persistAbove;
  }

  unpersisted(): [string, number][] {
    return this.#ids.slice(this.#persisted).map((id, n) => [id, this.#slots[this.#persisted + n]!]);
  }

  markPersisted(): void {
    this.#persisted = this.#ids.length;
  }

  headKey(): string {
    this.#headKey ??= `slots/${createHash('sha256').update(`${this.created} ${this.series}`).digest('base64url').slice(0, 22)}`;
    return this.#headKey;
  }

  chunkKey(n: number): string {
    return `${this.headKey()}/${n}`;
  }

  #add(id: string, slot: number): void {
    this.#ids.push(id);
    this.#slots.push(slot);
    if (this.#index !== undefined) {
      this.#index.slotOf.set(id, slot);
      this.#index.taken.add(slot);
    } else if (this.#ids.length > persistAbove) {
      this.#index = { slotOf: new Map(this.#ids.map((one, n) => [one, this.#slots[n]!])), taken: new Set(this.#slots) };
    }
  }

  #slotOf(id: string): number | undefined {
    if (this.#index !== undefined) return this.#index.slotOf.get(id);
    const at = this.#ids.indexOf(id);
    return at === -1 ? undefined : this.#slots[at];
  }

  #isTaken(slot: number): boolean {
    return this.#index === undefined ? this.#slots.includes(slot) : this.#index.taken.has(slot);
  }
}

/** FNV-1a with a final mix (MurmurHash3). It must never change: points that are written depend on it. */
export function homeOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % slotsPerMs;
}
