import type { OutgoingMessage, Target } from '../publish/outgoing-message.js';
import type { PublishLedger } from '../publish/publish-ledger.js';
import { NumberSet } from './number-set.js';

/** The publishing side: which messages have numbers, which RabbitMQ has confirmed, and which are in the outbox. */
export class Publications implements PublishLedger {
  daemon = '';
  /** The target of messages to every queue. */
  readonly exchangeTarget: string;
  /** By target. */
  readonly outbox = new Map<string, NumberSet>();
  readonly #next: (target: string) => number;
  /** By the names of queues. */
  readonly #queueTargets = new Map<string, string>();
  /** Confirmed, and not yet counted for each queue. */
  readonly #confirmed = new Map<string, NumberSet>();

  constructor(exchange: string, next: (target: string) => number) {
    this.exchangeTarget = `exchange ${exchange}`;
    this.#next = next;
  }

  /** Returns the target of messages to this queue alone. */
  addQueue(queue: string): string {
    const target = `queue ${queue}`;
    this.#queueTargets.set(queue, target);
    return target;
  }

  /** A row that the outbox had at the start; `stored` is its target as it is kept there. */
  restore(stored: string | null, from: number, to: number): void {
    const target = this.#targetOf(stored === null ? null : (JSON.parse(stored) as Partial<Target>));
    if (target === undefined) return;
    setOf(this.outbox, target).add(from, to);
    setOf(this.#confirmed, target).add(from, to);
  }

  /** Gives a message its number, if it is to be counted and has none yet. */
  number(message: OutgoingMessage): void {
    if (message.number !== undefined && message.numberedFor !== undefined) return;
    const target = this.#targetOf(message.target);
    if (target === undefined) return;
    message.numberedFor = target;
    message.number ??= this.#next(target);
  }

  /** RabbitMQ has it. */
  confirmed({ numberedFor, number }: OutgoingMessage): void {
    if (numberedFor !== undefined && number !== undefined) setOf(this.#confirmed, numberedFor).add(number);
  }

  /** The outbox has them. */
  kept(messages: readonly OutgoingMessage[]): void {
    for (const { numberedFor, number } of messages) {
      if (numberedFor === undefined || number === undefined) continue;
      setOf(this.outbox, numberedFor).add(number);
      setOf(this.#confirmed, numberedFor).add(number);
    }
  }

  /** They have left the outbox. */
  left(messages: readonly OutgoingMessage[]): void {
    for (const { numberedFor, number } of messages)
      if (numberedFor !== undefined && number !== undefined) this.outbox.get(numberedFor)?.remove(number);
  }

  /**
   * Hands out what was confirmed since the last time, as ranges: a message is a number more in one of
   * them, whatever the number of sinks.
   */
  takeConfirmed(visit: (target: string, numbers: NumberSet) => void): void {
    for (const [target, numbers] of this.#confirmed) {
      if (numbers.size === 0) continue;
      visit(target, numbers);
      numbers.clear();
    }
  }

  /** What the numbers of a message count; undefined when it is not for a sink. */
  #targetOf(target: Partial<Target> | null): string | undefined {
    if (target === null || target.routingKey === undefined) return this.exchangeTarget;
    if (target.plain || target.exchange !== '') return undefined;
    return this.#queueTargets.get(target.routingKey);
  }
}

function setOf(sets: Map<string, NumberSet>, target: string): NumberSet {
  let set = sets.get(target);
  if (set === undefined) {
    set = new NumberSet();
    sets.set(target, set);
  }
  return set;
}
