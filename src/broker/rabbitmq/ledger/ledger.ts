import { randomUUID } from 'node:crypto';
import { describe } from '../../../errors.js';
import { keptHours } from '../../../storage/ledger.js';
import { hourMs } from '../../../storage/ledger-delta.js';
import { type LedgerReport, ledgerReportOf } from '../../../storage/ledger-report.js';
import type { OpenedQueueLedgers } from '../../../storage/queue-ledgers.js';
import type { Storage } from '../../../storage/storage.js';
import type { QueueDefinition, Settlement } from '../../broker.js';
import type { NumberSet } from './number-set.js';
import { Numbers } from './numbers.js';
import { Publications } from './publications.js';
import { type CountedDelivery, QueueLedger } from './queue-ledger.js';
import { QueueWatch } from './queue-watch.js';
import { type ObservedBroker, WatchedQueue } from './watched-queue.js';

export interface LedgerOptions extends ObservedBroker {
  readonly storage: Pick<Storage, 'write' | 'read'>;
  /** The exchange of the events. */
  readonly exchange: string;
  /** The servers and the virtual host. */
  readonly place: string;
  /** As in `QueueWatchOptions`. */
  readonly ghostMs: number;
}

/** Between two observations of the queues, ms. */
const pollMs = 1_000;
/** Settled messages of others that are remembered, at least. */
const minRemembered = 1_000;

/**
 * The ledger of RabbitMQ's queues: QueueLedger counts, QueueWatch finds what is lost, WatchedQueue puts these two
 * together for one queue, and this numbers, queues and the disk.
 */
export class RabbitMQLedger {
  readonly #options: LedgerOptions;
  readonly #numbers: Numbers;
  /** What publishing says. */
  readonly publications: Publications;
  /** By sink. */
  readonly #watched = new Map<string, WatchedQueue>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#numbers = new Numbers(options.storage, options.log);
    this.publications = new Publications(options.exchange, target => this.#numbers.next(target));
  }

  async open(queues: readonly QueueDefinition[]): Promise<void> {
    const opened = await this.#openRows(queues.map(({ sink }) => sink));
    await this.#watch(queues, opened);
    for (const [stored, from, to] of opened.outbox) this.publications.restore(stored, from, to);
    // Before anything is consumed: a process that is killed right away may leave a consumer too.
    await this.#saveAll();
    this.#running ??= this.#run();
  }

  /** One more, while others are counted. */
  async add(queue: QueueDefinition): Promise<void> {
    await this.#watch([queue], await this.#openRows([...this.#watched.keys(), queue.sink]));
    await this.#saveAll();
  }

  /** Its queue is not consumed any more; what comes out of it from now on, this daemon does not know. */
  async leave(sink: string): Promise<void> {
    const watched = this.#watched.get(sink);
    if (watched === undefined) return;
    watched.ledger.closed = true;
    await this.#save(watched);
    this.#watched.delete(sink);
    await this.#openRows([...this.#watched.keys()]);
  }

  /** Those of other sinks are marked as not followed throughout. */
  #openRows(sinks: readonly string[]): Promise<OpenedQueueLedgers> {
    const { storage, clock } = this.#options;
    const hour = clock.now() - (clock.now() % hourMs);
    return storage.write('openQueueLedgers', { freshDaemonId: randomUUID(), sinks, hour });
  }

  async #watch(queues: readonly QueueDefinition[], opened: OpenedQueueLedgers): Promise<void> {
    const { clock, place } = this.#options;
    const { publications } = this;
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
      const watch = new QueueWatch({ ghostMs: this.#options.ghostMs, mayHaveGhost: ledger.leftOpen });
      const upcoming = (target: string): number => this.#numbers.upcoming(target);
      const inOutbox = (): ReadonlyMap<string, NumberSet> => {
        this.#distribute();
        return publications.outbox;
      };
      this.#watched.set(sink, new WatchedQueue({ ...this.#options, ledger, watch, upcoming, inOutbox }));
    }
  }

  /** It came out of the queue of this sink. */
  arrived(sink: string, delivery: CountedDelivery): void {
    const watched = this.#watched.get(sink);
    if (watched === undefined) return;
    watched.arrived(delivery);
  }

  /** Durable when it resolves; only then may they be acknowledged. The same settlement again is counted once. */
  async done(
    sink: string,
    deliveries: readonly CountedDelivery[],
    settlement: Pick<Settlement, 'duplicates' | 'filtered' | 'tooOld' | 'erased'>,
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
    watched.ledger.disownAll();
    this.#watched.delete(sink);
    await this.#save(watched);
  }

  async report(): Promise<LedgerReport> {
    const { storage, clock } = this.#options;
    const sinks = [...this.#watched.keys()].sort();
    const rows = await Promise.all(sinks.map(sink => this.#watched.get(sink)!.row()));
    const since = clock.now() - keptHours * hourMs;
    return ledgerReportOf(rows, await storage.read('queueLedgerHours', { since }));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    if (this.#running === undefined) return;
    for (const { ledger } of this.#watched.values()) ledger.closed = true;
    await this.#saveAll();
    await this.#numbers.close();
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(pollMs, signal);
      if (signal.aborted) return;
      for (const watched of this.#watched.values()) {
        try {
          await watched.examine();
          if (watched.ledger.changed) await this.#save(watched);
        } catch (error) {
          log.warn({ sink: watched.ledger.sink, reason: describe(error) }, 'ledger.unsaved');
        }
      }
    }
  }

  async #saveAll(): Promise<void> {
    const { log } = this.#options;
    for (const watched of this.#watched.values()) {
      await this.#save(watched).catch(error =>
        log.warn({ sink: watched.ledger.sink, reason: describe(error) }, 'ledger.unsaved'),
      );
    }
  }

  async #save({ ledger }: WatchedQueue): Promise<void> {
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
