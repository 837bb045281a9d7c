import { describe } from '../errors.js';
import type { Log } from '../log.js';
import type { KeyValues } from '../storage/key-values.js';
import { idBytes, type SharedRecord, type Work, worksText } from './shared-record.js';
import { readStallNote, removeStallNote } from './stall-file.js';

/** An event is convicted after it was at work, alone, in this many stalls. */
const stallsToConvict = 3;
const keptMs = 30 * 86_400_000;
const entry = 'suspects';

export interface Stall {
  /** Epoch ms. */
  readonly at: number;
  readonly ms: number;
  /** What was at work. */
  readonly works: string;
}

export interface StallSummary {
  readonly count: number;
  readonly longestMs: number;
  readonly last?: Stall;
}

export interface StallsOptions {
  /** DATA_DIR, where the watchdog notes a stall. */
  readonly dir: string;
  /** Undefined: nobody watches, nothing is ever suspected. */
  readonly record: SharedRecord | undefined;
  readonly keyValues: KeyValues;
  readonly clock: { now(): number };
  readonly log: Log;
  readonly onStall: (ms: number) => void;
}

/** What a sink's consumer asks, and what its writes say. */
export interface SinkStalls {
  /** It was being written while the event loop stood: write it alone. */
  isSuspect(id: string): boolean;
  /** Why it is set aside; undefined for all others. */
  convicted(id: string): string | undefined;
  /** They were written or set aside. */
  settled(ids: readonly string[]): void;
  /** Bytes of ids, each with one more, that may be at work together: the others would never be suspects. */
  readonly room: number;
  /**
   * Writes begin, as soon as no suspect of another sink is being written, if they have one. Call the result whenever
   * one of them has ended, with the ids of those that have not.
   */
  begin(ids: readonly string[]): Promise<(left: readonly string[]) => void>;
}

/**
 * Stalls of the event loop, and the search for the event behind them: one on which the code of a sink works for ever,
 * again and again, also after the platform has ended the process and started it again.
 *
 * Whatever is at work in a stall becomes suspect. A suspect is written alone, and never together with another one, so
 * that the next stall has one suspect at work and counts against that one only; after three it is set aside as a dead
 * letter. One that is written is a suspect no more.
 */
export class Stalls {
  readonly #options: StallsOptions;
  /** Stalls by sink and id. */
  readonly #suspects = new Map<string, number>();
  #turn: Promise<void> = Promise.resolve();
  #saving: Promise<void> | undefined;
  #unsaved = false;
  #stalls: StallSummary = { count: 0, longestMs: 0 };

  private constructor(options: StallsOptions) {
    this.#options = options;
  }

  /** With what is known from before, the stall in which the last process ended included. */
  static async open(options: StallsOptions): Promise<Stalls> {
    const stalls = new Stalls(options);
    if (options.record === undefined) return stalls;
    const kept = (await options.keyValues.get([entry])).get(entry);
    for (const [key, count] of kept === undefined ? [] : (JSON.parse(kept) as [string, number][]))
      stalls.#suspects.set(key, count);
    const note = readStallNote(options.dir);
    if (note === undefined) return stalls;
    options.log.error(
      { reason: `the daemon was ended while its event loop stood; at work: ${worksText(note.works)}` },
      'event-loop.ended',
    );
    stalls.#suspect(note.works);
    stalls.#save();
    await stalls.#saving;
    removeStallNote(options.dir);
    return stalls;
  }

  /** Since the start; the last one, too. */
  get summary(): StallSummary {
    return this.#stalls;
  }

  of(sink: string): SinkStalls {
    const key = (id: string): string => `${sink}\n${id}`;
    const isSuspect = (id: string): boolean => this.#suspects.size > 0 && this.#suspects.has(key(id));
    const { record } = this.#options;
    return {
      isSuspect,
      room: idBytes,
      convicted: id =>
        (this.#suspects.get(key(id)) ?? 0) < stallsToConvict
          ? undefined
          : `the event loop of the daemon stood still each of ${stallsToConvict} times that it was written: a defect of event-sink, please report it with this event`,
      settled: ids => {
        const before = this.#suspects.size;
        if (before === 0) return;
        for (const id of ids) this.#suspects.delete(key(id));
        if (this.#suspects.size < before) this.#save();
      },
      begin: async ids => {
        const release = ids.some(isSuspect) ? await this.#alone() : undefined;
        this.check();
        const place = record?.begin({ sink, ids });
        return left => {
          this.check();
          if (place !== undefined && left.length > 0) record?.begin({ sink, ids: left }, place);
          if (left.length > 0) return;
          if (place !== undefined) record?.end(place);
          release?.();
        };
      },
    };
  }

  /** Whether the event loop has just stood: asked before what is at work changes, and now and then. */
  check(): void {
    const { record, clock, log, onStall } = this.#options;
    const ms = record?.takeStall();
    if (record === undefined || ms === undefined) return;
    const { works } = record;
    this.#stalls = {
      count: this.#stalls.count + 1,
      longestMs: Math.max(this.#stalls.longestMs, ms),
      last: { at: clock.now(), ms, works: worksText(works) },
    };
    log.warn({ ms, reason: `at work: ${worksText(works)}` }, 'event-loop.resumed');
    onStall(ms);
    this.#suspect(works);
    this.#save();
  }

  #suspect(works: readonly Work[]): void {
    const keys = works.flatMap(({ sink, ids }) => ids.map(id => `${sink}\n${id}`));
    const known = keys.filter(key => this.#suspects.has(key));
    for (const key of known.length > 0 ? known : keys) this.#suspects.set(key, (this.#suspects.get(key) ?? 0) + 1);
  }

  /** One write after the other, with what is known by then. */
  #save(): void {
    this.#unsaved = true;
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined;
    });
  }

  async #write(): Promise<void> {
    const { keyValues, log } = this.#options;
    while (this.#unsaved) {
      this.#unsaved = false;
      await keyValues
        .put([[entry, JSON.stringify([...this.#suspects])]], keptMs)
        .catch(error => log.warn({ reason: describe(error) }, 'stall.unwritten'));
    }
  }

  async #alone(): Promise<() => void> {
    const before = this.#turn;
    let release: () => void = () => {};
    this.#turn = new Promise(resolve => {
      release = resolve;
    });
    await before;
    return release;
  }
}
