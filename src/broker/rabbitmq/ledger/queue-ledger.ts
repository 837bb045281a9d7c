import type { CountName, Counts } from '../../../storage/ledger-delta.js';
import type { QueueLedgerSave } from '../../../storage/queue-ledgers.js';
import type { Settlement } from '../../broker.js';
import { NumberSet } from './number-set.js';
import { NumberedMessages, type SavedNumbers } from './numbered-messages.js';
import { QueueCounts } from './queue-counts.js';
import { RecentIds } from './recent-ids.js';

/** What a message says of who published it, and what the ledger has noted on it. */
export interface CountedDelivery {
  readonly id: string;
  readonly redelivered: boolean;
  readonly daemon?: string;
  /** What its number counts: the exchange, or a queue. */
  readonly numberedFor?: string;
  readonly number?: number;
  /** It was settled before, and came again: no longer counted as waiting. */
  repeated: boolean;
  /** Its settlement is counted. */
  counted: boolean;
}

/** As it is kept, JSON. */
interface SavedLedger {
  readonly place: string;
  readonly shared: boolean;
  /** A process may still consume the queue by this: it has not ended in an orderly way. */
  readonly open?: boolean;
  readonly totals: Counts;
  readonly targets: Readonly<Record<string, SavedNumbers>>;
}

export interface QueueLedgerOptions {
  readonly sink: string;
  readonly queue: string;
  readonly daemon: string;
  /** The targets that reach this queue. */
  readonly targets: readonly string[];
  /** Where the queue is: another broker has other messages. */
  readonly place: string;
  readonly now: () => number;
  /** A number of ours was seen; false when it cannot be one. */
  readonly onNumber: (target: string, number: number) => boolean;
  /** Counts of the current hour. */
  readonly counts?: Counts;
  readonly state?: string;
  readonly foreign?: { readonly ids: readonly string[]; readonly upTo: number };
}

/** By target. */
export interface OwnNumbers {
  readonly numbers: ReadonlyMap<string, NumberSet>;
  readonly count: number;
}

type Settled = Pick<Settlement, 'duplicates' | 'filtered' | 'tooOld' | 'erased'>;

/**
 * The counts of one queue of RabbitMQ, each raised where the event happened. What is counted, and when:
 *
 * A message of ours carries the daemon's id and a number for its target. It is accepted when RabbitMQ has confirmed it,
 * or the outbox has it, or it comes out of the queue, whichever is first; its number makes that one event, however
 * often it is published. It is settled once by the same number. A message of anybody else's (Clowder, another daemon,
 * an older release) is accepted when it is settled. RabbitMQ delivers a message again when the acknowledgement did not
 * reach it; those settled last are known by their ids then.
 *
 * Nothing here waits: the whole is kept by `save`, before the acknowledgements are sent.
 */
export class QueueLedger {
  readonly sink: string;
  readonly queue: string;
  /** Others take, or took, from this queue: what became of our numbers there is not known. */
  shared = false;
  /** The process before this one may have left a consumer behind. */
  readonly leftOpen: boolean;
  /** Nothing is consumed any more. */
  closed = false;
  /** Something was counted since the last save. */
  changed = false;
  readonly #options: QueueLedgerOptions;
  readonly #targets = new Map<string, NumberedMessages>();
  readonly #recent: RecentIds;
  #unsaved: string[] = [];
  readonly #counts: QueueCounts;
  /** Settled since this process started. */
  #settled = 0;

  constructor(options: QueueLedgerOptions) {
    this.#options = options;
    this.sink = options.sink;
    this.queue = options.queue;
    const saved = options.state === undefined ? undefined : (JSON.parse(options.state) as SavedLedger);
    for (const target of options.targets) this.#targets.set(target, new NumberedMessages(saved?.targets[target]));
    if (saved !== undefined) this.shared = saved.shared || saved.place !== options.place;
    this.leftOpen = saved !== undefined && saved.open !== false;
    this.#recent = new RecentIds(options.foreign?.ids, options.foreign?.upTo);
    this.#counts = new QueueCounts(options.now, saved?.totals, options.counts);
  }

  /** Since the beginning. */
  get totals(): Readonly<Counts> {
    return this.#counts.totals;
  }

  get targets(): ReadonlyMap<string, NumberedMessages> {
    return this.#targets;
  }

  get missing(): number {
    return this.#sum(({ missing }) => missing.size);
  }

  /** Accepted and not settled, and not in the outbox alone: what RabbitMQ should have of ours. */
  outstanding(inOutbox: ReadonlyMap<string, NumberSet>): { readonly inQueue: number; readonly inOutbox: number } {
    let [inQueue, waiting] = [0, 0];
    for (const [target, { outstanding }] of this.#targets) {
      const outbox = inOutbox.get(target);
      const rest = outbox === undefined || outbox.size === 0 ? outstanding.size : outstanding.without(outbox).size;
      inQueue += rest;
      waiting += outstanding.size - rest;
    }
    return { inQueue, inOutbox: waiting };
  }

  /** How many were settled since this process started. */
  get settled(): number {
    return this.#settled;
  }

  /** Confirmed, or kept in the outbox. */
  accept(target: string, numbers: NumberSet): void {
    const messages = this.#targets.get(target);
    if (messages === undefined) return;
    let count = 0;
    for (const [from, to] of numbers.ranges()) count += messages.accept(from, to);
    this.#add('accepted', count);
  }

  /** It came out of the queue. */
  arrived(delivery: CountedDelivery): void {
    const messages = this.#own(delivery);
    if (messages === undefined) return;
    const accepted = messages.arrive(delivery.number!, delivery.redelivered);
    if (accepted === 'repeated') delivery.repeated = true;
    else this.#add('accepted', accepted);
  }

  /** Delivered, or found to be there already, or left out. */
  done(deliveries: readonly CountedDelivery[], { duplicates, filtered, tooOld = 0, erased = 0 }: Settled): void {
    const fresh = this.#settle(deliveries);
    // What came again is a duplicate for the sink, and was counted when it came first.
    const repeats = deliveries.length - fresh;
    const left = Math.min(filtered, fresh);
    const old = Math.min(tooOld, fresh - left);
    const gone = Math.min(erased, fresh - left - old);
    const known = Math.min(Math.max(0, duplicates - repeats), fresh - left - old - gone);
    this.#add('filtered', left);
    this.#add('too_old', old);
    this.#add('erased', gone);
    this.#add('duplicates', known);
    this.#add('delivered', fresh - left - old - gone - known);
  }

  /** Became dead letters. */
  dead(deliveries: readonly CountedDelivery[]): void {
    this.#add('dead', this.#settle(deliveries));
  }

  /** They are missing from now on, but for those in hand. Returns how many. */
  giveUp(numbers: ReadonlyMap<string, NumberSet>, inHand: OwnNumbers): number {
    let count = 0;
    for (const [target, set] of numbers)
      count += this.#targets.get(target)?.giveUp(withoutEach(set, inHand.numbers.get(target))) ?? 0;
    if (count > 0) this.changed = true;
    return count;
  }

  /** Others have settled them, but for those in hand: they no longer count as accepted here. */
  disown(numbers: ReadonlyMap<string, NumberSet>, inHand: OwnNumbers): void {
    let count = 0;
    for (const [target, set] of numbers)
      count += this.#targets.get(target)?.disown(withoutEach(set, inHand.numbers.get(target))) ?? 0;
    this.#add('accepted', -count);
  }

  /** As `disown`, for everything outstanding. */
  disownAll(): void {
    const none = { numbers: new Map<string, NumberSet>(), count: 0 };
    this.disown(this.waiting(none.numbers, none).absent, none);
  }

  share(shared: boolean): void {
    this.shared = shared;
    this.changed = true;
  }

  /** Those of these deliveries that are this daemon's own messages. */
  ownNumbers(deliveries: Iterable<CountedDelivery>): OwnNumbers {
    const numbers = new Map<string, NumberSet>();
    let count = 0;
    for (const delivery of deliveries) {
      if (this.#own(delivery) === undefined) continue;
      const set = numbers.get(delivery.numberedFor!) ?? new NumberSet();
      count += set.add(delivery.number!);
      numbers.set(delivery.numberedFor!, set);
    }
    return { numbers, count };
  }

  /** What RabbitMQ should have, and what has not been handed out: now, and never since this process started. */
  waiting(inOutbox: ReadonlyMap<string, NumberSet>, inHand: OwnNumbers) {
    const [absent, unarrived] = [new Map<string, NumberSet>(), new Map<string, NumberSet>()];
    for (const [target, { outstanding, arrived }] of this.#targets) {
      const here = withoutEach(outstanding, inOutbox.get(target), inHand.numbers.get(target));
      const never = here.without(arrived);
      if (here.size > 0) absent.set(target, here);
      if (never.size > 0) unarrived.set(target, never);
    }
    return { absent, unarrived };
  }

  /**
   * Everything, as it is now; `keep`: how many settled messages RabbitMQ could deliver again.
   * A save that fails is given back with `unsaved`.
   */
  save(upcoming: (target: string) => number, keep: number): QueueLedgerSave {
    this.changed = false;
    const targets = Object.fromEntries([...this.#targets].map(([name, one]) => [name, one.save(upcoming(name))]));
    const { place } = this.#options;
    const { shared, totals } = this;
    const state: SavedLedger = { place, shared, open: !this.closed, totals, targets };
    const ids = this.#unsaved;
    this.#unsaved = [];
    this.#recent.trim(keep);
    const upTo = this.#recent.total;
    return {
      sink: this.sink,
      state: JSON.stringify(state),
      ...this.#counts.currentHour(),
      ...(ids.length === 0 ? {} : { foreign: { ids: JSON.stringify(ids), upTo, keepAfter: upTo - ids.length - keep } }),
    };
  }

  unsaved({ foreign }: QueueLedgerSave): void {
    this.changed = true;
    if (foreign !== undefined) this.#unsaved = [...(JSON.parse(foreign.ids) as string[]), ...this.#unsaved];
  }

  /** Returns how many were not settled before. */
  #settle(deliveries: readonly CountedDelivery[]): number {
    let fresh = 0;
    const ids: string[] = [];
    for (const delivery of deliveries) {
      // The same settlement again, because it could not be kept the first time.
      if (delivery.counted) continue;
      delivery.counted = true;
      const messages = this.#own(delivery);
      if (messages !== undefined) {
        const accepted = messages.arrive(delivery.number!, true);
        if (accepted !== 'repeated') this.#add('accepted', accepted);
        if (messages.settle(delivery.number!)) fresh += 1;
      } else if (!delivery.redelivered || !this.#recent.take(delivery.id)) {
        fresh += 1;
        ids.push(delivery.id);
      }
    }
    this.#add('accepted', ids.length);
    this.#recent.add(ids);
    for (const id of ids) this.#unsaved.push(id);
    this.#settled += fresh;
    this.changed = true;
    return fresh;
  }

  /** The numbers it belongs to, if it is one of ours for this queue. */
  #own({ daemon, numberedFor, number }: CountedDelivery): NumberedMessages | undefined {
    if (daemon !== this.#options.daemon || numberedFor === undefined || number === undefined) return undefined;
    const messages = this.#targets.get(numberedFor);
    return messages !== undefined && this.#options.onNumber(numberedFor, number) ? messages : undefined;
  }

  #add(name: CountName, count: number): void {
    if (count === 0) return;
    this.#counts.add(name, count);
    this.changed = true;
  }

  #sum(of: (messages: NumberedMessages) => number): number {
    let sum = 0;
    for (const messages of this.#targets.values()) sum += of(messages);
    return sum;
  }
}

function withoutEach(numbers: NumberSet, ...others: readonly (NumberSet | undefined)[]): NumberSet {
  return numbers.without(...others.filter(other => other !== undefined));
}
