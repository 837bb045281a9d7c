import { describe } from '../../../errors.js';
import type { Log } from '../../../log.js';
import type { Storage } from '../../../storage/storage.js';

/** Numbers that one write reserves; after a kill, what is left of them is never given out. */
const blockSize = 1_000_000;
/** The next block is reserved when no more than these are left. */
const reserveAt = 250_000;
/** A number of ours that comes back is not further ahead than this: anything else is no number of ours. */
const maxLead = 10_000_000;

interface Target {
  next: number;
  /** Numbers below are reserved. */
  below: number;
  reserving: boolean;
}

/** Gives out the numbers of each target, never one twice in the life of a DATA_DIR, without a write for each. */
export class Numbers {
  readonly #targets = new Map<string, Target>();
  readonly #storage: Pick<Storage, 'write'>;
  readonly #log: Log;

  constructor(storage: Pick<Storage, 'write'>, log: Log) {
    this.#storage = storage;
    this.#log = log;
  }

  /** Goes on behind what was reserved before; a target that is open already, where it is. */
  async open(targets: readonly string[], reserved: ReadonlyMap<string, number>): Promise<void> {
    const fresh = targets.filter(name => !this.#targets.has(name));
    for (const name of fresh) {
      const next = reserved.get(name) ?? 1;
      this.#targets.set(name, { next, below: next, reserving: false });
    }
    await Promise.all(fresh.map(name => this.#reserve(name, this.#of(name))));
  }

  next(target: string): number {
    const found = this.#of(target);
    if (found.below - found.next <= reserveAt && !found.reserving) void this.#reserve(target, found);
    found.next += 1;
    return found.next - 1;
  }

  /** The number that is given out next. */
  upcoming(target: string): number {
    return this.#of(target).next;
  }

  /**
   * A message with this number came. Numbers are raised to the highest seen; false when this cannot be a number of
   * ours.
   */
  seen(target: string, number: number): boolean {
    const found = this.#of(target);
    if (number < found.next) return true;
    if (number > found.next + maxLead) return false;
    found.next = number + 1;
    return true;
  }

  /** In an orderly end nothing is left out. */
  async close(): Promise<void> {
    await Promise.all([...this.#targets].map(([target, { next }]) => this.#write(target, next)));
  }

  async #reserve(name: string, target: Target): Promise<void> {
    target.reserving = true;
    const below = Math.max(target.below, target.next) + blockSize;
    if (await this.#write(name, below)) target.below = below;
    target.reserving = false;
  }

  /**
   * A disk that is full for a moment must not stop anybody from publishing: after a kill,
   * numbers are raised to the highest seen.
   */
  #write(target: string, below: number): Promise<boolean> {
    return this.#storage.write('reserveNumbers', { target, below }).then(
      () => true,
      error => {
        this.#log.warn({ target, reason: describe(error) }, 'numbers.unreserved');
        return false;
      },
    );
  }

  #of(name: string): Target {
    let target = this.#targets.get(name);
    if (target === undefined) {
      target = { next: 1, below: 1, reserving: false };
      this.#targets.set(name, target);
    }
    return target;
  }
}
