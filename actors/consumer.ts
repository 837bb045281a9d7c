import { dispatch } from 'nact';
import type { BatchLimits, Delivery, Subscription } from '../src/broker/broker.js';
import { Timer } from '../src/clock.js';
import { answered, refused } from '../src/delivery/adaptation.js';
import type { Suspicions } from '../src/delivery/batch.js';
import type { Concurrency } from '../src/delivery/concurrency.js';
import { FetchAhead } from '../src/delivery/fetch-ahead.js';
import { InHand } from '../src/delivery/in-hand.js';
import type { Pace } from '../src/delivery/pace.js';
import { leftOf, type Prepared } from '../src/delivery/prepare.js';
import { Round } from '../src/delivery/round.js';
import { deadOnly, Settler, type SettlerOptions } from '../src/delivery/settle.js';
import { assertNever, describe, HaltedError } from '../src/errors.js';
import { untilAborted } from '../src/retry.js';
import type { StatusLine } from '../src/status/board.js';
import { Standing } from '../src/status/standing.js';
import { type ActorTools, ask, type Behaviour, type Parent, spawnActor } from './actor.js';
import type { Actor, ConsumerMessage, FailedWrite, Reply, SinkFault, SinkMessage } from './protocol.js';
import type { RestartPolicy } from './sink.js';

export interface ConsumerOptions extends ActorTools, SettlerOptions, Suspicions {
  readonly limits: BatchLimits;
  /** Decodes and filters what was fetched. */
  readonly prepare: (deliveries: readonly Delivery[]) => Promise<Prepared>;
  readonly pace: Pace;
  readonly concurrency: Concurrency;
  /** What is in hand for longer is given back to the broker, ms. */
  readonly holdMs: number;
  readonly policy: RestartPolicy;
}

/**
 * Pulls batches from one queue and sees each through its sink to its settlement.
 *
 * subscribing → fetching: the queue is open, nothing is in hand, a fetch is under way.
 * fetching → writing: a batch came; its next segments are with the sink actor, and as much is fetched ahead.
 * writing → writing: each segment is settled when it was answered; after the last of them the next go out. → fetching
 * when the batch is finished, or what is left of it was in hand for so long that it went back, to come again.
 * writing → holding: the sink failed; the batch stays. → writing when it is ready (probed first, if set up wrong).
 * holding → released: held too long, a retry under way included; all went back. → fetching after a successful probe.
 * any → stopping → stopped: drain; what is with the sink is waited for, the rest goes back to the broker.
 */
type Phase = 'subscribing' | 'fetching' | 'writing' | 'holding' | 'released' | 'stopping' | 'stopped';

/** Spawns the consumer, then the sink actor that it feeds. */
export function spawnConsumer(
  parent: Parent,
  options: ConsumerOptions,
  spawnSink: (consumer: Actor<ConsumerMessage>) => Actor<SinkMessage>,
): Actor<ConsumerMessage> {
  const start = (actor: Actor<ConsumerMessage>, line: StatusLine): Consumer => new Consumer(options, actor, line);
  const self = spawnActor<ConsumerMessage>(parent, 'consumer', options, start);
  dispatch(self, { type: 'begin', sink: spawnSink(self) });
  return self;
}

class Consumer implements Behaviour<ConsumerMessage> {
  #phase: Phase = 'subscribing';
  #sink!: Actor<SinkMessage>;
  #subscription!: Subscription;
  #round = new Round();
  #lastFault: SinkFault | undefined;
  readonly #drained: Reply<void>[] = [];
  readonly #fetch: FetchAhead<Prepared>;
  readonly #hand: InHand;
  readonly #hold: Timer;
  /** The hold expired while the batch was being retried. */
  #overdue = false;
  readonly #settler: Settler;
  #endWrite: () => void = () => undefined;
  readonly #standing: Standing;
  readonly #options: ConsumerOptions;
  readonly #self: Actor<ConsumerMessage>;
  readonly #status: StatusLine;

  constructor(options: ConsumerOptions, self: Actor<ConsumerMessage>, status: StatusLine) {
    this.#options = options;
    this.#self = self;
    this.#status = status;
    this.#standing = new Standing(options);
    const { clock, log, limits, prepare } = options;
    this.#hold = new Timer(clock);
    this.#hand = new InHand(options, () => dispatch(self, { type: 'proceed' }));
    const onUnsettled: SettlerOptions['onUnsettled'] = (...unsettled) => {
      this.#standing.unsettled(...unsettled);
      this.#status.update({ lastError: this.#standing.error });
      this.#become(this.#phase);
    };
    this.#settler = new Settler({ ...options, onUnsettled });
    this.#fetch = new FetchAhead({
      limits,
      prepare,
      isWanted: () => this.#hand.ahead.length < options.concurrency.now,
      onFetched: (turn, prepared) => dispatch(self, { type: 'fetched', turn, prepared }),
      onError: (error, waitMs) => log.warn({ reason: describe(error), waitMs }, 'fetch.failed'),
      clock,
    });
  }

  handle(message: ConsumerMessage): void {
    switch (message.type) {
      case 'begin':
        return this.#begin(message.sink);
      case 'subscribed':
        return this.#subscribed(message.subscription);
      case 'fetched':
        return this.#fetched(message.turn, message.prepared);
      case 'sinkReady':
        return this.#sinkReady();
      case 'written':
        return this.#written(message);
      case 'probed':
        return this.#probed();
      case 'sinkFailed':
        return this.#sinkFailed(message);
      case 'holdExpired':
        return this.#holdExpired();
      case 'proceed':
        return this.#phase === 'fetching' && !this.#settler.isPaused ? this.#nextBatch() : undefined;
      case 'drain':
        return this.#drain(message.reply);
      default:
        return assertNever(message);
    }
  }

  /** The one place where the phase changes. */
  #become(phase: Phase): void {
    this.#phase = phase;
    const isFailing = this.#lastFault !== undefined;
    this.#status.update(this.#standing.line(phase, { isFailing, isParked: this.#hand.batch?.parked ?? false }));
  }

  #begin(sink: Actor<SinkMessage>): void {
    this.#sink = sink;
    const { limits, concurrency } = this.#options;
    // What is being written, and as much again ahead of it; AMQP counts in 16 bits.
    const prefetch = Math.min(limits.count * concurrency.limit * 2, 65_535);
    this.#settler.open(prefetch, subscription => dispatch(this.#self, { type: 'subscribed', subscription }));
  }

  #subscribed(subscription: Subscription): void {
    if (this.#phase !== 'subscribing') return;
    this.#subscription = subscription;
    this.#become('fetching');
    this.#nextBatch();
  }

  #fetched(turn: number, prepared: Prepared): void {
    const { items } = prepared;
    if (!this.#fetch.arrived(turn)) return;
    this.#settler.settle(leftOf(prepared));
    if (items.length > 0) this.#hand.ahead.push(items);
    if (this.#phase !== 'stopping') this.#fetch.start(this.#subscription);
    if (this.#phase === 'fetching' && this.#hand.ahead.length > 0) this.#nextBatch();
  }

  /** Phase fetching: takes what was deferred and is due, or what was fetched ahead; then fetches more. */
  #nextBatch(): void {
    this.#hand.begin(this.#options.concurrency.now);
    this.#fetch.start(this.#subscription);
    if (this.#hand.batch !== undefined) this.#write();
  }

  #write(): void {
    if (this.#hand.batch !== undefined) this.#settler.settle(this.#hand.batch.leaving());
    const { pace, concurrency, writes, sink } = this.#options;
    // After a failure, one write alone shows that the destination works.
    const isTrial = this.#lastFault !== undefined;
    this.#round = new Round(this.#hand.batch?.nextOf(pace.size, isTrial ? 1 : concurrency.now), { isTrial });
    if (this.#round.width === 0) {
      this.#become('fetching');
      return this.#nextBatch();
    }
    this.#become('writing');
    this.#endWrite = writes?.begin(sink) ?? this.#endWrite;
    dispatch(this.#sink, { type: 'write', batches: this.#round.batches });
  }

  #written({ index, result, milliseconds }: Extract<ConsumerMessage, { type: 'written' }>): void {
    const segment = this.#round.segments[index];
    const isLast = this.#round.answered(milliseconds);
    if (isLast) this.#endWrite();
    this.#hold.stop();
    this.#overdue = false;
    this.#lastFault = undefined;
    if (this.#hand.batch === undefined || segment === undefined) return;
    const { done, duplicates, tooOld, dead, deferred } = this.#hand.batch.written(result, segment);
    const counts = { count: segment.length, dead: dead.length, deferred: deferred.length };
    this.#options.log.debug({ ...counts, ms: Math.round(milliseconds) }, 'batch.written');
    const overdue = this.#hand.deferral.add(deferred, result.deferred?.retryAfterMs ?? 0);
    this.#settler.requeue(overdue.map(({ delivery }) => delivery));
    this.#settler.settle({ done, duplicates, filtered: 0, tooOld, dead });
    if (!isLast) return;
    if (this.#phase === 'stopping') return this.#finish();
    answered(this.#round, this.#options, this.#hand.ahead);
    if (this.#hand.patienceMs === 0) return this.#giveBack();
    this.#write();
  }

  #sinkFailed({ fault, failed }: Extract<ConsumerMessage, { type: 'sinkFailed' }>): void {
    this.#endWrite();
    this.#lastFault = fault;
    if (this.#phase === 'released' || this.#phase === 'stopped') return;
    // In phase holding it was a probe that failed, which says nothing about the events.
    if (this.#phase !== 'holding') this.#writesFailed(failed);
    if (this.#phase === 'stopping') return this.#finish();
    this.#become('holding');
    if (this.#overdue) return this.#release();
    this.#hold.start(this.#hand.patienceMs, () => dispatch(this.#self, { type: 'holdExpired' }));
  }

  #writesFailed(failed: readonly FailedWrite[]): void {
    const isRefusal = ({ fault, error }: FailedWrite): boolean =>
      fault === 'transient' && !(error instanceof HaltedError);
    if (failed.some(isRefusal)) refused(this.#round, this.#options);
    for (const { index, fault, error } of failed) {
      const segment = this.#round.segments[index];
      if (fault !== 'bug') this.#hand.batch?.held(segment);
      else this.#settler.settle(deadOnly(this.#hand.batch?.failed(describe(error), segment)));
    }
    if (this.#hand.batch?.parked) this.#options.policy.park();
  }

  /** The sink actor is ready again: go on where it failed. */
  #sinkReady(): void {
    if (this.#phase === 'released') return dispatch(this.#sink, { type: 'probe' });
    if (this.#phase !== 'holding') return;
    if (this.#lastFault === 'setup') return dispatch(this.#sink, { type: 'probe' });
    if (this.#hand.batch?.parked && this.#hand.ahead.length > 0) {
      this.#hand.batch.grow(this.#hand.ahead.splice(0).flat());
      this.#fetch.start(this.#subscription);
    }
    this.#write();
  }

  /** While a batch is held, the next write is the proof; after a long hold, with nothing to write, the probe is. */
  #probed(): void {
    if (this.#phase === 'holding') return this.#write();
    if (this.#phase !== 'released') return;
    this.#lastFault = undefined;
    this.#options.policy.succeeded();
    this.#become('fetching');
    this.#settler.resume(() => dispatch(this.#self, { type: 'proceed' }));
  }

  #holdExpired(): void {
    if (this.#phase === 'holding') this.#release();
    else if (this.#phase === 'writing' && this.#lastFault !== undefined) this.#overdue = true;
  }

  /** Held too long: brokers take back what is not acknowledged in time, or close the channel. */
  #release(): void {
    this.#options.log.warn({ events: this.#hand.batch?.size ?? 0 }, 'batch.released');
    this.#hold.stop();
    this.#forget();
    this.#become('released');
    this.#settler.pause();
  }

  /** In hand too long, though the destination takes one write after the other: what waits for its turn comes again. */
  #giveBack(): void {
    this.#forget();
    this.#become('fetching');
    this.#settler.pause();
    this.#settler.resume(() => dispatch(this.#self, { type: 'proceed' }));
  }

  /** What is in hand goes back to the broker with the pause or the close that follows. */
  #forget(): void {
    this.#overdue = false;
    this.#fetch.interrupt();
    this.#hand.clear();
  }

  #drain(reply: Reply<void>): void {
    if (this.#phase === 'stopped') return reply.resolve();
    this.#drained.push(reply);
    const before = this.#phase;
    if (before === 'stopping') return;
    this.#hold.stop();
    this.#become('stopping');
    if (before !== 'writing') this.#finish();
  }

  /** Settlements first, then the rest goes back, then the sink closes. */
  #finish(): void {
    this.#forget();
    const { giveUp, log } = this.#options;
    const close = async (): Promise<void> => {
      await this.#settler.end();
      await ask<void>(reply => dispatch(this.#sink, { type: 'close', reply }));
    };
    untilAborted(giveUp, close(), error => log.warn({ reason: describe(error) }, 'queue.unreachable')).then(() => {
      this.#become('stopped');
      for (const reply of this.#drained) reply.resolve();
    });
  }
}
