import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.js';
import { Hmac } from '../../hmac.js';
import type { KeyValues } from '../../storage/key-values.js';

const dayMs = 86_400_000;
/** A salt is forgotten this long after it was made, ms. From then on nobody can link that day's keys to an address. */
const keptMs = 2 * dayMs;
const keyValuesKey = 'salts';

interface Salt {
  readonly day: number;
  readonly salt: string;
  /** Epoch ms. */
  readonly made: number;
}

/**
 * Pseudonyms of visitors: a hash of address and agent whose key is another every day (UTC, of the event). Within a day
 * the same visitor has the same key, in all logs and across restarts; from one day to the next nobody can be followed.
 */
export class VisitorKeys {
  readonly #keyValues: KeyValues;
  readonly #clock: Clock;
  readonly #random: () => string;
  #salts: readonly Salt[] = [];
  /** The last save that was begun. */
  #saving: Promise<void> = Promise.resolve();
  #saved = true;
  /** That of the day that was asked for last: mostly the next line's is the same. */
  #last: Salt | undefined;
  #hmac: Hmac | undefined;

  constructor(keyValues: KeyValues, clock: Clock, random: () => string = () => randomBytes(32).toString('hex')) {
    this.#keyValues = keyValues;
    this.#clock = clock;
    this.#random = random;
  }

  async load(): Promise<void> {
    const saved = (await this.#keyValues.get([keyValuesKey])).get(keyValuesKey);
    if (saved === undefined) return;
    const known = new Set(this.#salts.map(({ day }) => day));
    this.#salts = [...this.#salts, ...(JSON.parse(saved) as Salt[]).filter(({ day }) => !known.has(day))];
  }

  keyOf(time: number, address: string, agent: string): string {
    const { salt } = this.#saltOf(Math.floor(time / dayMs));
    if (this.#hmac?.key !== salt) this.#hmac = new Hmac(salt);
    return this.#hmac.of(`${address}\n${agent}`).slice(0, 16);
  }

  /**
   * A salt of that day may have been forgotten before this one was made: who was seen then may be somebody else now.
   */
  isLate(time: number): boolean {
    const day = Math.floor(time / dayMs);
    return this.#saltOf(day).made > day * dayMs + keptMs;
  }

  /** To be awaited before anything that was made with a new salt leaves the process. */
  save(): Promise<void> {
    if (this.#saved) return this.#saving;
    const now = this.#clock.now();
    this.#salts = this.#salts.filter(({ made }) => made > now - keptMs);
    this.#last = undefined;
    this.#saved = true;
    this.#saving = this.#keyValues.put([[keyValuesKey, JSON.stringify(this.#salts)]], keptMs).catch(error => {
      this.#saved = false;
      throw error;
    });
    return this.#saving;
  }

  #saltOf(day: number): Salt {
    if (this.#last?.day === day) return this.#last;
    this.#last = this.#salts.find(salt => salt.day === day);
    if (this.#last !== undefined) return this.#last;
    this.#last = { day, salt: this.#random(), made: this.#clock.now() };
    this.#salts = [...this.#salts, this.#last];
    this.#saved = false;
    return this.#last;
  }
}
