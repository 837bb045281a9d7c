import { acceptEvent } from '../../src/events/accept.js';
import { sinks } from '../../src/sinks/registry.js';
import { fixtureLines } from '../events/fixtures.js';
import type { Random } from '../helpers/random.js';

/** An event as it is sent: what the oracle knows of it. */
export interface SentEvent {
  /** In its text, so that it is found again wherever it goes and whatever its id is there; equal events share one. */
  readonly mark: string;
  /** Undefined = the daemon gives it one. */
  readonly id?: string;
  /** Undefined = it is no JSON object, or a log line: what becomes of it is not compared. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Epoch ms; undefined = the daemon stamps it. */
  readonly created?: number;
  /** Sinks that must refuse it. */
  readonly deadAt: readonly string[];
  /** Sinks that leave it out, and count it so. */
  readonly leftOutAt?: readonly string[];
  /** Neither an id nor a time in it, and from elsewhere: where RabbitMQ loses an acknowledgement, it may show again. */
  readonly mayRepeat?: boolean;
  /** Published past the daemon that is judged: when it is purged before that saw it, its ledger cannot miss it. */
  readonly foreign?: boolean;
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

/** Where any text is taken. */
const textSinks = new Set<string>(sinks.filter(({ acceptsText }) => acceptsText).map(({ name }) => name));
/** The sinks of a run. */
const sinkNames = ['local', 'influxdb', 'mongodb', 'amplitude', 'ga4'];
const notForText = sinkNames.filter(name => !textSinks.has(name));

/** 24 hex digits, as ids of Clowder's are: five that nothing else begins with, the seed and a number. */
const markForm = /c4a05[0-9a-f]{19}/;

/** The mark of an event in the text that became of it, or undefined. */
export function markIn(text: string): string | undefined {
  return markForm.exec(text)?.[0];
}

export type Identity = 'id' | 'key' | 'none';

/** Makes events as Clowder's are, and some that are awkward. */
export class EventMaker {
  readonly #random: Random;
  readonly #seed: number;
  readonly #clustered: boolean;
  #count = 0;
  #last = { created: 0, user: 0 };

  /** `clustered`: now and then several events share their millisecond and their series. */
  constructor(random: Random, seed: number, clustered = true) {
    this.#random = random;
    this.#seed = seed;
    this.#clustered = clustered;
  }

  mark(): string {
    this.#count += 1;
    return this.#markOf(this.#count);
  }

  /** For `Idempotency-Key`; a single event gets it for its id, so no mark is in it. */
  key(): string {
    return `key-${this.mark().slice(5)}`;
  }

  make(now: number, identity: Identity = 'id'): SentEvent {
    const random = this.#random;
    const mark = this.mark();
    const number = this.#count;
    const stamped = identity === 'none' && random.chance(0.5);
    const [created, leftOutAt, deadAt] = this.#time(now);
    const user = this.#clustered && random.chance(0.3) ? this.#last.user : random.integer(1, users);
    this.#last = { created, user };
    const payload = {
      // First, so that it is among the 25 parameters of Google Analytics.
      mark,
      number,
      ...random.pick(templates),
      user_id: `user-${user}`,
      ...(random.chance(0.2) ? { measured: random.chance(0.5) ? random.integer(-9, 9) : random.between(-1, 1) } : {}),
      // A field whose type changes from event to event.
      ...(random.chance(0.1) ? { label: random.pick<unknown>(['text', 7, 7.5, true, { nested: ['ä', null] }]) } : {}),
      ...(identity === 'id' ? { id: mark } : {}),
      ...(stamped ? {} : { created: this.#form(created) }),
    };
    return {
      mark,
      payload,
      ...(identity === 'id' ? { id: mark } : {}),
      ...(stamped ? { deadAt: [] } : { created, deadAt, leftOutAt }),
    };
  }

  /** The same at every call. */
  equal(): SentEvent {
    const mark = this.#markOf(0);
    return { mark, payload: { mark, category: 'api_call', url: '/equal', user_id: 'user-1' }, deadAt: [] };
  }

  /** Over AMQP: no time in it. */
  timeless(): SentEvent {
    const mark = this.mark();
    return { mark, payload: { mark, category: 'timeless', user_id: 'user-2' }, deadAt: [], mayRepeat: true };
  }

  /** Over AMQP: not JSON. */
  text(): SentEvent {
    return { mark: this.mark(), deadAt: notForText, mayRepeat: true };
  }

  /** Over AMQP: a body that is not UTF-8, of which nothing may be replaced in silence. */
  notUtf8(): SentEvent {
    return { mark: this.mark(), deadAt: sinkNames, mayRepeat: true };
  }

  #markOf(number: number): string {
    return `c4a05${this.#seed.toString(16).padStart(8, '0').slice(-8)}${number.toString(16).padStart(11, '0')}`;
  }

  #time(now: number): [created: number, leftOutAt: readonly string[], deadAt: readonly string[]] {
    const random = this.#random;
    if (random.chance(0.01)) return [now - random.integer(4, 400) * dayMs, ['ga4'], []];
    if (random.chance(0.005)) return [Date.UTC(2300, 0, random.integer(1, 28)), [], ['ga4', 'influxdb']];
    const { created } = this.#last;
    if (this.#clustered && Math.abs(now - created) < 60_000 && random.chance(0.3)) return [created, [], []];
    return [now - random.integer(0, 20_000), [], []];
  }

  /** As different emitters write a time; none of the forms loses a millisecond. */
  #form(created: number): number | string {
    const form = this.#random.integer(1, 10);
    if (form === 1) return new Date(created).toISOString();
    return form === 2 ? String(created) : created;
  }
}
