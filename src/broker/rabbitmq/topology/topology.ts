import type { Clock } from '../../../clock.js';
import { describe, SetupError, UnsupportedError } from '../../../errors.js';
import type { Log } from '../../../log.js';
import type { QueueDefinition } from '../../broker.js';
import { deadLetterQueueName } from '../../queue-names.js';
import type { LiveConnection } from '../connection.js';
import { operationError, replyCode, serverText } from '../errors.js';
import { bindQueue, declareExchange, declareQueue, type QueueType } from './declare.js';
import type { Inspector } from './inspector.js';

export interface TopologyOptions {
  readonly exchange: string;
  readonly queueType: QueueType;
  readonly inspector: Inspector;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What is known of something that should be there: the exchange, or a queue with its binding and its dead-letter queue.
 */
interface TopologyEntry {
  /** The connection on which it was last checked and found right. */
  on: LiveConnection | undefined;
  /** This process has seen it. */
  known: boolean;
  /** When it was last checked, monotonic ms. */
  at: number;
  error: Error | undefined;
}

/** A deleted exchange takes its bindings with it without a sign, so they are made again this often, ms. */
const rebindMs = 5_000;
/** What the broker refused is not asked for again sooner, ms. */
const refusedRetryMs = 10_000;

/**
 * Exchange, queues, bindings and dead-letter queues, as they should be. A queue that was named by a setting (adopted)
 * is bound as it is, and declared only when it is not there. What had been there and is gone is made again, and
 * counted. One thing at a time.
 */
export class Topology {
  readonly #options: TopologyOptions;
  readonly #exchange: TopologyEntry = newEntry();
  readonly #queues = new Map<string, TopologyEntry & { readonly definition: QueueDefinition }>();
  #gaps = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: TopologyOptions) {
    this.#options = options;
  }

  add(definition: QueueDefinition): void {
    this.#queues.set(definition.name, { definition, ...newEntry() });
  }

  remove(name: string): void {
    this.#queues.delete(name);
  }

  /** How often something had disappeared and was made again. */
  get gaps(): number {
    return this.#gaps;
  }

  /** What is wrong now, and how to fix it. */
  get errors(): Error[] {
    const all = [this.#exchange, ...this.#queues.values()].map(({ error }) => error);
    return all.filter(error => error !== undefined);
  }

  /**
   * Messages may be published to the exchange: it has been seen, and is as it should be; and each queue has been seen
   * or refused, because one that is bound only later would miss what the others got.
   */
  get exchangeReady(): boolean {
    const queues = [...this.#queues.values()];
    return (
      this.#exchange.known &&
      !(this.#exchange.error instanceof SetupError) &&
      queues.every(({ known, error }) => known || error !== undefined)
    );
  }

  /** Something was found missing: the next check takes nothing as known. */
  invalidate(): void {
    for (const entry of [this.#exchange, ...this.#queues.values()]) entry.on = undefined;
  }

  /** Checks everything once, and makes what is missing. Never rejects: what went wrong is in `errors`. */
  async check(live: LiveConnection): Promise<void> {
    await this.#attempt(this.#exchange, () => this.#checkExchange(live));
    for (const queue of [...this.#queues.values()]) {
      await this.#attempt(queue, () => this.#checkQueue(live, queue));
    }
  }

  /** Resolves when the queue is there and bound. @throws SetupError, TransientError */
  async ensure(live: LiveConnection, name: string): Promise<void> {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new UnsupportedError(`there is no queue called ${name} here`);
    if (queue.on !== live) {
      await this.#attempt(this.#exchange, () => this.#checkExchange(live));
      await this.#attempt(queue, () => this.#checkQueue(live, queue));
    }
    if (queue.error !== undefined) throw queue.error;
  }

  /** One at a time. A failure is kept in the entry, and logged when it is a new one. */
  #attempt(entry: TopologyEntry, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options;
    const attempt = this.#last.then(async () => {
      if (entry.error instanceof SetupError && clock.monotonic() - entry.at < refusedRetryMs) return;
      try {
        await work();
        entry.error = undefined;
      } catch (error) {
        const failure = error as Error;
        if (failure.message !== entry.error?.message) log.warn({ reason: describe(failure) }, 'topology.refused');
        entry.error = failure;
        entry.on = undefined;
        entry.at = clock.monotonic();
      }
    });
    this.#last = attempt;
    return attempt;
  }

  async #checkExchange(live: LiveConnection): Promise<void> {
    if (this.#exchange.on === live) return;
    await declareExchange(live, this.#options.exchange);
    this.#made(this.#exchange, live);
  }

  async #checkQueue(
    live: LiveConnection,
    queue: TopologyEntry & { readonly definition: QueueDefinition },
  ): Promise<void> {
    const { inspector, queueType, clock } = this.#options;
    const { name, sink, adopted, singleConsumer } = queue.definition;
    const there = (await inspector.inspectNow(name)) !== undefined;
    if (!there && queue.known) this.#countGap('queue', name);
    const anew = !there || queue.on !== live;
    if (!anew && clock.monotonic() - queue.at < rebindMs) return;
    if (anew) {
      if (!there || !adopted) await declareQueue(live, name, queueType, singleConsumer);
      await declareQueue(live, deadLetterQueueName(sink), queueType);
      inspector.forget(name);
    }
    await this.#bind(live, name);
    this.#made(queue, live);
  }

  async #bind(live: LiveConnection, name: string): Promise<void> {
    const { exchange } = this.#options;
    // Without its exchange a queue can still be emptied.
    if (this.#exchange.error !== undefined) return;
    try {
      await bindQueue(live, name, exchange);
    } catch (error) {
      if (replyCode(error) !== 404) throw bindingError(name, exchange, error);
      this.#countGap('exchange', exchange);
      await declareExchange(live, exchange);
      await bindQueue(live, name, exchange);
    }
  }

  #made(entry: TopologyEntry, live: LiveConnection): void {
    entry.on = live;
    entry.known = true;
    entry.at = this.#options.clock.monotonic();
  }

  #countGap(what: 'queue' | 'exchange', name: string): void {
    this.#gaps += 1;
    this.#options.log.error({ [what]: name, gaps: this.#gaps }, `${what}.disappeared`);
  }
}

/** A binding takes two permissions, and RabbitMQ says which thing it refuses. */
function bindingError(queue: string, exchange: string, error: unknown): Error {
  if (replyCode(error) !== 403) return operationError(`the binding of ${queue} to ${exchange}`, error, 'write');
  return serverText(error).includes('exchange')
    ? operationError(`the exchange ${exchange}`, error, 'read')
    : operationError(`the queue ${queue}`, error, 'write');
}

function newEntry(): TopologyEntry {
  return { on: undefined, known: false, at: Number.NEGATIVE_INFINITY, error: undefined };
}
