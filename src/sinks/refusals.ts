import { SetupError } from '../errors.js';
import { hashOf } from '../events/identity.js';
import type { KeyValues } from '../storage/key-values.js';

export interface RefusalsOptions {
  /** What a person does about it. */
  readonly fix: string;
  /** They are of the sink alone. */
  readonly keyValues: KeyValues;
}

/** With this many events refused alike and none taken since, it is not the events. */
const maxRun = 20;
const key = 'refused alike';
/** After a day without a try, it is counted anew, ms. */
const keptMs = 86_400_000;

/**
 * Single events that a destination refused one after the other, in the same words, with none taken in between. A poison
 * event is one that is refused where others are taken; when all of them are refused alike, a setting is wrong (a secret
 * that was changed at the other end, say), and to set the whole stream aside as dead letters helps nobody.
 *
 * A run that was long is remembered beyond the session, and over a restart: what is refused in the same words after it
 * is held at once, and the first event that is taken ends it.
 */
export class Refusals {
  readonly #options: RefusalsOptions;
  /** A hash of the words: a destination may quote an event in them. */
  #words: string | undefined;
  #length = 0;
  #isRemembered = false;

  private constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  static async open(options: RefusalsOptions): Promise<Refusals> {
    const refusals = new Refusals(options);
    const words = (await options.keyValues.get([key])).get(key) ?? '';
    if (words !== '') {
      refusals.#words = words;
      refusals.#length = maxRun;
      refusals.#isRemembered = true;
    }
    return refusals;
  }

  /** Whether the run is so long that others have to be tried before this one is to blame. */
  refused(reason: string): boolean {
    const words = hashOf(reason);
    this.#length = words === this.#words ? this.#length + 1 : 1;
    this.#words = words;
    return this.#length >= maxRun;
  }

  async taken(): Promise<void> {
    this.#words = undefined;
    this.#length = 0;
    if (this.#isRemembered) await this.#options.keyValues.put([[key, '']], keptMs);
    this.#isRemembered = false;
  }

  /** Others were refused in the same words. */
  async fault(reason: string): Promise<SetupError> {
    const { fix, keyValues } = this.#options;
    await keyValues.put([[key, this.#words ?? '']], keptMs);
    this.#isRemembered = true;
    return new SetupError(`${reason}, and so to every event of late: ${fix}`);
  }
}
