import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.js';
import { describe } from '../../../errors.js';
import type { Log } from '../../../log.js';
import { keptHours } from '../../../storage/ledger.js';
import { hourMs } from '../../../storage/ledger-delta.js';
import { type LedgerReport, type LedgerTotal, ledgerReportOf, ledgerTotal } from '../../../storage/ledger-report.js';
import type { Storage } from '../../../storage/storage.js';
import type { QueueDefinition, Settlement } from '../../broker.js';
import type { OutgoingMessage, Target } from '../publish/outgoing-message.js';
import type { QueueDepth } from '../topology/inspector.js';
import { NumberSet } from './number-set.js';
import { Numbers } from './numbers.js';
import { type CountedDelivery, QueueLedger } from './queue-ledger.js';
import { type Look, QueueWatch } from './queue-watch.js';

/** What this daemon has of a queue now. */
export interface Holding {
  /** Names its consumers; undefined while there is none. */
  readonly consumer: string | undefined;
  readonly consumers: number;
  /** Handed out, and their settlement not counted. */
  readonly inHand: number;
  readonly prefetch: number;
}

export interface LedgerOptions {
  readonly storage: Pick<Storage, 'write' | 'read'>;
  /** The exchange of the events. */
  readonly exchange: string;
  /** The servers and the virtual host. */
  readonly place: string;
  readonly holding: (queue: string) => Holding;
  /** Asks RabbitMQ, not a cache. @throws without a connection */
  readonly inspect: (queue: string) => Promise<QueueDepth | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Between two looks at the queues, ms. */
const lookMs = 1_000;
/** Settled messages of others that are remembered, at least. */
const minRemembered = 1_000;

interface Watched {
  readonly ledger: QueueLedger;
  readonly watch: QueueWatch;
  /** Monotonic ms. */
  lastArrival: number;
}

/**
 * The ledger of RabbitMQ's queues: QueueLedger counts, QueueWatch finds what is lost, and this puts numbers, queues and the disk together.
 *
 * A report is made of counts alone. `accepted` and what became of events are the counters of QueueLedger. `pending` is what RabbitMQ says that the
 * queue has, with what is in hand and in the outbox. Messages of others that still wait are in no counter: they are the surplus of the queue over
 * the outstanding numbers of ours, and count as accepted and pending alike, so that they can never make a difference. What the queue has less than
 * our outstanding numbers is on the way to us for a moment, and pending with it; once it has stood for five seconds and is more than can be on the
 * way, it is a difference, until QueueWatch has found out which numbers are lost: then those are `missing`.
 */
export class RabbitMQLedger {
  readonly #options: LedgerOptions;
  readonly #numbers: Numbers;
  readonly #exchangeTarget: string;
  /** By the names of queues. */
  readonly #queueTargets = new Map<string, string>();
  /** By sink. */
  readonly #watched = new Map<string, Watched>();
  /** Confirmed, and not yet counted in each queue's ledger. */
  readonly #confirmed = new Map<string, NumberSet>();
  readonly #outbox = new Map<string, NumberSet>();
  readonly #stop = new AbortController();
  #daemon = '';
  #running: Promise<void> | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#numbers = new Numbers(options.storage, options.log);
    this.#exchangeTarget = `exchange ${options.exchange}`;
  }

  /** This daemon's own id, the same for the life of its DATA_DIR. */
  get daemon(): string {
    return this.#daemon;
  }

  async open(queues: readonly QueueDefinition[]): Promise<void> {
    const { storage, clock, place } = this.#options;
    for (const { name } of queues) this.#queueTargets.set(name, `queue ${name}`);
    const hour = clock.now() - (clock.now() % hourMs);
    const sinks = queues.map(({ sink }) => sink);
    const opened = await storage.write('openQueueLedgers', { freshDaemonId: randomUUID(), sinks, hour });
    this.#daemon = opened.daemon;
    const targets = [this.#exchangeTarget, ...this.#queueTargets.values()];
    await this.#numbers.open(targets, new Map(opened.reserved));
    const saved = new Map(opened.ledgers.map(ledger => [ledger.sink, ledger]));
    for (const { sink, name: queue } of queues) {
      const ledger = new QueueLedger({
        sink,
        queue,
        place: `${place} ${queue}`,
        daemon: this.#daemon,
        targets: [this.#exchangeTarget, `queue ${queue}`],
        now: () => clock.now(),
        onNumber: (target, number) => this.#numbers.seen(target, number),
        ...saved.get(sink),
      });
      this.#watched.set(sink, { ledger, watch: new QueueWatch(), lastArrival: Number.NEGATIVE_INFINITY });
    }
    for (const [stored, from, to] of opened.outbox) {
      const target = this.#targetOf(stored === null ? null : (JSON.parse(stored) as Partial<Target>));
      if (target !== undefined) setOf(this.#outbox, target).add(from, to);
    }
    for (const [target, numbers] of this.#outbox) this.#accept(target, numbers);
    this.#running ??= this.#run();
  }

  /** Gives a message its number, if it is to be counted and has none yet. */
  number(message: OutgoingMessage): void {
    if (message.number !== undefined && message.numberedFor !== undefined) return;
    const target = this.#targetOf(message.target);
    if (target === undefined) return;
    message.numberedFor = target;
    message.number ??= this.#numbers.next(target);
  }

  /** RabbitMQ has it. */
  confirmed({ numberedFor, number }: OutgoingMessage): void {
    if (numberedFor !== undefined && number !== undefined) setOf(this.#confirmed, numberedFor).add(number);
  }

  /** The outbox has them. */
  kept(messages: readonly OutgoingMessage[]): void {
    for (const { numberedFor, number } of messages) {
      if (numberedFor === undefined || number === undefined) continue;
      setOf(this.#outbox, numberedFor).add(number);
      setOf(this.#confirmed, numberedFor).add(number);
    }
  }

  /** They have left the outbox. */
  left(messages: readonly OutgoingMessage[]): void {
    for (const { numberedFor, number } of messages)
      if (numberedFor !== undefined && number !== undefined) this.#outbox.get(numberedFor)?.remove(number);
  }

  /** It came out of the queue of this sink. */
  arrived(sink: string, delivery: CountedDelivery): void {
    const watched = this.#watched.get(sink);
    if (watched === undefined) return;
    watched.lastArrival = this.#options.clock.monotonic();
    watched.ledger.arrived(delivery);
  }

  /** Durable when it resolves; only then may they be acknowledged. The same settlement again is counted once. */
  async done(
    sink: string,
    deliveries: readonly CountedDelivery[],
    settlement: Pick<Settlement, 'duplicates' | 'filtered' | 'tooOld'>,
  ): Promise<void> {
    const watched = this.#watched.get(sink);
    if (watched === undefined) return;
    watched.ledger.done(deliveries, settlement);
    await this.#save(watched);
  }

  /** As `done`, for those that became dead letters. */
  async dead(sink: string, deliveries: readonly CountedDelivery[]): Promise<void> {
    const watched = this.#watched.get(sink);
    if (watched === undefined) return;
    watched.ledger.dead(deliveries);
    await this.#save(watched);
  }

  /** Its queue was removed, with all that waited in it: that counts as never accepted. */
  async forget(sink: string): Promise<void> {
    const watched = this.#watched.get(sink);
    if (watched === undefined) return;
    this.#distribute();
    watched.ledger.disown(watched.ledger.unarrived(new Map()));
    this.#watched.delete(sink);
    await this.#save(watched);
  }

  async report(): Promise<LedgerReport> {
    const { storage, clock } = this.#options;
    const sinks = [...this.#watched.keys()].sort();
    const rows = await Promise.all(sinks.map(sink => this.#row(this.#watched.get(sink)!)));
    const since = clock.now() - keptHours * hourMs;
    return ledgerReportOf(rows, await storage.read('queueLedgerHours', { since }));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    if (this.#running === undefined) return;
    await this.#keepAll();
    await this.#numbers.close();
  }

  async #row(watched: Watched): Promise<LedgerTotal> {
    const { ledger, watch } = watched;
    const { look, totals, inOutbox, missing } = await this.#look(watched);
    const { verdict, deficit } = watch.assess(look);
    const row = { sink: ledger.sink, hour: null, ...totals };
    if (verdict === 'unknown') {
      const inexact = `RabbitMQ does not say what waits in ${ledger.queue} now.`;
      return ledgerTotal(row, { pending: look.expected + inOutbox, missing, inexact });
    }
    const there = (look.ready ?? 0) + look.inHand;
    const surplus = Math.max(0, there - look.expected);
    const accepted = row.accepted + surplus;
    const inexact = verdict === 'shared' || ledger.shared ? whyShared(ledger.queue, verdict === 'shared') : null;
    if (inexact !== null) return ledgerTotal({ ...row, accepted }, { pending: there + inOutbox, missing, inexact });
    const onTheWay = Math.max(0, look.expected - there) - Math.min(deficit, watch.standing);
    return ledgerTotal({ ...row, accepted }, { pending: there + inOutbox + onTheWay, missing, inexact });
  }

  /** The counts at one moment, and what RabbitMQ says right after it. */
  async #look(watched: Watched) {
    const { holding, inspect, clock } = this.#options;
    const { ledger } = watched;
    this.#distribute();
    const { inQueue: expected, inOutbox } = ledger.outstanding(this.#outbox);
    const { consumer, consumers: mine, inHand, prefetch } = holding(ledger.queue);
    const settled = ledger.settled;
    const totals = { ...ledger.totals };
    const missing = ledger.missing;
    const unarrived = ledger.unarrived(this.#outbox);
    const upcoming = new Map([...ledger.targets.keys()].map(target => [target, this.#numbers.upcoming(target)]));
    const depth = await inspect(ledger.queue).catch(() => undefined);
    const changed = holding(ledger.queue).consumer !== consumer;
    const look: Look = {
      now: clock.monotonic(),
      consumer,
      mine,
      ready: changed ? undefined : depth?.messages,
      consumers: depth?.consumers ?? 0,
      inHand,
      prefetch,
      expected,
      settledMeanwhile: ledger.settled - settled,
      lastArrival: watched.lastArrival,
      unarrived,
      upcoming,
      newest: new Map([...ledger.targets].map(([target, { newest }]) => [target, newest])),
    };
    return { look, totals, inOutbox, missing };
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(lookMs, signal);
      if (signal.aborted) return;
      for (const watched of this.#watched.values()) {
        try {
          await this.#examine(watched);
        } catch (error) {
          log.warn({ sink: watched.ledger.sink, reason: describe(error) }, 'ledger.unsaved');
        }
      }
    }
  }

  async #examine(watched: Watched): Promise<void> {
    const { ledger, watch } = watched;
    const { look } = await this.#look(watched);
    const { verdict, lost, drained } = watch.look(look, ledger.shared);
    if (verdict === 'shared' && !ledger.shared) this.#share(ledger);
    else if (ledger.shared && drained) {
      ledger.disown(look.unarrived);
      ledger.shared = false;
      ledger.changed = true;
    }
    const count = lost.reduce((sum, numbers) => sum + ledger.giveUp(numbers), 0);
    if (count > 0)
      this.#options.log.error(
        { sink: ledger.sink, queue: ledger.queue, count, missing: ledger.missing },
        'events.missing',
      );
    if (ledger.changed) await this.#save(watched);
  }

  #share(ledger: QueueLedger): void {
    ledger.shared = true;
    ledger.changed = true;
    this.#options.log.info({ sink: ledger.sink, queue: ledger.queue }, 'queue.shared');
  }

  async #keepAll(): Promise<void> {
    const { log } = this.#options;
    this.#distribute();
    for (const watched of this.#watched.values()) {
      if (!watched.ledger.changed) continue;
      await this.#save(watched).catch(error =>
        log.warn({ sink: watched.ledger.sink, reason: describe(error) }, 'ledger.unsaved'),
      );
    }
  }

  async #save({ ledger }: Watched): Promise<void> {
    this.#distribute();
    const remembered = Math.max(minRemembered, this.#options.holding(ledger.queue).prefetch);
    const save = ledger.save(target => this.#numbers.upcoming(target), remembered);
    try {
      await this.#options.storage.write('saveQueueLedger', save);
    } catch (error) {
      ledger.unsaved(save);
      throw error;
    }
  }

  /** What was confirmed is gathered as ranges first: a message is then a number more in one of them, whatever the number of sinks. */
  #distribute(): void {
    for (const [target, numbers] of this.#confirmed) {
      if (numbers.size === 0) continue;
      this.#accept(target, numbers);
      numbers.clear();
    }
  }

  #accept(target: string, numbers: NumberSet): void {
    for (const { ledger } of this.#watched.values()) ledger.accept(target, numbers);
  }

  /** What the numbers of a message count; undefined when it is not for a sink. */
  #targetOf(target: Partial<Target> | null): string | undefined {
    if (target === null || target.routingKey === undefined) return this.#exchangeTarget;
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

function whyShared(queue: string, now: boolean): string {
  return now
    ? `Something else takes events from ${queue} too (another daemon?), so these are the counts of this daemon alone.`
    : `Something else took events from ${queue} (another daemon?): these counts are complete again once the queue has been empty.`;
}
