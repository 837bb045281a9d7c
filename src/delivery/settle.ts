import type { Broker, Delivery, Settlement, Subscription } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { describe, type Fault, faultOf } from '../errors.js';
import type { Log } from '../log.js';
import { cleanDead, type Suppression } from '../people/suppression.js';
import { RepeatedWarning } from '../repeated-warning.js';
import { RetryQueue } from '../retry.js';
import { toBroker, type Writes } from './writes.js';

/** Why something could not be settled. */
export interface SettlementError {
  readonly fault: Fault;
  readonly message: string;
  /** Epoch ms. */
  readonly at: number;
}

export interface SettlerOptions {
  readonly sink: string;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  /** What is said of people who were erased is not kept with a dead letter. */
  readonly suppression?: Pick<Suppression, 'judge' | 'isEmpty' | 'generation'> | undefined;
  /** Hears of dead letters that are on their way. */
  readonly writes?: Pick<Writes, 'begin' | 'during'> | undefined;
  /** Ends the retries. */
  readonly giveUp: AbortSignal;
  /** The broker does not take the settlement of this many events of a kind, for this reason; or (0) it does again. */
  readonly onUnsettled?: (count: number, error: SettlementError | undefined, kind: Kind) => void;
}

/** What waits for its settlement: events that are done with, or dead letters. */
export type Kind = 'done' | 'dead';

export interface Unsettled {
  readonly count: number;
  readonly error?: SettlementError | undefined;
}

const lines = { done: 'settlement.delayed', dead: 'dead-letters.delayed' } as const;

/** Characters of why an event was set aside. RabbitMQ takes 64 KiB of headers, and a character may be 3 bytes. */
const maxReasonLength = 4_000;

/** At most this many rejected events of one settlement are logged; the dead letters hold them all. */
const maxRejectedLines = 10;

/**
 * A consumer's side of its queue. What it asks of the broker is done in order, and each thing is retried until it
 * succeeds or the shutdown runs out of time. Nothing here rejects.
 *
 * Dead letters go beside the rest: they are published before they leave the queue, and what may keep them (a queue that
 * is full, a permission) concerns nothing else. They stay unsettled meanwhile, so the consumer's prefetch bounds how
 * many can wait.
 */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #retries: RetryQueue;
  readonly #deadLetters: RetryQueue;
  readonly #done: Waiting;
  readonly #dead: Waiting;
  #subscription: Subscription | undefined;
  #ended = false;
  #pauses = 0;
  #isPaused = false;

  constructor(options: SettlerOptions) {
    this.#options = options;
    this.#done = new Waiting('done', options);
    this.#dead = new Waiting('dead', options);
    const { clock, giveUp, log } = options;
    this.#retries = new RetryQueue(clock, giveUp, (line, error, waitMs) => {
      if (line === lines.done) this.#done.failed(error);
      else log.warn({ reason: describe(error), waitMs }, line);
    });
    this.#deadLetters = new RetryQueue(clock, giveUp, (_line, error) => this.#dead.failed(error));
  }

  open(prefetch: number, onOpen: (subscription: Subscription) => void): void {
    const { broker, sink } = this.#options;
    this.#retries.add('queue.unreachable', async () => {
      if (this.#ended) return;
      this.#subscription = await broker.subscribe(sink, prefetch);
      if (!this.#ended) onOpen(this.#subscription);
    });
  }

  settle(settlement: Settlement): void {
    if (settlement.done.length === 0 && settlement.dead.length === 0) return;
    const { log, suppression } = this.#options;
    const { dead: given, ...rest } = settlement;
    if ((rest.tooOld ?? 0) > 0) log.warn({ count: rest.tooOld }, 'events.too-old');
    const dead = given.map(one => ({ ...one, reason: oneLine(one.reason) }));
    for (const { delivery, reason, fault } of dead.slice(0, maxRejectedLines)) {
      const { reason: said = reason } = cleanDead(suppression, delivery, reason);
      log.warn({ id: delivery.id, fault, reason: said }, 'event.rejected');
    }
    if (rest.done.length > 0) this.#settleDone({ ...rest, dead: [] });
    if (dead.length > 0) this.#settleDead(dead);
  }

  #settleDone(settlement: Settlement): void {
    const { length } = settlement.done;
    this.#done.added(length);
    this.#retries.add(lines.done, async () => {
      await this.#settle(settlement);
      this.#done.settled(length);
    });
  }

  #settleDead(dead: Settlement['dead']): void {
    this.#dead.added(dead.length);
    const pauses = this.#pauses;
    this.#deadLetters.add(lines.dead, async () => {
      // They went back to the queue with a pause, and will come again.
      if (pauses === this.#pauses) await this.#keep(dead);
      this.#dead.settled(dead.length);
    });
  }

  /** A try that fails may be followed by another much later: people who were erased meanwhile are not kept. */
  async #keep(dead: Settlement['dead']): Promise<void> {
    const { suppression, writes } = this.#options;
    const keep = (): Promise<void> => {
      const kept = dead.map(one => ({ ...one, ...cleanDead(suppression, one.delivery, one.reason) }));
      return this.#settle(deadOnly(kept));
    };
    await (writes === undefined ? keep() : writes.during(toBroker, keep));
  }

  async #settle(settlement: Settlement): Promise<void> {
    await this.#subscription?.settle(settlement);
  }

  /** Back to the queue, to be handed out again. */
  requeue(deliveries: readonly Delivery[]): void {
    if (deliveries.length > 0)
      this.#retries.add('queue.unreachable', async () => this.#subscription?.requeue(deliveries));
  }

  /** From the call of `pause`: what is fetched before it is through would go back with it. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Everything that is not settled goes back to the broker. */
  pause(): void {
    this.#pauses += 1;
    this.#isPaused = true;
    this.#retries.add('queue.unreachable', async () => this.#subscription?.pause());
  }

  resume(onResumed: () => void): void {
    this.#retries.add('queue.unreachable', async () => {
      await this.#subscription?.resume();
      this.#isPaused = false;
      onResumed();
    });
  }

  /** Closes the queue after everything before it is done; what is not settled goes back to the broker. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all([this.#retries.done(), this.#deadLetters.done()]);
    await this.#subscription
      ?.close()
      .catch(error => this.#options.log.warn({ reason: describe(error) }, 'queue.unreachable'));
  }
}

/** Counts what was handed over and is not settled, and shows it while settling fails. */
class Waiting {
  readonly #kind: Kind;
  readonly #options: SettlerOptions;
  readonly #warning: RepeatedWarning;
  #count = 0;
  #failing = false;

  constructor(kind: Kind, options: SettlerOptions) {
    this.#kind = kind;
    this.#options = options;
    this.#warning = new RepeatedWarning({ ...options, event: lines[kind] });
  }

  added(count: number): void {
    this.#count += count;
  }

  failed(error: unknown): void {
    const { clock, onUnsettled } = this.#options;
    this.#warning.warn(describe(error));
    this.#failing = true;
    const problem = { fault: faultOf(error), message: describe(error), at: clock.now() };
    onUnsettled?.(this.#count, problem, this.#kind);
  }

  settled(count: number): void {
    this.#count -= count;
    this.#warning.clear();
    if (this.#failing) this.#options.onUnsettled?.(0, undefined, this.#kind);
    this.#failing = false;
  }
}

/** What only leaves as dead letters. */
export function deadOnly(dead: Settlement['dead'] = []): Settlement {
  return { done: [], duplicates: 0, filtered: 0, dead };
}

/** Many events may share a reason that a server chose; and it is shown on terminals. */
function oneLine(reason: string): string {
  return reason.slice(0, maxReasonLength).replace(/\p{C}+/gu, ' ');
}
