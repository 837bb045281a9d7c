import { written } from '../calendar.js';
import { acceptEvent } from '../events/accept.js';
import { isEventId } from '../events/identity.js';
import { memberTexts } from '../events/json-text.js';
import type { Message, Source } from '../events/message.js';
import { type Imported, type Refused, SinkNamesError } from '../import/history.js';
import type { ImportNotes } from '../storage/usage-gaps.js';
import { audit } from './audit.js';
import type { ApiContext } from './context.js';
import { type ImportNote, importNoteOf, notesOf } from './import-note.js';
import { HttpProblem } from './problem.js';
import { bodyForm, withText } from './request-body.js';

export interface ImportQuery {
  readonly sinks?: readonly string[] | undefined;
  readonly source?: 'nginx' | undefined;
  readonly reopen?: boolean | undefined;
}

export interface ImportReceipt extends Omit<Imported, 'closed' | 'reopened' | 'begins'> {
  readonly accepted: number;
  readonly closed: Readonly<Record<string, number>>;
  readonly reopened: readonly string[];
}

const forms = { 'application/x-ndjson': 'lines', 'application/ndjson': 'lines' } as const;

/**
 * From a request with past events to what became of each: one that is bad is left out and said to be, the others are
 * taken.
 * @throws HttpProblem, ClientGone, and as `Backend.import` does
 */
export async function importEvents(ctx: ApiContext, query: ImportQuery): Promise<ImportReceipt> {
  return withPastEvents(ctx, query.source ?? 'import', async ({ messages, places, refused, notes }) => {
    const { sinks, reopen = false } = query;
    const imported = await ctx.services.backend.import({ messages, sinks, reopen, notes }).catch((error: unknown) => {
      throw error instanceof SinkNamesError ? new HttpProblem('invalid-request', `${error.message}.`) : error;
    });
    const { closed, reopened, begins, refused: untaken, ...rest } = imported;
    if (begins) audit(ctx, { type: 'history_imported', subject: imported.sinks.join(', ') });
    const all = [...refused, ...untaken.map(one => ({ ...one, index: places[one.index]! }))];
    return {
      ...rest,
      accepted: messages.length - untaken.length - onlyClosed(imported),
      refused: all.sort((a, b) => a.index - b.index),
      closed: Object.fromEntries([...closed].map(([month, count]) => [written(month), count])),
      reopened: reopened.map(written),
    };
  });
}

/** Events for usage alone whose month is closed go nowhere. */
function onlyClosed({ sinks, closed }: Imported): number {
  return sinks.length > 1 ? 0 : [...closed.values()].reduce((sum, count) => sum + count, 0);
}

export interface PastMessages {
  readonly messages: readonly Message[];
  /** The line of each of them. */
  readonly places: readonly number[];
  readonly refused: readonly Refused[];
  /** What lines say of the time that they are of. */
  readonly notes: ImportNotes;
}

/** Reads lines of `{"id": …, "event": {…}}`, and calls back with those that are events. */
export function withPastEvents<Result>(
  ctx: ApiContext,
  source: Source,
  use: (read: PastMessages) => Promise<Result>,
): Promise<Result> {
  bodyForm(ctx, forms);
  return withText(ctx, text => use(read(text, source, ctx)));
}

function read(text: string, source: Source, { services: { clock, settings } }: ApiContext): PastMessages {
  const lines = text.split('\n').filter(line => line.trim() !== '');
  if (lines.length === 0) throw new HttpProblem('invalid-request', 'The body contains no events.');
  if (lines.length > settings.maxEvents)
    throw new HttpProblem('too-large', `A request may contain at most ${settings.maxEvents} events.`);
  const messages: Message[] = [];
  const places: number[] = [];
  const refused: Refused[] = [];
  const notes: ImportNote[] = [];
  for (const [index, line] of lines.entries()) {
    const result = messageOf(line.trim(), source, clock.now());
    if (typeof result === 'string') refused.push({ index, message: result });
    else if ('note' in result) notes.push(result);
    else {
      messages.push(result);
      places.push(index);
    }
  }
  return { messages, places, refused, notes: notesOf(notes) };
}

function messageOf(line: string, source: Source, now: number): Message | ImportNote | string {
  let parsed: { readonly id?: unknown; readonly event?: Record<string, unknown> };
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    return `not JSON: ${(error as Error).message}`;
  }
  if (typeof parsed !== 'object' || parsed === null) return 'must be an object with id and event';
  const note = importNoteOf(parsed);
  if (note !== undefined) return note;
  const { id, event } = parsed;
  if (!isEventId(id)) return 'id must be 1 to 128 printable ASCII characters';
  const text = memberTexts(line).get('event');
  if (text === undefined) return 'must be an object with id and event';
  // Its time is not ours.
  if (event?.created === undefined && typeof event === 'object') return 'created is missing';
  const result = acceptEvent(event, { now, source, id, text });
  if ('problems' in result) return result.problems.map(problem => problem.message).join('; ');
  const { given: _given, ...message } = result.message;
  return { ...message, id };
}
