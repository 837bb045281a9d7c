import type { NumberSet } from './number-set.js';

/** What was seen of a queue at one look. */
export interface Look {
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
  /** Most that RabbitMQ hands out at once. */
  readonly prefetch: number;
  /** What RabbitMQ should have of ours, before it was asked. */
  readonly expected: number;
  /** How many were settled while it was asked. */
  readonly settledMeanwhile: number;
  /** When a message last came, monotonic ms. */
  readonly lastArrival: number;
  /** What should have come and has not, before RabbitMQ was asked. */
  readonly unarrived: ReadonlyMap<string, NumberSet>;
  /** The number of each target that was next, before RabbitMQ was asked. */
  readonly upcoming: ReadonlyMap<string, number>;
  /** The highest number of each target that has come. */
  readonly newest: ReadonlyMap<string, number>;
}

/** How far a look can be relied on: somebody else consumes the queue, RabbitMQ does not say what it holds, or neither. */
export type Verdict = 'sure' | 'shared' | 'unknown';

export interface Finding {
  readonly verdict: Verdict;
  /** These were passed over, and did not come in time. */
  readonly lost: readonly ReadonlyMap<string, NumberSet>[];
  /** Whatever is not in hand is not in the queue either, and nobody else has it. */
  readonly drained: boolean;
}

interface Marker {
  readonly unarrived: ReadonlyMap<string, NumberSet>;
  readonly upcoming: ReadonlyMap<string, number>;
  passedAt: number | undefined;
}

/** Time for what was passed over to come after all, ms. */
const graceMs = 5_000;
/** With an empty queue, what RabbitMQ has sent may still be on the wire: so nothing may have come for this long, ms. */
const quietMs = 3_000;
/** A consumer of ours that was lost may be counted by RabbitMQ for a while, ms. */
const settleInMs = 5_000;
/** A deficit counts when it has stood for this long, ms. */
const standMs = 5_000;
const maxMarkers = 8;

/**
 * Finds out what RabbitMQ has lost, from looks at a queue a second apart, and never calls lost what is late.
 *
 * A queue is in order: what was published later comes later. So a marker notes at one moment which confirmed messages have not come, and what the
 * next numbers are. It is passed when a message comes that was published after that moment and had not been delivered before, or when RabbitMQ
 * says that the queue is empty while this daemon is its only consumer. What has not come five seconds after is lost.
 * Messages that had come and went back (a lost channel, a pause) are not in a marker: they come again in their own time.
 * All markers are dropped when the consumer changes, because what was on its way goes back then.
 *
 * A deficit is the other view, by counting: our outstanding messages beyond what the queue and our hands hold, less what may be on the way.
 * It shows a loss also while the sink takes nothing. Messages of others make it smaller, never larger.
 *
 * With another consumer nothing can be concluded, nor after it has gone, until the queue was drained: then what is outstanding was theirs.
 */
export class QueueWatch {
  #consumer: string | undefined;
  #consumerSince = Number.NEGATIVE_INFINITY;
  #markers: Marker[] = [];
  #deficits: { readonly at: number; readonly deficit: number }[] = [];
  #emptySince: number | undefined;

  /** The smallest deficit of the last seconds: what stood for so long. */
  get standing(): number {
    const [first] = this.#deficits;
    const last = this.#deficits.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < standMs) return 0;
    return this.#deficits.reduce((min, { deficit }) => Math.min(min, deficit), Number.POSITIVE_INFINITY);
  }

  /** `shared`: the queue was, and has not been drained since. */
  look(look: Look, shared: boolean): Finding {
    const { now, consumer } = look;
    if (consumer !== this.#consumer) {
      this.#consumer = consumer;
      this.#consumerSince = now;
      this.#forget();
    }
    const { verdict, deficit } = this.assess(look);
    if (verdict !== 'sure') this.#forget();
    const empty = verdict === 'sure' && consumer !== undefined && look.ready === 0;
    this.#emptySince = empty ? (this.#emptySince ?? now) : undefined;
    const drained = empty && now - (this.#emptySince ?? now) >= graceMs && now - look.lastArrival >= quietMs;
    if (verdict !== 'sure' || shared) return { verdict, lost: [], drained };
    this.#noteDeficit(now, deficit);
    return { verdict, lost: consumer === undefined ? [] : this.#lost(look), drained };
  }

  /**
   * What a look says by itself. `deficit`: messages of ours that the queue does not have, and that cannot be on the way from it.
   */
  assess(look: Look): { readonly verdict: Verdict; readonly deficit: number } {
    const fresh = look.consumer !== this.#consumer || look.now - this.#consumerSince < settleInMs;
    const verdict = judge(look, fresh);
    return { verdict, deficit: verdict === 'sure' ? deficitOf(look) : 0 };
  }

  #lost({ now, ready, lastArrival, unarrived, upcoming, newest }: Look): ReadonlyMap<string, NumberSet>[] {
    if (unarrived.size > 0 && this.#markers.length < maxMarkers)
      this.#markers.push({ unarrived, upcoming, passedAt: undefined });
    const lost: ReadonlyMap<string, NumberSet>[] = [];
    this.#markers = this.#markers.filter(marker => {
      const overtaken = [...marker.upcoming].some(([target, next]) => (newest.get(target) ?? 0) >= next);
      if (overtaken || ready === 0) marker.passedAt ??= now;
      if (marker.passedAt === undefined || now - marker.passedAt < graceMs) return true;
      if (!overtaken && (ready !== 0 || now - lastArrival < quietMs)) return true;
      lost.push(marker.unarrived);
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

function judge({ mine, ready, consumers, expected }: Look, fresh: boolean): Verdict {
  if (ready === undefined) return 'unknown';
  if (consumers > mine) return fresh ? 'unknown' : 'shared';
  // A quorum queue without a leader answers with zeros.
  if (ready === 0 && consumers === 0 && (mine > 0 || expected > 0)) return 'unknown';
  return consumers < mine ? 'unknown' : 'sure';
}

function deficitOf({ ready = 0, inHand, prefetch, consumer, expected, settledMeanwhile }: Look): number {
  const onTheWay = (consumer === undefined ? 0 : Math.max(0, prefetch - inHand)) + settledMeanwhile;
  return Math.max(0, expected - ready - inHand - onTheWay);
}
