import type { NumberSet } from './number-set.js';

/** What was observed of a queue at one moment. */
export interface Observation {
  /** Monotonic ms. */
  readonly now: number;
  /** Names the consumers that this daemon has now: another name is another consumer. Undefined while it has none. */
  readonly consumer: string | undefined;
  /** How many those are. */
  readonly mine: number;
  /** Messages that the queue has, not handed out to anybody; undefined when RabbitMQ did not answer. */
  readonly ready: number | undefined;
  /** Consumers of the queue, whoever they belong to. */
  readonly consumers: number;
  /** Handed out to this daemon and not settled, before RabbitMQ was asked. */
  readonly inHand: number;
  /** Those of them that are ours. */
  readonly ownInHand: number;
  /** Most that RabbitMQ hands out at once. */
  readonly prefetch: number;
  /** What RabbitMQ should have of ours, before it was asked. */
  readonly expected: number;
  /** How many were settled while it was asked. */
  readonly settledMeanwhile: number;
  /** When a message last came, monotonic ms. */
  readonly lastArrival: number;
  /** What RabbitMQ should have of ours and what is not in hand, before it was asked. */
  readonly absent: ReadonlyMap<string, NumberSet>;
  /** As `absent`, without what had come once and went back. */
  readonly unarrived: ReadonlyMap<string, NumberSet>;
  /** The number of each target that was next, before RabbitMQ was asked. */
  readonly upcoming: ReadonlyMap<string, number>;
  /** The highest number of each target that has come. */
  readonly newest: ReadonlyMap<string, number>;
}

/**
 * How far an observation can be relied on.
 * shared: somebody else consumes the queue. ghost: so it looks, but it may be a consumer of ours that was lost.
 * unproven: RabbitMQ answers with zeros, as it does for an empty queue without consumers and for a quorum queue without
 * a leader.
 * unknown: RabbitMQ does not say what the queue holds.
 */
export type Verdict = 'sure' | 'shared' | 'ghost' | 'unproven' | 'unknown';

export interface Finding {
  readonly verdict: Verdict;
  /** These were passed over, and did not come in time. */
  readonly lost: readonly ReadonlyMap<string, NumberSet>[];
  /** How many are lost by counting, whichever they are; `lost` are among them. */
  readonly deficit: number;
  /** Whatever is not in hand is not in the queue either, and nobody else has it. */
  readonly drained: boolean;
}

export interface QueueWatchOptions {
  /** How long RabbitMQ may count a consumer whose connection was lost, ms: until it misses the heartbeats. */
  readonly ghostMs: number;
  /** The process before this one may have left such a consumer. */
  readonly mayHaveGhost: boolean;
}

interface Marker {
  unarrived: ReadonlyMap<string, NumberSet>;
  absent: ReadonlyMap<string, NumberSet>;
  readonly upcoming: ReadonlyMap<string, number>;
  passedAt: number | undefined;
}

/** Time for what was passed over to come after all, ms. */
const graceMs = 5_000;
/** With an empty queue, what RabbitMQ has sent may still be on the wire: so nothing may have come for this long, ms. */
const quietMs = 3_000;
/** A deficit counts when it has stood for this long, ms. */
const standMs = 5_000;
/**
 * While a consumer of ours is opened or cancelled, RabbitMQ and this daemon count it at different moments: others are
 * there when it lasts, ms.
 */
const settleMs = 4_000;
const maxMarkers = 8;

/**
 * Finds out what RabbitMQ has lost, from observations of a queue a second apart, and never calls lost what is late.
 *
 * A queue is in order: what was published later comes later. So a marker notes at one moment which confirmed messages
 * have not come, and what the next numbers are. It is passed when a message comes that was published after that moment
 * and had not been delivered before, or when RabbitMQ says that the queue is empty while this daemon is its only
 * consumer. What has not come five seconds after is lost. Messages that had come and went back (a lost channel, a
 * pause) come again in their own time: only an empty queue passes them. All markers are dropped when the consumer
 * changes, because what was on its way goes back then.
 *
 * A deficit is the other view, by counting: our outstanding messages beyond what the queue and our hands hold, less
 * what may be on the way. It shows a loss also while the sink takes nothing, or is paused. Messages of others that wait
 * make it smaller, never larger.
 *
 * With another consumer nothing can be concluded, nor after it has gone, until the queue was drained: then what is
 * outstanding was theirs. A consumer of ours whose connection broke off is one more for RabbitMQ too, until it misses
 * the heartbeats. It settles nothing, and what it had comes again. So other consumers that are there when ours changes,
 * and go within that time, have only put off the conclusions.
 */
export class QueueWatch {
  readonly #options: QueueWatchOptions;
  #consumer: string | undefined;
  #consumerSince: number | undefined;
  /** Other consumers that may be lost ones of ours, at most. */
  #ghosts: number;
  /** Since when there are more than that, monotonic ms. */
  #othersSince: number | undefined;
  #markers: Marker[] = [];
  #deficits: { readonly at: number; readonly deficit: number }[] = [];
  #emptySince: number | undefined;

  constructor(options: QueueWatchOptions) {
    this.#options = options;
    this.#ghosts = options.mayHaveGhost ? Number.POSITIVE_INFINITY : 0;
  }

  /** The smallest deficit of the last seconds: what stood for so long. */
  get standing(): number {
    const [first] = this.#deficits;
    const last = this.#deficits.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < standMs) return 0;
    return this.#deficits.reduce((min, { deficit }) => Math.min(min, deficit), Number.POSITIVE_INFINITY);
  }

  /** `shared`: the queue was, and has not been drained since. */
  observe(observation: Observation, shared: boolean): Finding {
    const { now, consumer, ready } = observation;
    this.#followConsumer(observation);
    const { verdict, deficit } = this.assess(observation);
    if (verdict !== 'sure' && verdict !== 'unproven') this.#forget();
    const empty = verdict === 'sure' && consumer !== undefined && ready === 0;
    this.#emptySince = empty ? (this.#emptySince ?? now) : undefined;
    const drained = empty && now - (this.#emptySince ?? now) >= graceMs && now - observation.lastArrival >= quietMs;
    if (shared || (verdict !== 'sure' && verdict !== 'unproven')) return { verdict, lost: [], deficit: 0, drained };
    this.#noteDeficit(now, deficit);
    const lost = verdict === 'sure' && consumer !== undefined ? this.#lost(observation) : [];
    return { verdict, lost, deficit: this.standing, drained };
  }

  /**
   * What an observation says by itself. `deficit`: messages of ours that the queue does not have, and
   * that cannot be on the way from it.
   */
  assess(observation: Observation): { readonly verdict: Verdict; readonly deficit: number } {
    const verdict = verdictOf(observation, this.#ghosts, this.#othersSince);
    return { verdict, deficit: verdict === 'sure' || verdict === 'unproven' ? deficitOf(observation) : 0 };
  }

  /** What was lost is counted now: a deficit from before is explained by it. */
  counted(): void {
    this.#deficits = [];
  }

  #followConsumer({ now, consumer, consumers, mine, ready }: Observation): void {
    if (this.#consumerSince === undefined || consumer !== this.#consumer) {
      if (this.#consumerSince !== undefined) this.#ghosts = Number.POSITIVE_INFINITY;
      this.#consumer = consumer;
      this.#consumerSince = now;
      this.#othersSince = undefined;
      this.#forget();
    }
    const others = Math.max(0, consumers - mine);
    if (now - this.#consumerSince >= this.#options.ghostMs) this.#ghosts = 0;
    else if (ready !== undefined) this.#ghosts = Math.min(this.#ghosts, others);
    if (ready !== undefined) this.#othersSince = others > this.#ghosts ? (this.#othersSince ?? now) : undefined;
  }

  #lost({ now, ready, lastArrival, absent, unarrived, upcoming, newest }: Observation) {
    for (const marker of this.#markers) {
      // What has come meanwhile is not lost, also when it has gone back.
      marker.absent = common(marker.absent, absent);
      marker.unarrived = common(marker.unarrived, unarrived);
    }
    if (absent.size > 0 && this.#markers.length < maxMarkers)
      this.#markers.push({ absent, unarrived, upcoming, passedAt: undefined });
    const lost: ReadonlyMap<string, NumberSet>[] = [];
    this.#markers = this.#markers.filter(marker => {
      const overtaken = [...marker.upcoming].some(([target, next]) => (newest.get(target) ?? 0) >= next);
      if (overtaken || ready === 0) marker.passedAt ??= now;
      if (marker.passedAt === undefined || now - marker.passedAt < graceMs) return true;
      const empty = ready === 0 && now - lastArrival >= quietMs;
      if (!overtaken && !empty) return true;
      lost.push(empty ? marker.absent : marker.unarrived);
      return false;
    });
    return lost;
  }

  #noteDeficit(now: number, deficit: number): void {
    this.#deficits.push({ at: now, deficit });
    // One that is as old as that stays, so that the whole time is covered.
    while (this.#deficits.length > 2 && now - this.#deficits[1]!.at >= standMs) this.#deficits.shift();
  }

  #forget(): void {
    this.#markers = [];
    this.#deficits = [];
    this.#emptySince = undefined;
  }
}

function verdictOf(observation: Observation, ghosts: number, othersSince: number | undefined): Verdict {
  const { now, mine, ready, consumers, expected } = observation;
  if (ready === undefined) return 'unknown';
  const others = consumers - mine;
  if (others > 0) return others > ghosts && now - (othersSince ?? now) >= settleMs ? 'shared' : 'ghost';
  if (others < 0) return 'unknown';
  return ready === 0 && consumers === 0 && expected > 0 ? 'unproven' : 'sure';
}

/** Messages in hand that are not ours take up room too: RabbitMQ has handed out that many fewer of ours. */
function deficitOf(observation: Observation): number {
  const { ready = 0, inHand, ownInHand, prefetch, consumer, expected, settledMeanwhile } = observation;
  const onTheWay = (consumer === undefined ? 0 : Math.max(0, prefetch - inHand)) + settledMeanwhile;
  return Math.max(0, expected - ready - ownInHand - onTheWay);
}

function common(
  some: ReadonlyMap<string, NumberSet>,
  others: ReadonlyMap<string, NumberSet>,
): ReadonlyMap<string, NumberSet> {
  const both = new Map<string, NumberSet>();
  for (const [target, numbers] of some) {
    const other = others.get(target);
    if (other !== undefined) both.set(target, numbers.without(numbers.without(other)));
  }
  return both;
}
