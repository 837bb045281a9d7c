import { dayOf, monthOf, written } from '../calendar.js';
import type { Clock } from '../clock.js';
import { TransientError } from '../errors.js';
import type { Event } from '../events/event.js';
import type { Calls } from '../storage/calls.js';
import type { Value } from '../storage/database.js';
import type { LowerFigure } from '../storage/usage-reopening.js';
import type { UsageRow } from '../storage/usage-report.js';
import { accessOf, type Rules, type UsageSource } from './access.js';
import { SentMonths } from './sent-months.js';

/** The month before and after; undefined = it had nothing that counts. */
export interface Recomputed {
  readonly accesses: number;
  readonly before: UsageRow | undefined;
  readonly after: UsageRow | undefined;
}

export interface ReopeningOptions {
  readonly storage: Calls;
  /** What is counted now. */
  readonly source: UsageSource;
  /** Events in the queue of the sink. */
  readonly pending: () => Promise<number>;
  /** As the sink gets them: those that it takes, with what is known of their resources. */
  readonly known: (events: readonly Event[]) => Promise<readonly Event[]>;
  /** @throws SetupError */
  readonly rules: () => Rules;
  /** Counts what has changed, and gives the sums of a month. */
  readonly total: (month: number) => Promise<UsageRow | undefined>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** What a part of a recording comes to. */
export interface Recounted {
  /** Events of the month that tell of an access. */
  readonly accesses: number;
  /** Those of them that are kept already. */
  readonly known: number;
  /** All that are kept of the month. */
  readonly kept: number;
  readonly closed: boolean;
}

/** Figures that fall are named in words, up to this many. */
const maxNamed = 3;
/** What a client is asked to wait until the queue of the sink is empty, ms. */
const retryAfterMs = 500;

/**
 * Months that are counted from elsewhere than the stored events: a recording, or old logs. What is known of a closed
 * month stays until the new counts take its place: see storage/usage-reopening.ts.
 */
export class Reopening {
  /** Whoever sends to a month notes it. */
  readonly sent: SentMonths;
  readonly #options: ReopeningOptions;
  /** Reopened months whose accesses are judged by the source of now, which another start may change. */
  readonly #judged = new Set<number>();

  constructor(options: ReopeningOptions) {
    this.#options = options;
    this.sent = new SentMonths(options.clock);
  }

  /** Those that are being counted anew among them. */
  closedMonths(): Promise<readonly number[]> {
    return this.#options.storage.read('closedUsageMonths');
  }

  /** From now on accesses of a closed month are collected beside its counts. False: it is open. */
  async reopen(month: number): Promise<boolean> {
    const { storage, source } = this.#options;
    const judge = !this.#judged.has(month);
    const isReopened = await storage.write('reopenUsageMonth', { month, source, judge });
    if (isReopened) this.#judged.add(month);
    return isReopened;
  }

  /**
   * What was collected takes the place of the counts. Refused when a figure of a dataset would fall, unless it may.
   * @throws TransientError when one would fall while events wait for the sink
   */
  async finish(month: number, lower: boolean): Promise<Recomputed | { readonly refused: string }> {
    const { storage, pending, total } = this.#options;
    const before = await total(month);
    for (;;) {
      const days = [];
      for (const day of await storage.read('usageDaysOf', { month }))
        days.push(await storage.read('countUsageDay', { day }));
      const done = await storage.write('finishReopening', { month, days, lower });
      if (done === 'changed') continue;
      if (done === 'not reopened') return { refused: `${written(month)} is not being counted anew` };
      if (done !== 'done') {
        // What is missing may be on its way. What comes after a month is open again counts anyway.
        if ((await pending()) > 0) throw new TransientError('events wait for the sink usage', { retryAfterMs });
        return { refused: inWords(month, done.lower) };
      }
      const accesses = await storage.read('countUsageAccesses', { month });
      return { accesses, before, after: await total(month) };
    }
  }

  /**
   * Applies the rules of now to events of a month. Without `keep` it only says what they come to; with it they are
   * kept, in the place of what was known of the same events. A closed month is reopened.
   */
  async recount(month: number, events: readonly Event[], keep: boolean): Promise<Recounted> {
    const { storage, rules, known: addKnown } = this.#options;
    const ofMonth = events.filter(({ created }) => monthOf(dayOf(created)) === month);
    const current = rules();
    const found = (await addKnown(ofMonth))
      .flatMap(event => accessOf(event, current) ?? [])
      // One that is misdated belongs to the month of its arrival.
      .filter(({ row }) => monthOf(row[0] as number) === month);
    const keys = found.map(({ row }) => [row[0] as number, row[1] as string] as const);
    const known = await storage.read('knownUsageAccesses', { keys });
    // What is looked at will be sent: the month waits for it.
    this.sent.note([month]);
    if (keep) {
      await this.reopen(month);
      const items: Value[] = [];
      for (const { row, facts } of found)
        for (const [item, what] of facts) items.push(item, row[2] as number, JSON.stringify(what));
      await storage.write('foldUsage', { accesses: found.flatMap(({ row }) => row), items, replace: true });
    }
    const kept = await storage.read('countUsageAccesses', { month });
    const closed = (await this.closedMonths()).includes(month);
    return { accesses: found.length, known: known.length, kept, closed };
  }
}

function inWords(month: number, lower: readonly LowerFigure[]): string {
  const named = lower
    .slice(0, maxNamed)
    .map(({ item, figure, before, after }) => `${figure} of ${item} from ${before} to ${after}`);
  const more = lower.length > maxNamed ? ` and ${lower.length - maxNamed} more` : '';
  return `${written(month)} would lose: ${named.join(', ')}${more}. What there is of it stays; import what is missing and finish again, or let it fall`;
}
