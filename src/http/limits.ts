import { createHash, randomBytes } from 'node:crypto';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { HttpProblem } from './problem.js';

/**
 * Slows down guessing: at most this many failed attempts a minute from one address, then 429.
 *
 * A valid key always passes, from any address: keys are 256 random bits, beyond guessing at any rate, while clients that share an address
 * (one proxy, one campus) must not be able to lock each other out. What is limited is the work and the log lines that failures cost.
 */
export class FailedAttempts {
  readonly #limiter: RateLimiterMemory;
  /** Addresses share 16,384 counters, so memory is bounded; the salt keeps anybody from choosing a neighbour. */
  readonly #salt = randomBytes(16);

  constructor(perMinute: number) {
    this.#limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  }

  /** @throws HttpProblem (429) when the network (an IPv4 address, or a /64) is over its limit */
  async count(network: string): Promise<void> {
    const digest = createHash('sha256').update(this.#salt).update(network).digest();
    const counter = String(digest.readUInt16BE(0) & 0x3fff);
    await consume(this.#limiter, counter, 'Too many requests without a valid key from this address.');
  }
}

/** Requests a minute of one valid key. Only when it is configured: what publishes in a rescue must not be slowed by default. */
export class KeyRate {
  readonly #limiter: RateLimiterMemory;

  constructor(perMinute: number) {
    this.#limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  }

  /** @throws HttpProblem (429) */
  async count(keyName: string): Promise<void> {
    await consume(this.#limiter, keyName, 'Too many requests with this key.');
  }
}

async function consume(limiter: RateLimiterMemory, counter: string, detail: string): Promise<void> {
  try {
    await limiter.consume(counter);
  } catch (over) {
    const seconds = Math.max(1, Math.ceil((over as RateLimiterRes).msBeforeNext / 1000));
    throw new HttpProblem('too-many-requests', `${detail} Wait ${seconds} s.`, {
      headers: { 'Retry-After': String(seconds) },
    });
  }
}
