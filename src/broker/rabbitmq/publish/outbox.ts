import { type Backoff, backoff, backoffs } from '../../../backoff.js';
import type { Clock } from '../../../clock.js';
import { describe, TransientError } from '../../../errors.js';
import type { Log } from '../../../log.js';
import type { Storage } from '../../../storage/storage.js';
import { type OutboxRow, type OutgoingMessage, restored, stored } from './outgoing-message.js';
import type { PublishResult } from './pending-confirms.js';

export interface OutboxOptions {
  readonly storage: Pick<Storage, 'write' | 'read' | 'atomically'>;
  /** 0 = there is none. */
  readonly maxBytes: number;
  /** The broker can be reached. */
  readonly ready: () => boolean;
  /** One result for each message, in their order. Never rejects. */
  readonly publish: (messages: readonly OutgoingMessage[]) => Promise<readonly PublishResult[]>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Rows that are published together. */
const pageSize = 500;

/**
 * Keeps on this disk what the broker did not take, and hands it on beside the live traffic once it can. A row leaves only after its confirm,
 * so a crash in between publishes it twice, under the same id.
 *
 * idle: nothing waits, or the broker cannot be reached → draining: page after page → resting: the broker did not take everything; once more after a
 * backoff, or as soon as there is a new connection.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #stop = new AbortController();
  #count = 0;
  #wake: () => void = () => {};
  #rest = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  async open(): Promise<void> {
    this.#count = (await this.#options.storage.read('outboxSize')).count;
    this.#running ??= this.#run();
  }

  /** All of them or none; durable when it resolves. @throws TransientError, FullError */
  async put(messages: readonly OutgoingMessage[]): Promise<void> {
    const { maxBytes, storage } = this.#options;
    if (maxBytes === 0) {
      const message = 'RabbitMQ takes no messages now, and there is no outbox (OUTBOX_MAX_MB=0)';
      throw new TransientError(message, { retryAfterMs: 5_000 });
    }
    const groups = new Map<string | null, OutboxRow[]>();
    for (const row of messages.map(stored)) {
      const group = groups.get(row.target);
      if (group === undefined) groups.set(row.target, [row]);
      else group.push(row);
    }
    const calls = [...groups].map(
      ([target, rows]) => ['appendOutbox', { target, maxBytes, ...columns(rows) }] as const,
    );
    const sizes = await storage.atomically(calls);
    this.#count = sizes.at(-1)?.count ?? this.#count;
    this.#wake();
  }

  /** The broker may be reached again. */
  wake(): void {
    this.#wake();
  }

  /** It is another one, or it has changed: what was refused before may be taken now. */
  retryNow(): void {
    this.#rest.abort();
    this.#wake();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.retryNow();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log, ready } = this.#options;
    const fresh = (): Backoff => backoff(backoffs.outbox);
    let waits = fresh();
    while (!this.#stop.signal.aborted) {
      if (this.#count === 0 || !ready()) {
        await new Promise<void>(resolve => {
          this.#wake = resolve;
        });
        continue;
      }
      this.#rest = new AbortController();
      const left = await this.#drain().catch(error => {
        log.warn({ reason: describe(error) }, 'outbox.stalled');
        return undefined;
      });
      if (this.#rest.signal.aborted || left === 0) {
        waits = fresh();
        continue;
      }
      if (left !== undefined) log.warn({ count: left }, 'outbox.refused');
      const [waitMs, after] = waits.next();
      waits = after;
      await clock.sleep(waitMs, this.#rest.signal);
    }
  }

  /** From the oldest on. Resolves with how many the broker did not take. */
  async #drain(): Promise<number> {
    const { storage, ready, publish, log } = this.#options;
    let after = 0;
    let left = 0;
    let gone = 0;
    while (ready() && !this.#stop.signal.aborted) {
      const rows = await storage.write('takeOutbox', { limit: pageSize, after });
      if (rows.length === 0) break;
      const results = await publish(rows.map(([, ...columns]) => restored(messageOf(columns))));
      const seqs = rows.flatMap(([seq], index) => (results[index] === 'confirmed' ? [seq] : []));
      if (seqs.length > 0) this.#count = (await storage.write('removeOutbox', { seqs })).count;
      gone += seqs.length;
      left += rows.length - seqs.length;
      // Those that no queue takes are passed over; a broker that refuses is left alone for a while.
      if (seqs.length === 0 && results.includes('failed')) break;
      after = rows.at(-1)![0];
    }
    if (gone > 0) log.info({ count: gone, left: this.#count }, 'outbox.drained');
    return left;
  }
}

type Columns = [
  target: string | null,
  id: string,
  source: string,
  received: number,
  timestamp: number | null,
  body: string,
];

function messageOf([target, id, source, received, timestamp, body]: Columns): OutboxRow {
  return { target, id, source, received, timestamp, body };
}

function columns(rows: readonly OutboxRow[]) {
  return {
    ids: rows.map(({ id }) => id),
    bodies: rows.map(({ body }) => body),
    sources: rows.map(({ source }) => source),
    received: rows.map(({ received }) => received),
    timestamps: rows.map(({ timestamp }) => timestamp),
  };
}
