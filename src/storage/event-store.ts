import { CursorError } from '../errors.js';
import { exactFields, stringifyExact } from '../events/digits.js';
import { type Event, type Fields, isReceived } from '../events/event.js';
import type { Source } from '../events/message.js';
import type { Calls } from './calls.js';
import type { Value } from './database.js';
import type { EventRow } from './events.js';
import {
  bodyText,
  type EventPage,
  type EventQuery,
  type EventWriter,
  type InsertReport,
  type Series,
  type SeriesQuery,
  type StoredEvent,
} from './queries.js';

/** Roughly what a row and its index entries take beside the body, so that LOCAL_MAX_MB means bytes on the disk. */
const rowOverheadBytes = 200;

type Listener = (event: StoredEvent) => void;

/** The local store, seen from the main thread. */
export class EventStore implements EventWriter {
  readonly #storage: Calls;
  readonly #listeners = new Set<Listener>();

  constructor(storage: Calls) {
    this.#storage = storage;
  }

  async insert(events: readonly Event[]): Promise<InsertReport> {
    if (events.length === 0) return { duplicates: 0, conflicts: [] };
    const { present, conflicts } = await this.#storage.write('insertEvents', { values: eventRows(events) });
    this.announce(events, present);
    return { duplicates: present.length, conflicts };
  }

  /** To those who listen: these events are stored now, but for those that were there before (by position). */
  announce(events: readonly Event[], present: readonly number[]): void {
    if (this.#listeners.size > 0) this.#notify(events, new Set(present));
  }

  /** @throws CursorError for a cursor that did not come from a page */
  async query(query: EventQuery): Promise<EventPage> {
    const { cursor, ...rest } = { order: 'received' as const, ...query };
    const args = cursor === undefined ? rest : { ...rest, after: decodeCursor(cursor) };
    const { rows, more } = await this.#storage.read('queryEvents', args);
    const last = rows.at(-1);
    return {
      events: rows.map(row => storedRow(row)),
      nextCursor: more && last !== undefined ? encodeCursor(last) : null,
    };
  }

  series(query: SeriesQuery): Promise<Series> {
    return this.#storage.read('series', query);
  }

  /** Calls back with every event that was not there before, once it is stored, until the signal aborts. */
  listen(listener: Listener, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  #notify(events: readonly Event[], present: ReadonlySet<number>): void {
    for (const [index, event] of events.entries()) {
      if (present.has(index)) continue;
      const { id, created, category, type, fields, text, source, received } = event;
      const shown = text === undefined ? fields : { text };
      const stored = storedEvent(shown, bodyOf(event), id, created, category, type, source, received);
      for (const listener of this.#listeners) listener(stored);
    }
  }
}

/** The values of their rows, one event after the other, for `insertEvents`. */
export function eventRows(events: readonly Event[]): Value[] {
  const values: Value[] = [];
  for (const event of events) {
    const body = bodyOf(event);
    values.push(event.id, event.created, event.category, event.type ?? null, event.source, event.received);
    values.push(Buffer.byteLength(body) + rowOverheadBytes, body);
  }
  return values;
}

/** The event as a query gives it back, with all digits of its numbers, without a detour over the disk. */
export function asQueried(event: Event): StoredEvent {
  const [id, created, category, type, source, received, , body] = eventRows([event]);
  const row = [0, id, created, category, type, source, received, body] as EventRow;
  return storedRow(row, exactFields(body as string));
}

/** An event that lacks its text was changed for this store; what is only known beside it is in no row. */
function bodyOf(event: Event): string {
  const { body, text, exact, fields } = event;
  if (body !== undefined) return body;
  if (text !== undefined) return JSON.stringify({ text });
  const own = Object.entries(exact ?? fields).filter(([name]) => isReceived(event, name));
  return stringifyExact(Object.fromEntries(own));
}

/**
 * Category and type as the body has them: in a column, a text ends at its first NUL,
 * and half a surrogate pair is U+FFFD.
 */
function storedRow(
  [, id, created, category, type, source, received, body]: EventRow,
  fields: Fields = JSON.parse(body),
): StoredEvent {
  const verbatim = (value: unknown, column: string): string =>
    typeof value === 'string' && value !== '' ? value : column;
  const ownType = type === null ? undefined : verbatim(fields.type, type);
  return storedEvent(fields, body, id, created, verbatim(fields.category, category), ownType, source, received);
}

/** The fields flat; a body's own `id`, when it is another than the event's, as `id_original`. */
function storedEvent(
  fields: Fields,
  body: string,
  id: string,
  created: number,
  category: string,
  type: string | undefined,
  source: Source,
  received: number,
): StoredEvent {
  const original = fields.id === undefined || fields.id === id ? {} : { id_original: fields.id };
  const typed = type === undefined ? {} : { type };
  return {
    ...fields,
    ...original,
    id,
    created,
    category,
    ...typed,
    _source: source,
    _received: received,
    [bodyText]: body,
  };
}

function encodeCursor([n, , created]: EventRow): string {
  return Buffer.from(`${created}:${n}`).toString('base64url');
}

function decodeCursor(cursor: string): { created: number; n: number } {
  const [, created, n] = /^(-?\d{1,15}):(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (created === undefined || n === undefined) throw new CursorError('the cursor does not come from a page of events');
  return { created: Number(created), n: Number(n) };
}
