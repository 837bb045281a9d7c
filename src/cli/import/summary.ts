import type { ImportReceipt } from '../../../openapi/api-types.js';
import type { BadItem } from '../../import/item.js';
import type { SentEvent } from './past-batch.js';

/** Reasons that are listed apart, and examples of each. */
const maxReasons = 20;
const maxExamples = 3;
const otherReasons = 'other reasons';

interface Refusal {
  count: number;
  readonly examples: string[];
}

/** What became of everything that was read. */
export class Summary {
  read = 0;
  /** Outside of `--since` and `--until`. */
  passed = 0;
  sent = 0;
  accepted = 0;
  /** null: the daemon cannot tell. */
  alreadyThere: number | null = null;
  /** Events whose visitor has a pseudonym of this pass alone. */
  fresh = 0;
  sinks: readonly string[] = [];
  readonly tooOld = new Map<string, number>();
  readonly closed = new Map<string, number>();
  readonly reopened = new Set<string>();
  readonly #refused = new Map<string, Refusal>();

  refuse({ reason, where }: BadItem): void {
    const name = this.#refused.has(reason) || this.#refused.size < maxReasons ? reason : otherReasons;
    const refusal = this.#refused.get(name) ?? { count: 0, examples: [] };
    this.#refused.set(name, refusal);
    refusal.count += 1;
    if (where !== '' && refusal.examples.length < maxExamples) refusal.examples.push(where);
  }

  answered(receipt: ImportReceipt, events: readonly SentEvent[]): void {
    this.accepted += receipt.accepted;
    if (receipt.already_there !== null) this.alreadyThere = (this.alreadyThere ?? 0) + receipt.already_there;
    this.sinks = [...new Set([...this.sinks, ...receipt.sinks])];
    for (const { index, message } of receipt.refused) this.refuse({ reason: message, where: events[index]?.id ?? '' });
    addUp(this.tooOld, receipt.too_old);
    addUp(this.closed, receipt.closed);
    for (const month of receipt.reopened) this.reopened.add(month);
  }

  get refused(): number {
    return [...this.#refused.values()].reduce((sum, { count }) => sum + count, 0);
  }

  /** For programs. */
  json(seconds: number): string {
    return JSON.stringify({
      read: this.read,
      passed: this.passed,
      accepted: this.accepted,
      already_there: this.alreadyThere,
      refused: this.refused,
      reasons: Object.fromEntries(this.#refused),
      too_old: Object.fromEntries(this.tooOld),
      closed: Object.fromEntries(this.closed),
      reopened: [...this.reopened],
      sinks: this.sinks,
      fresh_pseudonyms: this.fresh,
      seconds,
    });
  }

  /** For people. @param noun of what was read: `lines` */
  words(noun: string, seconds: number): string[] {
    const to = this.sinks.length === 0 ? '' : ` for ${this.sinks.join(', ')}`;
    const lines = [`${n(this.read)} ${noun} read, ${events(this.accepted)} accepted${to} in ${seconds} s`];
    if (this.alreadyThere !== null)
      lines.push(`${n(this.alreadyThere)} of them were here already and are no second event`);
    if (this.passed > 0) lines.push(`${events(this.passed)} outside of --since and --until`);
    for (const [reason, { count, examples }] of this.#refused)
      lines.push(`${n(count)} refused: ${reason}${examples.length === 0 ? '' : ` (${examples.join('; ')})`}`);
    for (const [sink, count] of this.tooOld) lines.push(`${events(count)} too old for ${sink}`);
    for (const [month, count] of this.closed)
      lines.push(
        `${events(count)} of ${month} not counted as usage: that month is closed with the counts that it has. With --reopen it is counted anew, from these events alone`,
      );
    if (this.fresh > 0)
      lines.push(
        `${events(this.fresh)} of days whose salt is gone: their visitors have pseudonyms of this import alone`,
      );
    return lines;
  }
}

function addUp(sums: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count);
}

function events(count: number): string {
  return `${n(count)} ${count === 1 ? 'event' : 'events'}`;
}

function n(count: number): string {
  return count.toLocaleString('en');
}
