import { decode } from '../events/decode.js';
import type { Event } from '../events/event.js';
import type { Source } from '../events/message.js';
import type { People } from '../people/people.js';
import { cleanReason, erasedBody, textOf } from '../people/suppression.js';
import type { EraseRows, EventTable, FoundRow } from '../storage/people.js';
import type { Storage } from '../storage/storage.js';
import { withoutWords } from './notes.js';
import type { EraseTools, Place } from './place.js';

export interface StoredEventsOptions {
  readonly storage: Pick<Storage, 'read'>;
}

/** Rows that are looked at together: an event has a megabyte at most, and they are in memory at once. */
const chunk = 64;

const tables: readonly (readonly [name: string, table: EventTable])[] = [
  ['local store', 'events'],
  // Before the queues: what is redriven meanwhile is clean by then, or is found there.
  ['dead letters in DATA_DIR', 'dead_letters'],
  ['queues in DATA_DIR', 'messages'],
  ['outbox', 'outbox'],
];

/** The tables of the daemon's own storage that hold events. */
export function storedEventPlaces(options: StoredEventsOptions): Place[] {
  return tables.map(([name, table]) => ({
    name,
    erase: (people, tools) => erase(options, table, people, tools),
    async *export(people, signal) {
      for await (const rows of found(options, table, people, signal))
        for (const row of rows) if (isAbout(table, row, people)) yield heldIn(row);
    },
  }));
}

async function erase(options: StoredEventsOptions, table: EventTable, people: People, tools: EraseTools) {
  for await (const rows of found(options, table, people, tools.signal)) {
    const changes = changesOf(table, rows, people);
    const taken = { erased: changes.erased, changed: changes.changed };
    if (taken.erased + taken.changed > 0) await tools.commit([['erasePeople', changes.rows]], taken);
  }
  return {};
}

async function* found(
  { storage }: StoredEventsOptions,
  table: EventTable,
  { texts }: People,
  signal: AbortSignal,
): AsyncGenerator<readonly FoundRow[]> {
  let after: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    const { rows, last } = await storage.read('findPeople', { table, after, texts, chunk });
    if (last === undefined) return;
    yield rows;
    after = last;
  }
}

/** What becomes of each row. What waits in a queue keeps its place there, so that it is counted as erased. */
function changesOf(table: EventTable, found: readonly FoundRow[], people: People) {
  const waits = table === 'messages' || table === 'outbox';
  const remove: [number, string][] = [];
  const replace: EraseRows['replace'][number][] = [];
  let erased = 0;
  for (const row of found) {
    const [key, id, , , , body, extra] = row;
    if (body === erasedBody) continue;
    const event = eventOf(row);
    const judged = people.judge(event);
    const reason = table === 'dead_letters' ? reasonWithout(extra, event, people) : extra;
    if (judged === 'theirs') {
      erased += 1;
      if (waits) replace.push({ key, id, body: erasedBody, extra });
      else remove.push([key, id]);
    } else if (judged !== event || reason !== extra) {
      replace.push({ key, id, body: judged === event ? body : textOf(judged), extra: reason });
    }
  }
  return { rows: { table, remove, replace }, erased, changed: remove.length + replace.length - erased };
}

/** Why an event is a dead letter may quote it, and name people whom it does not name itself. */
export function reasonWithout(reason: string, event: Event, people: People): string {
  return withoutWords(cleanReason(people, event, reason), people);
}

function isAbout(table: EventTable, row: FoundRow, people: People): boolean {
  const event = eventOf(row);
  const reason = row[6];
  return people.judge(event) !== event || (table === 'dead_letters' && reasonWithout(reason, event, people) !== reason);
}

function eventOf([, id, source, received, timestamp, body]: FoundRow): Event {
  const message = { id, source: source as Source, received, body, ...(timestamp === null ? {} : { timestamp }) };
  const decoded = decode(message, received);
  if (decoded.kind === 'undated') throw new Error('a stamped event is still undated');
  return decoded.event;
}

function heldIn([, id, source, received, , body, extra]: FoundRow): object {
  return { id, source, received, body, ...(extra === '' ? {} : { more: extra }) };
}
