import type { Clock } from '../../../clock.js';
import { describe, SetupError, UnsupportedError } from '../../../errors.js';
import type { Log } from '../../../log.js';
import type { QueueDefinition } from '../../broker.js';
import type { Live } from '../connection.js';
import { operationError, replyCode } from '../errors.js';
import { bindQueue, deadLetterQueue, declareExchange, declareQueue, type QueueType } from './declare.js';
import type { Inspector } from './inspector.js';

export interface TopologyOptions {
  readonly exchange: string;
  readonly queueType: QueueType;
  readonly inspector: Inspector;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is known of one thing that should be there: the exchange, or a queue with its binding and its dead-letter queue. */
interface Standing {
  /** The connection on which it was last made sure of. */
  on: Live | undefined;
  /** It has been there in the time of this process. */
  known: boolean;
  /** Monotonic ms: when it was last made sure of, or failed. */
  at: number;
  error: Error | undefined;
}

/** Bindings go with a deleted exchange, without a sign, so they are made again this often, ms. */
const REBIND = 5_000;
/** What was refused is not asked for again at once, ms. */
const REFUSED = 10_000;

/**
 * Exchange, queues, bindings and dead-letter queues, as they should be. A queue that was named by a setting (adopted) is bound as it is, and
 * declared only when it is not there. What had been there and is gone is made again, and counted. One thing at a time.
 */
export class Topology {
  readonly #options: TopologyOptions;
  readonly #exchange: Standing = newStanding();
  readonly #queues = new Map<string, Standing & { readonly definition: QueueDefinition }>();
  #gaps = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: TopologyOptions) {
    this.#options = options;
  }

  add(definition: QueueDefinition): void {
    this.#queues.set(definition.name, { definition, ...newStanding() });
  }

  remove(name: string): void {
    this.#queues.delete(name);
  }

  /** How often something had disappeared and was made again. */
  get gaps(): number {
    return this.#gaps;
  }

  /** What is not as it should be, and how to fix it. */
  get errors(): Error[] {
    const all = [this.#exchange, ...this.#queues.values()].map(({ error }) => error);
    return all.filter(error => error !== undefined);
  }

  /** Messages may be published to the exchange: it has been seen, and is as it should be. */
  get exchangeReady(): boolean {
    return this.#exchange.known && !(this.#exchange.error instanceof SetupError);
  }

  /** Something was found missing: the next check takes nothing for granted. */
  doubt(): void {
    for (const standing of [this.#exchange, ...this.#queues.values()]) standing.on = undefined;
  }

  /** Looks after everything, once. Never rejects: what went wrong is among the `troubles`. */
  async check(live: Live): Promise<void> {
    await this.#attempt(this.#exchange, () => this.#checkExchange(live));
    for (const queue of [...this.#queues.values()]) {
      await this.#attempt(queue, () => this.#checkQueue(live, queue));
    }
  }

  /** The queue is there, and bound. @throws what keeps it from that */
  async ensure(live: Live, name: string): Promise<void> {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new UnsupportedError(`there is no queue called ${name} here`);
    if (queue.on !== live) {
      await this.#attempt(this.#exchange, () => this.#checkExchange(live));
      await this.#attempt(queue, () => this.#checkQueue(live, queue));
    }
    if (queue.error !== undefined) throw queue.error;
  }

  /** Each thing in its turn; a failure is kept as its error, and logged once. */
  #attempt(standing: Standing, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options;
    const attempt = this.#last.then(async () => {
      if (standing.error instanceof SetupError && clock.monotonic() - standing.at < REFUSED) return;
      try {
        await work();
        standing.error = undefined;
      } catch (error) {
        const failure = error as Error;
        if (failure.message !== standing.error?.message) log.warn({ reason: describe(failure) }, 'topology.refused');
        standing.error = failure;
        standing.on = undefined;
        standing.at = clock.monotonic();
      }
    });
    this.#last = attempt;
    return attempt;
  }

  async #checkExchange(live: Live): Promise<void> {
    if (this.#exchange.on === live) return;
    await declareExchange(live, this.#options.exchange);
    this.#made(this.#exchange, live);
  }

  async #checkQueue(live: Live, queue: Standing & { readonly definition: QueueDefinition }): Promise<void> {
    const { inspector, queueType, clock } = this.#options;
    const { name, sink, adopted } = queue.definition;
    const there = (await inspector.lookNow(name)) !== undefined;
    if (!there && queue.known) this.#tellGap('queue', name);
    const anew = !there || queue.on !== live;
    if (!anew && clock.monotonic() - queue.at < REBIND) return;
    if (anew) {
      if (!there || !adopted) await declareQueue(live, name, queueType);
      await declareQueue(live, deadLetterQueue(sink), queueType);
      inspector.forget(name);
    }
    await this.#bind(live, name);
    this.#made(queue, live);
  }

  async #bind(live: Live, name: string): Promise<void> {
    const { exchange } = this.#options;
    // Without its exchange a queue can still be emptied.
    if (this.#exchange.error !== undefined) return;
    try {
      await bindQueue(live, name, exchange);
    } catch (error) {
      if (replyCode(error) !== 404) throw operationError(`the binding of ${name} to ${exchange}`, error);
      this.#tellGap('exchange', exchange);
      await declareExchange(live, exchange);
      await bindQueue(live, name, exchange);
    }
  }

  #made(standing: Standing, live: Live): void {
    standing.on = live;
    standing.known = true;
    standing.at = this.#options.clock.monotonic();
  }

  #tellGap(what: 'queue' | 'exchange', name: string): void {
    this.#gaps += 1;
    this.#options.log.error({ [what]: name, gaps: this.#gaps }, `${what}.disappeared`);
  }
}

function newStanding(): Standing {
  return { on: undefined, known: false, at: Number.NEGATIVE_INFINITY, error: undefined };
}
