import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.js';
import { describe } from '../../../errors.js';
import type { Log } from '../../../log.js';
import { keptHours } from '../../../storage/ledger.js';
import { hourMs } from '../../../storage/ledger-delta.js';
import { type LedgerReport, type LedgerTotal, ledgerReportOf } from '../../../storage/ledger-report.js';
import type { Storage } from '../../../storage/storage.js';
import type { QueueDefinition, Settlement } from '../../broker.js';
import type { QueueDepth } from '../topology/inspector.js';
import { Numbers } from './numbers.js';
import { Publications } from './publications.js';
import { type CountedDelivery, QueueLedger } from './queue-ledger.js';
import { type Look, QueueWatch } from './queue-watch.js';
import { ledgerRow } from './row.js';

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
 */
export class RabbitMQLedger {
  readonly #options: LedgerOptions;
  readonly #numbers: Numbers;
  /** What publishing says. */
  readonly publications: Publications;
  /** By sink. */
  readonly #watched = new Map<string, Watched>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#numbers = new Numbers(options.storage, options.log);
    this.publications = new Publications(options.exchange, target => this.#numbers.next(target));
  }

  async open(queues: readonly QueueDefinition[]): Promise<void> {
    const { storage, clock, place } = this.#options;
    const { publications } = this;
    const hour = clock.now() - (clock.now() % hourMs);
    const sinks = queues.map(({ sink }) => sink);
    const opened = await storage.write('openQueueLedgers', { freshDaemonId: randomUUID(), sinks, hour });
    publications.daemon = opened.daemon;
    const targets = new Map(queues.map(({ name }) => [name, publications.addQueue(name)]));
    await this.#numbers.open([publications.exchangeTarget, ...targets.values()], new Map(opened.reserved));
    const saved = new Map(opened.ledgers.map(ledger => [ledger.sink, ledger]));
    for (const { sink, name: queue } of queues) {
      const ledger = new QueueLedger({
        sink,
        queue,
        place: `${place} ${queue}`,
        daemon: opened.daemon,
        targets: [publications.exchangeTarget, targets.get(queue)!],
        now: () => clock.now(),
        onNumber: (target, number) => this.#numbers.seen(target, number),
        ...saved.get(sink),
      });
      this.#watched.set(sink, { ledger, watch: new QueueWatch(), lastArrival: Number.NEGATIVE_INFINITY });
    }
    for (const [stored, from, to] of opened.outbox) publications.restore(stored, from, to);
    this.#running ??= this.#run();
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
    const seen = await this.#observe(watched);
    const { verdict, deficit } = watch.assess(seen.look);
    const standing = Math.min(deficit, watch.standing);
    return ledgerRow({ ...seen, sink: ledger.sink, queue: ledger.queue, shared: ledger.shared, verdict, standing });
  }

  /** The counts at one moment, and what RabbitMQ says right after it. */
  async #observe(watched: Watched) {
    const { holding, inspect, clock } = this.#options;
    const { ledger } = watched;
    this.#distribute();
    const { inQueue: expected, inOutbox } = ledger.outstanding(this.publications.outbox);
    const { consumer, consumers: mine, inHand, prefetch } = holding(ledger.queue);
    const settled = ledger.settled;
    const totals = { ...ledger.totals };
    const missing = ledger.missing;
    const unarrived = ledger.unarrived(this.publications.outbox);
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
    const { look } = await this.#observe(watched);
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

  #distribute(): void {
    this.publications.takeConfirmed((target, numbers) => {
      for (const { ledger } of this.#watched.values()) ledger.accept(target, numbers);
    });
  }
}
