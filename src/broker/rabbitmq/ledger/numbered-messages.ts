import { NumberSet } from './number-set.js';

/** Ranges that the settled numbers may have; more cost time at every save. */
const maxRanges = 200;
/** Numbers given out last may still be on their way to the broker: their gaps stay. */
const youngNumbers = 10_000;

/** As it is kept. */
export interface SavedNumbers {
  readonly outstanding: string;
  readonly settled: string;
  readonly missing: string;
}

/**
 * The messages of this daemon for one queue, by their numbers for one target (the exchange, or the queue itself). A
 * number is in one of three sets:
 *
 * outstanding: accepted (confirmed, or kept in the outbox, or come out of the queue without either) and not settled.
 * settled: what became of it is counted.
 * missing: given up. One that comes after all is outstanding again.
 */
export class NumberedMessages {
  readonly outstanding = new NumberSet();
  readonly missing = new NumberSet();
  /** Outstanding, and came out of the queue since this process started: on its way to be settled, or given back. */
  readonly arrived = new NumberSet();
  /** The highest number that came and had not been delivered to anybody before. */
  newest = 0;
  readonly #settled = new NumberSet();

  constructor(saved: SavedNumbers | undefined) {
    if (saved === undefined) return;
    this.outstanding.addAll(NumberSet.parse(saved.outstanding));
    this.#settled.addAll(NumberSet.parse(saved.settled));
    this.missing.addAll(NumberSet.parse(saved.missing));
  }

  /** Returns how many of these are accepted with this, and were not before. */
  accept(from: number, to = from): number {
    const fresh = new NumberSet();
    fresh.add(from, to);
    for (const known of [this.#settled, this.missing]) fresh.removeAll(known);
    return this.outstanding.addAll(fresh);
  }

  /** One came out of the queue: `repeated` when it was settled before, else how many were accepted only with this. */
  arrive(number: number, redelivered: boolean): number | 'repeated' {
    if (this.#settled.has(number)) return 'repeated';
    if (!redelivered && number > this.newest) this.newest = number;
    this.arrived.add(number);
    if (this.missing.remove(number) > 0) {
      this.outstanding.add(number);
      return 0;
    }
    return this.outstanding.add(number);
  }

  /** False when it was settled before. */
  settle(number: number): boolean {
    if (this.#settled.add(number) === 0) return false;
    this.outstanding.remove(number);
    this.missing.remove(number);
    this.arrived.remove(number);
    return true;
  }

  /** Returns how many of these, if they are still outstanding, are missing from now on. */
  giveUp(numbers: NumberSet): number {
    return this.#move(numbers, this.missing);
  }

  /** Returns how many of these, if they are still outstanding, are no longer counted: somebody else settled them. */
  disown(numbers: NumberSet): number {
    return this.#move(numbers, this.#settled);
  }

  save(upcoming: number): SavedNumbers {
    this.#settled.closeGaps(
      maxRanges,
      (from, to) => to < upcoming - youngNumbers && !this.outstanding.meets(from, to) && !this.missing.meets(from, to),
    );
    return {
      outstanding: this.outstanding.toString(),
      settled: this.#settled.toString(),
      missing: this.missing.toString(),
    };
  }

  #move(numbers: NumberSet, to: NumberSet): number {
    const moving = numbers.without(numbers.without(this.outstanding));
    this.outstanding.removeAll(moving);
    this.arrived.removeAll(moving);
    return to.addAll(moving);
  }
}
