import { type Acceptance, type Accepted, acceptEvent } from '../events/accept.js';
import { acceptCloudEvent } from '../events/cloud-event.js';
import { itemTexts } from '../events/json-text.js';
import { acceptOfKind, type Kind } from '../events/kind.js';
import { inJsonFormat, isBinaryCloudEvent, isJsonType } from './cloud-events.js';
import { type ApiContext, hasBody } from './context.js';
import { type FieldError, HttpProblem } from './problem.js';
import { bodyForm, parseJson } from './request-body.js';

/** One event of a request: what JSON.parse makes of it, and its text to the letter. */
interface Item {
  readonly value: unknown;
  readonly text: string;
}

/** Several events, or a single one whose id may stand in a header. */
export interface Items {
  readonly items: readonly Item[];
  readonly single: boolean;
  /** How each of them becomes a message. */
  readonly accept: Accept;
}

type Accept = (item: unknown, acceptance: Acceptance) => Accepted;

/** Reads a body, which may be missing where a header says all there is to say. */
type ItemReader = (text: string | undefined) => Items;

type Form = 'json' | 'lines' | 'cloud event' | 'cloud events';

const eventForms: Readonly<Record<string, Form>> = {
  'application/json': 'json',
  'application/x-ndjson': 'lines',
  'application/ndjson': 'lines',
};
const allForms: Readonly<Record<string, Form>> = {
  ...eventForms,
  'application/cloudevents+json': 'cloud event',
  'application/cloudevents-batch+json': 'cloud events',
};

/**
 * How the body of a request is read, by its headers.
 * @param kind what the path says of its events
 * @throws HttpProblem 400, 415
 */
export function itemReader(ctx: ApiContext, kind?: Kind): ItemReader {
  const { headers } = ctx.req;
  const isWhole = headers['content-type']?.toLowerCase().startsWith('application/cloudevents') === true;
  if (!isWhole && isBinaryCloudEvent(headers)) return binaryReader(ctx, kind);
  const form = bodyForm(ctx, kind === undefined ? allForms : eventForms);
  const accept: Accept = kind === undefined ? acceptEvent : (item, acceptance) => acceptOfKind(kind, item, acceptance);
  return (text = '') => {
    switch (form) {
      case 'json':
        return fromJson(text, ctx, accept);
      case 'lines':
        return fromLines(text, ctx, accept);
      case 'cloud event':
        return { items: [{ value: parseJson(text), text }], single: false, accept: acceptCloudEvent };
      case 'cloud events':
        return fromBatch(text, ctx);
    }
  };
}

export function badEvents(errors: readonly FieldError[], count: number): HttpProblem {
  const bad = new Set(errors.map(error => error.index)).size;
  const detail =
    count === 1 ? 'The event was not accepted.' : `${bad} of ${count} events are not valid, so none was accepted.`;
  return new HttpProblem('invalid-event', detail, { errors });
}

function binaryReader(ctx: ApiContext, kind: Kind | undefined): ItemReader {
  const { headers } = ctx.req;
  if (kind !== undefined) {
    throw new HttpProblem('invalid-request', 'CloudEvents go to /v1/events: their type says what they are.');
  }
  if (hasBody(ctx.req) && !isJsonType(headers['content-type'])) {
    throw new HttpProblem(
      'unsupported-media-type',
      'Send the data of a CloudEvent as application/json, encoded in UTF-8.',
      {
        headers: { Accept: 'application/json' },
      },
    );
  }
  return data => {
    if (data !== undefined) parseJson(data);
    const text = inJsonFormat(headers, data);
    return { items: [{ value: JSON.parse(text), text }], single: false, accept: acceptCloudEvent };
  };
}
function fromJson(text: string, ctx: ApiContext, accept: Accept): Items {
  const value = parseJson(text);
  if (!Array.isArray(value)) return { items: [{ value, text: text.trim() }], single: true, accept };
  return fromList(value, text, ctx, accept);
}

function fromBatch(text: string, ctx: ApiContext): Items {
  const value = parseJson(text);
  if (!Array.isArray(value)) throw new HttpProblem('invalid-request', 'A batch of CloudEvents must be a JSON array.');
  return fromList(value, text, ctx, acceptCloudEvent);
}

function fromList(value: readonly unknown[], text: string, ctx: ApiContext, accept: Accept): Items {
  if (value.length === 0) throw new HttpProblem('invalid-request', 'The list of events is empty.');
  if (value.length > ctx.services.settings.maxEvents) throw tooMany(ctx);
  const texts = itemTexts(text);
  return { items: value.map((item, index) => ({ value: item, text: texts[index] as string })), single: false, accept };
}

function fromLines(text: string, ctx: ApiContext, accept: Accept): Items {
  const items: Item[] = [];
  const errors: FieldError[] = [];
  let line = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const item = text.slice(start, end).trim();
    start = end + 1;
    line++;
    if (item === '') continue;
    if (items.length === ctx.services.settings.maxEvents) throw tooMany(ctx);
    try {
      items.push({ value: JSON.parse(item), text: item });
    } catch (error) {
      errors.push({ index: items.length, field: '', message: `line ${line} is not JSON: ${(error as Error).message}` });
      items.push({ value: undefined, text: item });
    }
  }
  if (items.length === 0) throw new HttpProblem('invalid-request', 'The body contains no events.');
  if (errors.length > 0) throw badEvents(errors, items.length);
  return { items, single: items.length === 1, accept };
}

function tooMany(ctx: ApiContext): HttpProblem {
  return new HttpProblem(
    'too-large',
    `A request may contain at most ${ctx.services.settings.maxEvents} events. Send several requests.`,
  );
}
