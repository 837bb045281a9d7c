import type { Clock } from '../clock.js';
import { ClientGone, unavailable } from './problem.js';

export interface ReadLimits {
  /** Queries that run at once. */
  readonly concurrent: number;
  /** Queries of one owner that may wait; beyond it 503. */
  readonly maxWaiting: number;
  /** A query that has waited this long, ms, is answered 503. */
  readonly maxWaitMs: number;
}

interface Waiting {
  readonly since: number;
  start(): void;
  refuse(error: Error): void;
}

/**
 * Turns at the storage for what may take a while. Each owner (a key) has a queue of its own, and the queues are served
 * one after the other: whoever asks for much waits behind themselves, and others wait for one query each at most.
 */
export class ReadTurns {
  readonly #clock: Clock;
  readonly #limits: ReadLimits;
  /** In the order in which they are served next. */
  readonly #queues = new Map<string, Waiting[]>();
  #running = 0;

  constructor(clock: Clock, limits: ReadLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * `gone` says that nobody waits for the answer any more.
   * @throws HttpProblem 503; ClientGone; what the work throws
   */
  async run<Result>(owner: string, gone: () => boolean, work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#limits.concurrent && this.#queues.size === 0) this.#running += 1;
    else await this.#turn(owner, gone);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  /** Resolves when it is the owner's turn, which is counted as running by then. */
  #turn(owner: string, gone: () => boolean): Promise<void> {
    const queue = this.#queues.get(owner) ?? [];
    if (queue.length >= this.#limits.maxWaiting) {
      return Promise.reject(unavailable('Too many queries of this key are waiting. Ask for them one after the other.'));
    }
    return new Promise((resolve, reject) => {
      const start = (): void => {
        if (gone()) {
          this.#running -= 1;
          reject(new ClientGone('the client left before its query had its turn'));
        } else resolve();
      };
      queue.push({ since: this.#clock.monotonic(), start, refuse: reject });
      this.#queues.set(owner, queue);
    });
  }

  #next(): void {
    while (this.#running < this.#limits.concurrent) {
      const [first] = this.#queues;
      if (first === undefined) return;
      const [owner, queue] = first;
      this.#queues.delete(owner);
      const waiting = queue.shift();
      if (queue.length > 0) this.#queues.set(owner, queue);
      if (waiting === undefined) continue;
      if (this.#clock.monotonic() - waiting.since > this.#limits.maxWaitMs) {
        const seconds = Math.round(this.#limits.maxWaitMs / 1000);
        waiting.refuse(unavailable(`This query has waited ${seconds} s behind others of its kind. Try again later.`));
        continue;
      }
      this.#running += 1;
      waiting.start();
    }
  }
}
