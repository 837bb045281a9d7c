import type { Clock } from '../../../clock.js';
import type { Log } from '../../../log.js';
import type { LedgerTotal } from '../../../storage/ledger-report.js';
import type { QueueDepth } from '../topology/inspector.js';
import type { NumberSet } from './number-set.js';
import type { CountedDelivery, OwnNumbers, QueueLedger } from './queue-ledger.js';
import type { Finding, Observation, QueueWatch } from './queue-watch.js';
import { ledgerRow } from './row.js';

/** What this daemon has of a queue now. */
export interface Holding {
  /** Names its consumers; undefined while there is none. */
  readonly consumer: string | undefined;
  readonly consumers: number;
  /** Handed out, and their settlement not counted. */
  readonly inHand: readonly CountedDelivery[];
  readonly prefetch: number;
}

interface Consuming {
  /** Undefined while it has no channel. */
  readonly generation: number | undefined;
  readonly uncounted: readonly CountedDelivery[];
  readonly prefetch: number;
}

/** @param subscriptions those of one queue */
export function holdingOf(subscriptions: readonly Consuming[]): Holding {
  const consuming = subscriptions.filter(({ generation }) => generation !== undefined);
  return {
    consumer: consuming.length === 0 ? undefined : consuming.map(({ generation }) => generation).join(),
    consumers: consuming.length,
    inHand: subscriptions.flatMap(({ uncounted }) => uncounted),
    prefetch: subscriptions.reduce((sum, { prefetch }) => sum + prefetch, 0),
  };
}

export interface ObservedBroker {
  readonly holding: (queue: string) => Holding;
  /** Asks RabbitMQ, not a cache. @throws without a connection */
  readonly inspect: (queue: string) => Promise<QueueDepth | undefined>;
  /** Asks the queue's leader. Never rejects. */
  readonly isEmpty: (queue: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface WatchedQueueOptions extends ObservedBroker {
  readonly ledger: QueueLedger;
  readonly watch: QueueWatch;
  /** The number of a target that is given out next. */
  readonly upcoming: (target: string) => number;
  /** What the outbox has, once everything that was confirmed is counted. */
  readonly inOutbox: () => ReadonlyMap<string, NumberSet>;
}

/** After a queue did not prove to be empty, ms. */
const emptyRetryMs = 10_000;

/** One queue: its ledger is compared with what RabbitMQ says, and what the watch finds lost is given up. */
export class WatchedQueue {
  readonly ledger: QueueLedger;
  readonly #options: WatchedQueueOptions;
  /** Monotonic ms. */
  #lastArrival = Number.NEGATIVE_INFINITY;
  /** When the queue may be asked whether it is empty, monotonic ms. */
  #nextEmptyCheck = 0;

  constructor(options: WatchedQueueOptions) {
    this.#options = options;
    this.ledger = options.ledger;
  }

  arrived(delivery: CountedDelivery): void {
    this.#lastArrival = this.#options.clock.monotonic();
    this.ledger.arrived(delivery);
  }

  async row(): Promise<LedgerTotal> {
    const { ledger, watch } = this.#options;
    const { sink, queue, shared } = ledger;
    const observed = await this.#observe();
    const { verdict, deficit } = watch.assess(observed.observation);
    return ledgerRow({ ...observed, sink, queue, shared, verdict, standing: Math.min(deficit, watch.standing) });
  }

  /** To be called once a second. */
  async examine(): Promise<void> {
    const { ledger, watch, log } = this.#options;
    const { observation } = await this.#observe();
    const finding = watch.observe(observation, ledger.shared);
    const { sink, queue } = ledger;
    if (finding.verdict === 'shared' && !ledger.shared) {
      ledger.share(true);
      log.info({ sink, queue }, 'queue.shared');
    } else if (ledger.shared && finding.drained) {
      ledger.disown(observation.absent, this.#ownInHand());
      ledger.share(false);
    }
    const count = await this.#giveUp(observation, finding);
    if (count === 0) return;
    watch.counted();
    log.error({ sink, queue, count, missing: ledger.missing }, 'events.missing');
  }

  /** The counts at one moment, and what RabbitMQ says right after it. */
  async #observe() {
    const { ledger, holding, inspect, clock, upcoming } = this.#options;
    const outbox = this.#options.inOutbox();
    const { inQueue: expected, inOutbox } = ledger.outstanding(outbox);
    const { consumer, consumers: mine, inHand, prefetch } = holding(ledger.queue);
    const own = ledger.ownNumbers(inHand);
    const settled = ledger.settled;
    const totals = { ...ledger.totals };
    const missing = ledger.missing;
    const before = {
      consumer,
      mine,
      inHand: inHand.length,
      ownInHand: own.count,
      prefetch,
      expected,
      ...ledger.waiting(outbox, own),
      upcoming: new Map([...ledger.targets.keys()].map(target => [target, upcoming(target)])),
    };
    const depth = await inspect(ledger.queue).catch(() => undefined);
    const changed = holding(ledger.queue).consumer !== consumer;
    const observation: Observation = {
      ...before,
      now: clock.monotonic(),
      ready: changed ? undefined : depth?.messages,
      consumers: depth?.consumers ?? 0,
      settledMeanwhile: ledger.settled - settled,
      lastArrival: this.#lastArrival,
      newest: new Map([...ledger.targets].map(([target, { newest }]) => [target, newest])),
    };
    return { observation, totals, inOutbox, missing };
  }

  /**
   * What the markers name is lost. Otherwise a deficit says how many: a queue is purged, expires and is cut off from
   * its old end, so those are the oldest. Should one of them come after all, it is not missing any more, and the
   * deficit stands again. Returns how many.
   */
  async #giveUp({ absent }: Observation, { verdict, lost, deficit }: Finding): Promise<number> {
    const { ledger } = this;
    const count = lost.reduce((sum, numbers) => sum + ledger.giveUp(numbers, this.#ownInHand()), 0);
    if (count > 0 || deficit === 0) return count;
    if (verdict === 'sure') return ledger.giveUp(oldest(absent, deficit), this.#ownInHand());
    return (await this.#isEmpty()) ? ledger.giveUp(absent, this.#ownInHand()) : 0;
  }

  #ownInHand(): OwnNumbers {
    return this.ledger.ownNumbers(this.#options.holding(this.ledger.queue).inHand);
  }

  async #isEmpty(): Promise<boolean> {
    const { isEmpty, clock } = this.#options;
    if (clock.monotonic() < this.#nextEmptyCheck) return false;
    const empty = await isEmpty(this.ledger.queue);
    if (!empty) this.#nextEmptyCheck = clock.monotonic() + emptyRetryMs;
    return empty;
  }
}

function oldest(numbers: ReadonlyMap<string, NumberSet>, count: number): Map<string, NumberSet> {
  const found = new Map<string, NumberSet>();
  let left = count;
  for (const [target, set] of numbers) {
    const lowest = set.lowest(left);
    left -= lowest.size;
    found.set(target, lowest);
  }
  return found;
}
