import type { Depth } from '../broker/broker.js';
import { TransientError } from '../errors.js';

/** Events that may wait for a sink before more of what is past comes behind them. */
const maxWaiting = 2_000;
/** What a client is asked to wait, ms. */
const retryAfterMs = 1_000;

/** What is past stands behind what happens now: one request at a time, and none while a sink has much to do. */
export class Backlog {
  readonly #depth: (sink: string) => Promise<Pick<Depth, 'ready'>>;
  #busy = false;

  constructor(depth: (sink: string) => Promise<Pick<Depth, 'ready'>>) {
    this.#depth = depth;
  }

  /** @throws TransientError when it is not its turn, and nothing was done */
  async behind<Result>(sinks: readonly string[], work: () => Promise<Result>): Promise<Result> {
    if (this.#busy) throw new TransientError('another import is under way', { retryAfterMs });
    this.#busy = true;
    try {
      const depths = await Promise.all(sinks.map(this.#depth));
      const full = sinks.filter((_sink, index) => (depths[index]?.ready ?? 0) > maxWaiting);
      if (full.length > 0) throw new TransientError(`events wait for ${full.join(', ')}`, { retryAfterMs });
      return await work();
    } finally {
      this.#busy = false;
    }
  }
}
