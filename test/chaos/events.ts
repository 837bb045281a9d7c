import { acceptEvent } from '../../src/events/accept.js';
import { fixtureLines } from '../events/fixtures.js';
import type { Random } from '../helpers/random.js';

/** An event as it is sent: what the oracle knows of it. */
export interface SentEvent {
  readonly id: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Epoch ms. */
  readonly created: number;
  /** Sinks that must refuse it, for its time alone. */
  readonly deadAt: readonly string[];
}

const templates: readonly Readonly<Record<string, unknown>>[] = ['clowder', 'requested', 'awkward']
  .flatMap(fixtureLines)
  .map(line => {
    const { id: _id, created: _created, ...template } = JSON.parse(line);
    return template;
  })
  .filter(template => 'message' in acceptEvent(template, { now: 0, source: 'http' }));

const dayMs = 86_400_000;
/** Few, so that Google Analytics gets several events a request. */
const users = 6;

/** Makes events as Clowder's are, and some that are awkward. Ids begin with a name of the run, and none comes twice. */
export class EventMaker {
  readonly #random: Random;
  readonly #prefix: string;
  readonly #clustered: boolean;
  #count = 0;
  #last = { created: 0, user: 0 };

  /** `clustered`: now and then several events share their millisecond and their series. */
  constructor(random: Random, prefix: string, clustered = true) {
    this.#random = random;
    this.#prefix = prefix;
    this.#clustered = clustered;
  }

  make(now: number): SentEvent {
    const random = this.#random;
    this.#count += 1;
    const id = `${this.#prefix}-${this.#count}`;
    const [created, deadAt] = this.#time(now);
    const user = this.#clustered && random.chance(0.3) ? this.#last.user : random.integer(1, users);
    this.#last = { created, user };
    const payload = {
      ...random.pick(templates),
      user_id: `user-${user}`,
      number: this.#count,
      ...(random.chance(0.2) ? { measured: random.chance(0.5) ? random.integer(-9, 9) : random.between(-1, 1) } : {}),
      // A field whose type changes from event to event.
      ...(random.chance(0.1) ? { label: random.pick<unknown>(['text', 7, 7.5, true, { nested: ['ä', null] }]) } : {}),
      id,
      created: this.#form(created),
    };
    return { id, payload, created, deadAt };
  }

  #time(now: number): [created: number, deadAt: readonly string[]] {
    const random = this.#random;
    if (random.chance(0.01)) return [now - random.integer(4, 400) * dayMs, ['ga4']];
    if (random.chance(0.005)) return [Date.UTC(2300, 0, random.integer(1, 28)), ['ga4', 'influxdb']];
    const { created } = this.#last;
    if (this.#clustered && Math.abs(now - created) < 60_000 && random.chance(0.3)) return [created, []];
    return [now - random.integer(0, 20_000), []];
  }

  /** As different emitters write a time; none of the forms loses a millisecond. */
  #form(created: number): number | string {
    const form = this.#random.integer(1, 10);
    if (form === 1) return new Date(created).toISOString();
    return form === 2 ? String(created) : created;
  }
}
