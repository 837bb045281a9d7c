import type { Depth, Durability } from '../broker/broker.js';
import { dayOf, monthOf } from '../calendar.js';
import type { Clock } from '../clock.js';
import { decode } from '../events/decode.js';
import type { Event } from '../events/event.js';
import type { Message } from '../events/message.js';
import type { SinkDefinition } from '../sinks/sink.js';
import type { Calls } from '../storage/calls.js';
import type { ImportNotes } from '../storage/usage-gaps.js';
import { usageCategories } from '../usage/access.js';
import type { Reopening } from '../usage/reopening.js';
import { Backlog } from './backlog.js';

export interface HistoryOptions {
  /** In the order in which they are configured. */
  readonly sinks: () => readonly SinkDefinition[];
  /** Resolves when the messages are durable. */
  readonly publish: (messages: readonly Message[]) => Promise<Durability>;
  readonly depth: (sink: string) => Promise<Pick<Depth, 'ready' | 'unsettled'>>;
  readonly storage: Calls;
  /** Undefined when usage is off. */
  readonly reopening: Pick<Reopening, 'reopen' | 'closedMonths' | 'sent'> | undefined;
  /** Whether usage is counted from the log of NGINX: an import that has read it has all of a time. */
  readonly countsLog: boolean;
  readonly clock: Clock;
}

export interface PastEvents {
  readonly messages: readonly Message[];
  /** Names of sinks; undefined = all that take history. */
  readonly sinks: readonly string[] | undefined;
  /** Months of usage that are closed are counted anew. */
  readonly reopen: boolean;
  /** What was read of the log that is counted; undefined = nothing is said. */
  readonly notes?: ImportNotes | undefined;
}

export interface Refused {
  /** In the list. */
  readonly index: number;
  readonly message: string;
}

export interface Imported {
  readonly sinks: readonly string[];
  readonly durability: Durability;
  /** How many were accepted that this daemon has already; undefined where it keeps nothing by which it could tell. */
  readonly alreadyThere: number | undefined;
  readonly refused: readonly Refused[];
  /** How many were too old for a sink, by its name; others have them. */
  readonly tooOld: Readonly<Record<string, number>>;
  /** How many did not count as usage because their month is closed, by month (202603); other sinks have them. */
  readonly closed: ReadonlyMap<number, number>;
  /** Months that are counted anew. */
  readonly reopened: readonly number[];
  /** For a while nobody has imported anything: an import begins. */
  readonly begins: boolean;
}

/** A list of sinks that cannot be meant, in words. */
export class SinkNamesError extends Error {
  override name = 'SinkNamesError';
}

interface Accepted {
  readonly message: Message;
  readonly event: Event;
}

const categories: ReadonlySet<string> = new Set(usageCategories);
const dayMs = 86_400_000;
/** Requests that follow each other within this time belong to one import, ms. */
const pauseMs = 600_000;

/**
 * What happened before this daemon was there, for the sinks that are named. Their ids are their own, so that what is
 * there already is no second event; and they stand behind what happens now: one request for a sink at a time, and none
 * while it has much to do.
 */
export class History {
  readonly #options: HistoryOptions;
  readonly #backlog: Backlog;
  /** When the last request was taken (monotonic). */
  #lastAt = Number.NEGATIVE_INFINITY;
  /** Months that are known to hold what was imported. */
  readonly #noted = new Set<number>();

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#backlog = new Backlog(options.depth);
  }

  /**
   * Resolves when what was accepted is durable.
   * @throws SinkNamesError; TransientError when it is not their turn: none of them is accepted then
   */
  async import({ messages, sinks: named, reopen, notes }: PastEvents): Promise<Imported> {
    const sinks = this.#sinks(named);
    const names = sinks.map(({ name }) => name);
    const { reopening } = this.#options;
    // Also where it is not their turn: they come again.
    if (names.includes('usage')) reopening?.sent.note(monthsOf(messages));
    return this.#backlog.behind(names, async () => {
      const closed = await this.#closedMonths(names, messages, reopen);
      const placed = this.#place(messages, sinks, closed.months);
      const known = await this.#known(names, placed.accepted);
      if (names.includes('usage')) await this.#note(placed.accepted, notes);
      const durability = await this.#options.publish(placed.accepted.map(({ message }) => message));
      const now = this.#options.clock.monotonic();
      const begins = now - this.#lastAt > pauseMs;
      this.#lastAt = now;
      const { refused, tooOld, closed: left } = placed;
      return {
        sinks: names,
        durability,
        alreadyThere: known,
        refused,
        tooOld,
        closed: left,
        reopened: closed.reopened,
        begins,
      };
    });
  }

  #sinks(named: readonly string[] | undefined): readonly SinkDefinition[] {
    const sinks = this.#options.sinks();
    const found = named === undefined ? sinks.filter(({ takesHistory }) => takesHistory) : sinks.filter(isNamed);
    const unknown = named?.filter(name => !sinks.some(sink => sink.name === name)) ?? [];
    const all = sinks.map(({ name }) => name).join(', ');
    if (unknown.length > 0) throw new SinkNamesError(`there is no sink ${unknown.join(', ')} here; there are ${all}`);
    if (found.length === 0)
      throw new SinkNamesError(`no sink here takes what is past by itself; name some of ${all || 'none'}`);
    return found;

    function isNamed({ name }: SinkDefinition): boolean {
      return named?.includes(name) === true;
    }
  }

  /** Months of which usage takes nothing, and those that are counted anew from now on. */
  async #closedMonths(sinks: readonly string[], messages: readonly Message[], reopen: boolean) {
    const { reopening } = this.#options;
    if (reopening === undefined || !sinks.includes('usage')) return { months: new Set<number>(), reopened: [] };
    const mentioned = monthsOf(messages);
    const months = new Set<number>();
    const reopened: number[] = [];
    for (const month of await reopening.closedMonths()) {
      if (!mentioned.has(month)) continue;
      if (!reopen) months.add(month);
      else if (await reopening.reopen(month)) reopened.push(month);
    }
    return { months, reopened };
  }

  #place(messages: readonly Message[], sinks: readonly SinkDefinition[], closedMonths: ReadonlySet<number>) {
    const now = this.#options.clock.now();
    const accepted: Accepted[] = [];
    const refused: Refused[] = [];
    const tooOld: Record<string, number> = {};
    const closed = new Map<number, number>();
    for (const [index, message] of messages.entries()) {
      const event = eventOf(message);
      const reasons: string[] = [];
      const takers = sinks.filter(({ name, maxAgeMs = Number.POSITIVE_INFINITY }) => {
        if (event.created < now - maxAgeMs) {
          tooOld[name] = (tooOld[name] ?? 0) + 1;
          reasons.push(`${name} takes nothing that is older than ${Math.round(maxAgeMs / dayMs)} days`);
          return false;
        }
        const month = monthOfEvent(event);
        if (name !== 'usage' || !closedMonths.has(month) || !isAccess(event)) return true;
        closed.set(month, (closed.get(month) ?? 0) + 1);
        return false;
      });
      if (takers.length > 0) accepted.push({ message: { ...message, sinks: takers.map(({ name }) => name) }, event });
      else if (reasons.length > 0) refused.push({ index, message: reasons.join('; ') });
    }
    return { accepted, refused, tooOld, closed };
  }

  /** Before they are published, so that no month is ever said to be complete because an import was cut off. */
  async #note(accepted: readonly Accepted[], notes: ImportNotes | undefined): Promise<void> {
    const { storage, countsLog } = this.#options;
    const counted = accepted.filter(({ message, event }) => message.sinks?.includes('usage') && isAccess(event));
    const months = [...new Set(counted.map(({ event }) => monthOfEvent(event)))].filter(one => !this.#noted.has(one));
    const { spans, gaps } = countsLog && notes !== undefined ? notes : { spans: [], gaps: [] };
    if (months.length + spans.length + gaps.length === 0) return;
    await storage.write('noteUsageImport', { months, spans, gaps });
    for (const month of months) this.#noted.add(month);
  }

  async #known(sinks: readonly string[], accepted: readonly { readonly event: Event }[]): Promise<number | undefined> {
    if (!sinks.includes('local') && !sinks.includes('usage')) return undefined;
    const events = accepted.map(({ event: { id, created } }) => [dayOf(created), id] as const);
    const known = await this.#options.storage.read('knownIds', { events });
    return known.length;
  }
}

function eventOf(message: Message): Event {
  const decoded = decode(message);
  if (decoded.kind !== 'event') throw new Error('what was checked on arrival is an event');
  return decoded.event;
}

function isAccess({ category }: Event): boolean {
  return categories.has(category);
}

/** Those of which some tell of an access. */
function monthsOf(messages: readonly Message[]): ReadonlySet<number> {
  return new Set(
    messages
      .map(eventOf)
      .filter(isAccess)
      .map(event => monthOfEvent(event)),
  );
}

function monthOfEvent({ created }: Event): number {
  return monthOf(dayOf(created));
}
