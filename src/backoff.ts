/**
 * Exponential backoff with full jitter, as a value: `next()` gives the wait in ms and the backoff to use after it.
 * The caller sleeps, abortably. Full jitter (a uniform draw from 0 to the ceiling) spreads the retries of many
 * daemons best (Marc Brooker, "Exponential Backoff And Jitter").
 */
export interface Backoff {
  next(): [waitMs: number, after: Backoff];
}

export interface BackoffOptions {
  /** Ceiling of the first wait, ms. */
  readonly firstMs: number;
  /** Ceiling of every wait, ms. */
  readonly maxMs: number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** Ceilings of the first wait and of every wait, ms. Retrying a sink is another matter: supervisors/restart.ts. */
export const backoffs = {
  /** Things of our own that must go through: a settlement, opening a queue, a consumer. */
  ownWork: { firstMs: 100, maxMs: 10_000 },
  /** Reading an embedded queue from a storage that fails. */
  storageRead: { firstMs: 200, maxMs: 10_000 },
  /** Connecting to RabbitMQ, between rounds over all nodes. */
  connection: { firstMs: 200, maxMs: 10_000 },
  /** Opening a confirm channel. */
  publisher: { firstMs: 100, maxMs: 5_000 },
  /** Messages in the outbox that RabbitMQ did not take though it can be reached. */
  outbox: { firstMs: 1_000, maxMs: 60_000 },
  /** Events of the daemon's own sources (health, NGINX logs) that were not accepted. */
  source: { firstMs: 500, maxMs: 30_000 },
  /** Listening to heartbeats, while their exchange is not there or another daemon listens; at its ceiling. */
  heartbeats: { firstMs: 15_000, maxMs: 15_000 },
  /** Asking Clowder about resources, while it does not answer. */
  clowder: { firstMs: 1_000, maxMs: 300_000 },
  /** Listening for traces after they could not be had; at its ceiling. */
  extractions: { firstMs: 5_000, maxMs: 5_000 },
  /** Places from which a person is to be erased, while they cannot be reached. */
  erasure: { firstMs: 1_000, maxMs: 300_000 },
  /** Restarting the whole tree of actors; at its ceiling, since nobody else waits for the same thing. */
  tree: { firstMs: 200, maxMs: 3_200 },
  /** Starting a part of the tree with new settings. */
  part: { firstMs: 500, maxMs: 30_000 },
  /** Requests of the command line to a daemon that is busy or cannot be reached. */
  client: { firstMs: 500, maxMs: 15_000 },
} as const;

export function backoff(options: BackoffOptions, attempt = 0): Backoff {
  const { firstMs, maxMs, random = Math.random } = options;
  return {
    next: () => {
      return [Math.ceil(random() * ceilingMs({ firstMs, maxMs }, attempt)), backoff(options, attempt + 1)];
    },
  };
}

/** The longest wait after an attempt that failed; attempts are counted from 0. */
export function ceilingMs({ firstMs, maxMs }: BackoffOptions, attempt: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
}
