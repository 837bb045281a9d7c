import { type Backoff, backoff, backoffs } from '../../../backoff.js';
import { BelievedTime } from '../../../believed-time.js';
import type { Clock } from '../../../clock.js';
import { describe } from '../../../errors.js';
import type { Log } from '../../../log.js';
import { RepeatedWarning } from '../../../repeated-warning.js';
import type { OutboxSize } from '../../../storage/outbox.js';
import type { Storage } from '../../../storage/storage.js';
import { type OutboxRow, type OutgoingMessage, type Refusal, restored, stored } from './outgoing-message.js';
import { isRefusal, type PublishResult } from './pending-confirms.js';
import type { PublishLedger } from './publish-ledger.js';

export interface OutboxOptions {
  readonly storage: Pick<Storage, 'write' | 'read' | 'atomically'>;
  readonly maxBytes: number;
  /** The broker can be reached. */
  readonly ready: () => boolean;
  /** One result for each message, in their order. Never rejects. */
  readonly publish: (messages: readonly OutgoingMessage[]) => Promise<readonly PublishResult[]>;
  readonly ledger: Pick<PublishLedger, 'kept' | 'left'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the outbox holds, and why. */
export interface OutboxState {
  /** Messages that wait for the broker. */
  readonly waiting: number;
  /** Those of them that the broker, though it could be reached, did not take in the last pass. */
  readonly stuck: number;
  readonly stuckReason: string | undefined;
  /** Messages that can never be published as they are. They are kept, and tried again when the daemon starts. */
  readonly setAside: number;
  readonly setAsideReason: string | undefined;
}

type Page = Awaited<ReturnType<typeof takePage>>;

/** Rows that are published together. */
const pageSize = 500;
/** A message for a queue or exchange of somebody else's that is not there waits this long for it, ms. */
const unroutableMs = 24 * 3_600_000;
/** Refused messages of one pass that are logged one by one. */
const maxRefusalLines = 10;

/**
 * Keeps on this disk what the broker did not take, and hands it on beside the live traffic once it can. A row leaves
 * only after its confirm, so a crash in between publishes it twice, under the same id.
 *
 * idle: nothing waits, or the broker cannot be reached → passing: page after page, from the oldest row to the newest →
 * resting: the broker did not take everything; another pass after a backoff, or as soon as there is a new connection.
 *
 * No row blocks those behind it. One that can never be published is set aside with its reason. What the broker does not
 * take now is passed over; a target that took nothing of a page is not tried again in the same pass, and its rows are
 * not read, however many wait. A pass that the broker interrupts goes on behind the page where it stopped.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #stop = new AbortController();
  #count = 0;
  #setAside = 0;
  #setAsideReason: string | undefined;
  #stuck = 0;
  #stuckReason: string | undefined;
  #wake: () => void = () => {};
  #rest = new AbortController();
  #running: Promise<void> | undefined;
  readonly #warning: RepeatedWarning;
  readonly #time: BelievedTime;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#time = new BelievedTime(options.clock);
    this.#warning = new RepeatedWarning({ ...options, event: 'outbox.refused' });
  }

  get state(): OutboxState {
    return {
      waiting: this.#count,
      stuck: Math.min(this.#stuck, this.#count),
      stuckReason: this.#stuckReason,
      setAside: this.#setAside,
      setAsideReason: this.#setAsideReason,
    };
  }

  /** What was set aside waits again: the broker, or this program, may be another one by now. */
  async open(): Promise<void> {
    this.#took(await this.#options.storage.write('restoreOutbox'));
    this.#running ??= this.#run();
  }

  /** All of them or none; durable when it resolves. @throws TransientError, FullError */
  async put(messages: readonly OutgoingMessage[]): Promise<void> {
    const { maxBytes, storage } = this.#options;
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
    const size = sizes.at(-1);
    if (size !== undefined) this.#took(size);
    this.#options.ledger.kept(messages);
    this.#wake();
  }

  /** The broker may be reached again. */
  wake(): void {
    this.#wake();
  }

  /** The broker is another one, or has changed: what was refused before may be taken now. */
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
    const { clock, log } = this.#options;
    const fresh = (): Backoff => backoff(backoffs.outbox);
    let waits = fresh();
    while (await this.#until(() => this.#count > 0 && this.#options.ready())) {
      this.#rest = new AbortController();
      try {
        this.#stuck = await this.#pass();
        if (this.#stuck > 0) this.#warning.warn(this.#stuckReason ?? 'no reason known', { count: this.#stuck });
        else this.#warning.clear();
      } catch (error) {
        this.#stuck = this.#count;
        this.#stuckReason = `the outbox cannot be read or written: ${describe(error)}`;
        log.warn({ reason: describe(error) }, 'outbox.stalled');
      }
      if (this.#rest.signal.aborted || this.#stuck === 0) {
        waits = fresh();
        continue;
      }
      const [waitMs, after] = waits.next();
      waits = after;
      await clock.sleep(waitMs, this.#rest.signal);
    }
  }

  /** From the oldest row to the newest, through interruptions. Resolves with how many the broker did not take. */
  async #pass(): Promise<number> {
    const { storage, ready, log } = this.#options;
    /** Targets that took nothing of a page, and why. */
    const refusing = new Map<string | null, string>();
    /** Rows that were passed over, of targets that took others. */
    const left = new Map<string | null, number>();
    let after = 0;
    let gone = 0;
    while (await this.#until(() => ready() || this.#rest.signal.aborted)) {
      if (this.#rest.signal.aborted) break;
      const page = await takePage(storage, after, [...refusing.keys()]);
      const last = page.at(-1);
      if (last === undefined) break;
      const remaining = await this.#publish(page, refusing);
      for (const [, target] of remaining) left.set(target, (left.get(target) ?? 0) + 1);
      gone += page.length - remaining.length;
      after = last[0];
    }
    if (gone > 0) log.info({ count: gone, left: this.#count }, 'outbox.drained');
    // A new connection, or the end: whatever failed says nothing of the broker that is there now.
    if (this.#rest.signal.aborted) return 0;
    this.#stuckReason = [...refusing.values()][0];
    for (const target of refusing.keys()) left.delete(target);
    const waiting = refusing.size === 0 ? 0 : await storage.write('countOutbox', { targets: [...refusing.keys()] });
    return [...left.values()].reduce((sum, count) => sum + count, waiting);
  }

  /** Resolves with the rows that stay: neither confirmed nor set aside. */
  async #publish(page: Page, refusing: Map<string | null, string>): Promise<Page> {
    const { storage, publish, ledger } = this.#options;
    const messages = page.map(([, ...row]) => readable(row));
    const sent = messages.filter((message): message is OutgoingMessage => !('refused' in message));
    const found = (await publish(sent)).values();
    const results = messages.map(message => ('refused' in message ? message : found.next().value!));
    const confirmed = page.filter((_, index) => results[index] === 'confirmed');
    const refused = page.flatMap(([seq, , id, , received], index) => {
      const reason = this.#refusal(results[index]!, messages[index]!, received);
      return reason === undefined ? [] : [{ seq, id, reason }];
    });
    if (confirmed.length > 0) {
      this.#took(await storage.write('removeOutbox', { seqs: confirmed.map(([seq]) => seq) }));
      ledger.left(
        messages.flatMap((message, index) => ('refused' in message || results[index] !== 'confirmed' ? [] : message)),
      );
    }
    if (refused.length > 0) await this.#putAside(refused);
    const served = new Set(confirmed.map(([, target]) => target));
    for (const [index, [, target]] of page.entries()) {
      const result = results[index];
      if (!served.has(target) && (result === 'failed' || result === 'returned')) refusing.set(target, whyNot(result));
    }
    const setAside = new Set(refused.map(({ seq }) => seq));
    return page.filter(([seq], index) => results[index] !== 'confirmed' && !setAside.has(seq));
  }

  #refusal(result: PublishResult, message: OutgoingMessage | Refusal, received: number): string | undefined {
    if (isRefusal(result)) return result.refused;
    const foreign = !('refused' in message) && message.target?.plain === true;
    const overdue = this.#time.now() - received > unroutableMs;
    return result === 'returned' && foreign && overdue
      ? 'there was no queue or exchange for it within a day'
      : undefined;
  }

  async #putAside(
    rows: readonly { readonly seq: number; readonly id: string; readonly reason: string }[],
  ): Promise<void> {
    const { storage, log } = this.#options;
    this.#took(await storage.write('setAsideOutbox', { seqs: rows.map(({ seq }) => seq) }));
    this.#setAsideReason = rows.at(-1)?.reason;
    for (const { id, reason } of rows.slice(0, maxRefusalLines)) log.error({ id, reason }, 'message.refused');
    log.error({ count: rows.length, reason: this.#setAsideReason }, 'outbox.set-aside');
  }

  #took({ count, setAside }: OutboxSize): void {
    this.#count = count;
    this.#setAside = setAside;
  }

  /** Resolves with false when this is closed first. */
  async #until(condition: () => boolean): Promise<boolean> {
    while (!condition() && !this.#stop.signal.aborted) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    return !this.#stop.signal.aborted;
  }
}

function takePage(storage: OutboxOptions['storage'], after: number, except: readonly (string | null)[]) {
  return storage.write('takeOutbox', { limit: pageSize, after, except });
}

function whyNot(result: 'failed' | 'returned'): string {
  return result === 'failed' ? 'RabbitMQ refuses them' : 'there is no queue that takes them';
}

type Columns = [
  target: string | null,
  id: string,
  source: string,
  received: number,
  timestamp: number | null,
  body: string,
  number: number | null,
];

function readable([target, id, source, received, timestamp, body, number]: Columns): OutgoingMessage | Refusal {
  try {
    return restored({ target, id, source, received, timestamp, body, number });
  } catch (error) {
    return { refused: `its row in the outbox cannot be read (${describe(error)})` };
  }
}

function columns(rows: readonly OutboxRow[]) {
  return {
    ids: rows.map(({ id }) => id),
    bodies: rows.map(({ body }) => body),
    sources: rows.map(({ source }) => source),
    received: rows.map(({ received }) => received),
    timestamps: rows.map(({ timestamp }) => timestamp),
    numbers: rows.map(({ number }) => number),
  };
}
