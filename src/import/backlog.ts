import type { Depth } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { TransientError } from '../errors.js';

export interface BacklogOptions {
  /** Events that may wait for a sink before more of what is past comes behind them; 2,000 by default. */
  readonly maxWaiting?: number;
  /** What a client is asked to wait, ms; 1 s by default. */
  readonly retryAfterMs?: number;
}

/** How often it is looked whether a sink has nothing to do, ms. */
const pollMs = 20;
/** What happens now has a sink to itself for this long before more of what is past comes, ms. */
const restMs = 200;

/** What is past stands behind what happens now: one request for a sink at a time, and none while it has much to do. */
export class Backlog {
  readonly #depth: (sink: string) => Promise<Pick<Depth, 'ready' | 'unsettled'>>;
  readonly #maxWaiting: number;
  readonly #retryAfterMs: number;
  /** Sinks of the requests under way. */
  readonly #busy = new Set<string>();

  constructor(
    depth: (sink: string) => Promise<Pick<Depth, 'ready' | 'unsettled'>>,
    { maxWaiting = 2_000, retryAfterMs = 1_000 }: BacklogOptions = {},
  ) {
    this.#depth = depth;
    this.#maxWaiting = maxWaiting;
    this.#retryAfterMs = retryAfterMs;
  }

  /** @throws TransientError when it is not its turn, and nothing was done */
  async behind<Result>(sinks: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const retryAfterMs = this.#retryAfterMs;
    const busy = sinks.filter(sink => this.#busy.has(sink));
    if (busy.length > 0)
      throw new TransientError(`another request of this kind is under way for ${busy.join(', ')}`, { retryAfterMs });
    for (const sink of sinks) this.#busy.add(sink);
    try {
      const depths = await Promise.all(sinks.map(this.#depth));
      const full = sinks.filter((_sink, index) => (depths[index]?.ready ?? 0) > this.#maxWaiting);
      if (full.length > 0) throw new TransientError(`events wait for ${full.join(', ')}`, { retryAfterMs });
      return await work();
    } finally {
      for (const sink of sinks) this.#busy.delete(sink);
    }
  }

  /** Resolves after a rest, when nothing waits for a sink and nothing is on its way there; or after this long, ms. */
  async rest(sink: string, clock: Pick<Clock, 'monotonic' | 'sleep'>, patienceMs: number): Promise<void> {
    const began = clock.monotonic();
    for (let ms = restMs; clock.monotonic() - began < patienceMs; ms = pollMs) {
      await clock.sleep(ms);
      const { ready, unsettled } = await this.#depth(sink);
      if (ready + unsettled === 0) return;
    }
  }
}
