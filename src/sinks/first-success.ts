import { SetupError } from '../errors.js';
import type { Event } from '../events/event.js';
import { keyedHash } from '../events/identity.js';
import type { SinkTools, WriteResult } from './sink.js';

export interface FirstSuccessOptions {
  /** All of the sink's settings: with others, it has had no success yet. */
  readonly config: unknown;
  /** What a person does about it. */
  readonly fix: string;
}

/** Fewer events, or those of a single category, may well be poison, all of them. */
const minEvents = 20;
const minCategories = 2;
/** For good: ten years, ms. */
const keptMs = 3_650 * 86_400_000;

/**
 * Whether a destination has ever taken an event with the sink's present settings. Once it has, what it refuses is
 * poison: dead letters, which can be sent again. Until then, a whole write of different events that are refused in the
 * same words means that a setting is wrong: they are held. Nothing of such a write was taken, so nothing is sent twice,
 * and one event in it that is taken ends the hold.
 */
export class FirstSuccess {
  readonly #keyValues: SinkTools['keyValues'];
  readonly #key: string;
  readonly #fix: string;
  #isKnown: boolean;
  #isKept: boolean;

  private constructor(keyValues: SinkTools['keyValues'], key: string, fix: string, isKept: boolean) {
    this.#keyValues = keyValues;
    this.#key = key;
    this.#fix = fix;
    this.#isKnown = isKept;
    this.#isKept = isKept;
  }

  static async open(
    { keyValues, idSecret }: Pick<SinkTools, 'keyValues' | 'idSecret'>,
    { config, fix }: FirstSuccessOptions,
  ): Promise<FirstSuccess> {
    // No event's id holds a tab.
    const key = `taken\t${keyedHash(idSecret, JSON.stringify(config))}`;
    return new FirstSuccess(keyValues, key, fix, (await keyValues.get([key])).has(key));
  }

  /** The destination has taken an event. Never throws: what was taken would be sent again. */
  async taken(): Promise<void> {
    this.#isKnown = true;
    if (this.#isKept) return;
    try {
      await this.#keyValues.put([[this.#key, '']], keptMs);
      this.#isKept = true;
    } catch {
      // The disk may be full: the next success is kept.
    }
  }

  /**
   * @returns the result of a write of these events
   * @throws SetupError where it is a setting that they were refused for
   */
  checked(events: readonly Event[], result: WriteResult): WriteResult {
    const [first, ...others] = result.rejected ?? [];
    if (this.#isKnown || first === undefined || others.length + 1 < events.length) return result;
    if (others.some(({ reason }) => reason !== first.reason)) return result;
    const count = new Set(events.map(({ id }) => id)).size;
    const categories = new Set(events.map(({ category }) => category));
    if (count < minEvents || categories.size < minCategories) return result;
    throw new SetupError(
      `${first.reason}, to all ${count} events of a write, and has taken none since it was set up: ${this.#fix}`,
    );
  }
}
