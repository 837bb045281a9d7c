import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import type { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Clock } from '../clock.js';
import type { Key } from '../keys/keys.js';
import { retryAfterHeader } from '../retry-after.js';
import { HttpProblem } from './problem.js';

/** By its file: the package as a whole loads a client for each of a dozen databases, 20 ms of a start. */
const Limiter: typeof RateLimiterMemory = createRequire(import.meta.url)(
  'rate-limiter-flexible/lib/RateLimiterMemory.js',
);

/**
 * Slows down guessing: at most this many failed attempts a minute from one address, then 429.
 *
 * A valid key always passes, from any address: keys are 256 random bits, beyond guessing at any rate, while clients
 * that share an address (one proxy, one campus) must not be able to lock each other out. What is limited is the work
 * and the log lines that failures cost.
 */
export class FailedAttempts {
  readonly #limiter: RateLimiterMemory;
  readonly #counterOf = sharedCounters();

  constructor(perMinute: number) {
    this.#limiter = new Limiter({ points: perMinute, duration: 60 });
  }

  /** @throws HttpProblem (429) when the network (an IPv4 address, or a /64) is over its limit */
  async count(network: string): Promise<void> {
    const detail = 'Too many requests without a valid key from this address.';
    await consume(this.#limiter, this.#counterOf(network), detail);
  }
}

/** A larger request counts as several, each of this size. */
const countedBytes = 16 * 1024;

/**
 * Requests a minute of one address with one key that anybody can read in a page: whoever floods uses up their own share
 * of the key's quota, and not that of all visitors, and fills no disk.
 */
export class PageLimits {
  readonly #limiter: RateLimiterMemory;
  readonly #perMinute: number;
  readonly #counterOf = sharedCounters();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#limiter = new Limiter({ points: perMinute, duration: 60 });
  }

  /** @throws HttpProblem (429) */
  async count({ name }: Key, network: string, bytes: number): Promise<void> {
    const detail = `Too many requests from this address: it may send ${this.#perMinute} a minute with the key ${name}, each of at most ${countedBytes / 1024} KiB.`;
    await consume(this.#limiter, this.#counterOf(`${network}\n${name}`), detail, Math.ceil(bytes / countedBytes));
  }
}

/** Names share 16,384 counters, so memory is bounded; the salt keeps anybody from choosing a neighbour. */
function sharedCounters(): (name: string) => string {
  const salt = randomBytes(16);
  return name => {
    const digest = createHash('sha256').update(salt).update(name).digest();
    return String(digest.readUInt16BE(0) & 0x3fff);
  };
}

/** When a key is busy with as many requests as it may have, another try is worth it after this, ms. */
const busyMs = 1_000;

/**
 * Requests a minute, and at the same time, of one valid key: those of its entry, else RATE_LIMIT. Only where one is
 * set: what publishes in a rescue must not be slowed by default.
 */
export class KeyLimits {
  readonly #clock: Clock;
  readonly #perMinute: number | undefined;
  /** By the name of the key: there are no more than keys. */
  readonly #minutes = new Map<string, { requests: number; readonly ends: number }>();
  readonly #running = new Map<string, number>();

  constructor(clock: Clock, perMinute: number | undefined) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /**
   * Counts one request; returns what to call at its end, if anything.
   * @throws HttpProblem (429)
   */
  begin({ name, quota = this.#perMinute, concurrency }: Key): (() => void) | undefined {
    const running = this.#running.get(name) ?? 0;
    if (concurrency !== undefined && running >= concurrency)
      throw tooMany(`The key ${name} may have ${concurrency} requests at the same time, and has.`, busyMs);
    if (quota !== undefined) this.#count(name, quota);
    if (concurrency === undefined) return undefined;
    this.#running.set(name, running + 1);
    return () => {
      const left = (this.#running.get(name) ?? 1) - 1;
      if (left > 0) this.#running.set(name, left);
      else this.#running.delete(name);
    };
  }

  #count(name: string, quota: number): void {
    const now = this.#clock.monotonic();
    const minute = this.#minutes.get(name);
    if (minute === undefined || minute.ends <= now) this.#minutes.set(name, { requests: 1, ends: now + 60_000 });
    else if (minute.requests < quota) minute.requests++;
    else throw tooMany(`Too many requests with this key: ${name} may send ${quota} a minute.`, minute.ends - now);
  }
}

function tooMany(detail: string, waitMs: number): HttpProblem {
  const headers = retryAfterHeader(waitMs);
  return new HttpProblem('too-many-requests', `${detail} Wait ${headers['Retry-After']} s.`, { headers });
}

async function consume(limiter: RateLimiterMemory, counter: string, detail: string, points = 1): Promise<void> {
  try {
    await limiter.consume(counter, points);
  } catch (over) {
    throw tooMany(detail, (over as RateLimiterRes).msBeforeNext);
  }
}
