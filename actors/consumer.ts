import { dispatch } from 'nact';
import type { BatchLimits, Delivery, Subscription } from '../src/broker/broker.js';
import { Timer } from '../src/clock.js';
import { Batch, type Evidence, type Suspicions } from '../src/delivery/batch.js';
import { Deferral } from '../src/delivery/deferral.js';
import { FetchAhead } from '../src/delivery/fetch-ahead.js';
import type { Pace } from '../src/delivery/pace.js';
import { leftOf, type Prepared } from '../src/delivery/prepare.js';
import { type Kind, Settler, type SettlerOptions, type Unsettled } from '../src/delivery/settle.js';
import { assertNever, describe } from '../src/errors.js';
import { untilAborted } from '../src/retry.js';
import type { ActorState, StatusLine } from '../src/status/board.js';
import { type ActorTools, ask, type Behaviour, type Parent, spawnActor } from './actor.js';
import type { Actor, ConsumerMessage, Reply, SinkFault, SinkMessage } from './protocol.js';
import type { RestartPolicy } from './sink.js';

export interface ConsumerOptions extends ActorTools, SettlerOptions, Suspicions {
  readonly limits: BatchLimits;
  /** Decodes and filters what was fetched. */
  readonly prepare: (deliveries: readonly Delivery[]) => Promise<Prepared>;
  readonly pace: Pace;
  /** A batch held longer is given back to the broker, ms. */
  readonly holdMs: number;
  readonly policy: RestartPolicy;
}

/**
 * Pulls batches from one queue and sees each through its sink to its settlement.
 *
 * subscribing → fetching: the queue is open, nothing is in hand, a fetch is under way.
 * fetching → writing: a batch came; its next segment is with the sink actor, and one more batch is fetched ahead.
 * writing → writing: a segment was settled, the next one goes out. → fetching when the batch is finished.
 * writing → holding: the sink failed; the batch stays. → writing when it is ready (probed first, if set up wrong).
 * holding → released: held too long, a retry under way included; all went back. → fetching after a successful probe.
 * any → stopping → stopped: drain; a segment that is with the sink is waited for, the rest goes back to the broker.
 */
type Phase = 'subscribing' | 'fetching' | 'writing' | 'holding' | 'released' | 'stopping' | 'stopped';

const shownAs: Partial<Record<Phase, ActorState>> = {
  subscribing: 'starting',
  holding: 'holding',
  released: 'holding',
  stopped: 'stopped',
};

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
  #batch: Batch | undefined;
  #ahead: Prepared | undefined;
  #lastFault: SinkFault | undefined;
  readonly #drained: Reply<void>[] = [];
  readonly #evidence: Evidence = { healthy: true };
  readonly #fetch: FetchAhead<Prepared>;
  readonly #deferral: Deferral;
  readonly #hold: Timer;
  /** The hold expired while the batch was being retried. */
  #overdue = false;
  readonly #settler: Settler;
  #endWrite: () => void = () => undefined;
  /** What the broker does not settle now. Dead letters hold up nothing; events that are done with, what comes after. */
  readonly #unsettled: Record<Kind, Unsettled> = { done: { count: 0 }, dead: { count: 0 } };
  readonly #options: ConsumerOptions;
  readonly #self: Actor<ConsumerMessage>;
  readonly #status: StatusLine;

  constructor(options: ConsumerOptions, self: Actor<ConsumerMessage>, status: StatusLine) {
    this.#options = options;
    this.#self = self;
    this.#status = status;
    const { clock, log, limits, prepare } = options;
    this.#hold = new Timer(clock);
    this.#deferral = new Deferral(clock, options.holdMs, () => dispatch(self, { type: 'proceed' }));
    const onUnsettled: SettlerOptions['onUnsettled'] = (count, error, kind) => {
      this.#unsettled[kind] = { count, error };
      this.#status.update({ lastError: this.#unsettled.done.error ?? this.#unsettled.dead.error });
      this.#become(this.#phase);
    };
    this.#settler = new Settler({ ...options, onUnsettled });
    this.#fetch = new FetchAhead({
      limits,
      prepare,
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
        return this.#sinkFailed(message.fault, message.error);
      case 'holdExpired':
        return this.#holdExpired();
      case 'proceed':
        return this.#phase === 'fetching' ? this.#nextBatch() : undefined;
      case 'drain':
        return this.#drain(message.reply);
      default:
        return assertNever(message);
    }
  }

  /** The one place where the phase changes. A held batch that is being retried still shows as held. */
  #become(phase: Phase): void {
    this.#phase = phase;
    const held = phase === 'writing' && this.#lastFault !== undefined ? 'holding' : (shownAs[phase] ?? 'running');
    const state = this.#batch?.parked && held === 'holding' ? 'parked' : held;
    const [unsettled, delayed] = [this.#unsettled.dead.count, this.#unsettled.done.count];
    const detail = {
      phase,
      batch_size: this.#options.pace.size,
      ...(unsettled > 0 && { unsettled }),
      ...(delayed > 0 && { delayed }),
    };
    this.#status.update({ state: state === 'running' && unsettled + delayed > 0 ? 'holding' : state, detail });
  }

  #begin(sink: Actor<SinkMessage>): void {
    this.#sink = sink;
    const prefetch = this.#options.limits.count * 2;
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
    if (items.length > 0) this.#ahead = prepared;
    else if (this.#phase !== 'stopping') this.#fetch.start(this.#subscription);
    if (this.#phase === 'fetching' && this.#ahead !== undefined) this.#nextBatch();
  }

  /** Phase fetching: takes what was deferred and is due, or what was fetched ahead; then fetches the next batch. */
  #nextBatch(): void {
    const deferred = this.#deferral.take();
    const items = deferred ?? this.#ahead?.items;
    if (deferred === undefined) this.#ahead = undefined;
    if (this.#ahead === undefined) this.#fetch.start(this.#subscription);
    if (items === undefined) return;
    this.#batch = new Batch(items, this.#evidence, this.#options);
    this.#write();
  }

  #write(): void {
    if (this.#batch !== undefined) this.#settler.settle(this.#batch.leaving());
    const segment = this.#batch?.nextOf(this.#options.pace.size);
    if (segment === undefined) {
      this.#batch = undefined;
      this.#become('fetching');
      return this.#nextBatch();
    }
    this.#become('writing');
    this.#endWrite = this.#options.writes?.begin(this.#options.sink) ?? this.#endWrite;
    dispatch(this.#sink, { type: 'write', events: segment.map(({ event }) => event) });
  }

  #written({ result, milliseconds }: Extract<ConsumerMessage, { type: 'written' }>): void {
    this.#endWrite();
    this.#hold.stop();
    this.#overdue = false;
    this.#lastFault = undefined;
    if (this.#batch === undefined) return;
    const count = this.#batch.next?.length ?? 0;
    this.#options.pace.written(count, milliseconds);
    const { done, duplicates, tooOld, dead, deferred } = this.#batch.written(result);
    const ms = Math.round(milliseconds);
    this.#options.log.debug({ count, dead: dead.length, deferred: deferred.length, ms }, 'batch.written');
    const overdue = this.#deferral.add(deferred, result.deferred?.retryAfterMs ?? 0);
    this.#settler.requeue(overdue.map(({ delivery }) => delivery));
    this.#settler.settle({ done, duplicates, filtered: 0, tooOld, dead });
    if (this.#phase === 'stopping') return this.#finish();
    this.#write();
  }

  #sinkFailed(fault: SinkFault, error: unknown): void {
    this.#endWrite();
    this.#lastFault = fault;
    if (this.#phase === 'released' || this.#phase === 'stopped') return;
    // In phase holding it was a probe that failed, which says nothing about the events.
    if (this.#phase !== 'holding') this.#writeFailed(fault, error);
    if (this.#phase === 'stopping') return this.#finish();
    this.#become('holding');
    if (this.#overdue) return this.#release();
    this.#hold.start(this.#options.holdMs, () => dispatch(this.#self, { type: 'holdExpired' }));
  }

  #writeFailed(fault: SinkFault, error: unknown): void {
    if (this.#batch === undefined) return;
    if (fault === 'transient') this.#options.pace.failed(this.#batch.next?.length ?? 0);
    if (fault !== 'bug') return this.#batch.held();
    this.#settler.settle({ done: [], duplicates: 0, filtered: 0, dead: this.#batch.failed(describe(error)) });
    if (this.#batch.parked) this.#options.policy.park();
  }

  /** The sink actor is ready again: go on where it failed. */
  #sinkReady(): void {
    if (this.#phase === 'released') return dispatch(this.#sink, { type: 'probe' });
    if (this.#phase !== 'holding') return;
    if (this.#lastFault === 'setup') return dispatch(this.#sink, { type: 'probe' });
    if (this.#batch?.parked && this.#ahead !== undefined) {
      this.#batch.grow(this.#ahead.items);
      this.#ahead = undefined;
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
    this.#options.log.warn({ events: this.#batch?.size ?? 0 }, 'batch.released');
    this.#hold.stop();
    this.#forget();
    this.#become('released');
    this.#settler.pause();
  }

  /** What is in hand goes back to the broker with the pause or the close that follows. */
  #forget(): void {
    this.#overdue = false;
    this.#fetch.interrupt();
    this.#ahead = undefined;
    this.#batch = undefined;
    this.#deferral.clear();
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
