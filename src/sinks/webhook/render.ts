import { stringifyExact } from '../../events/digits.js';
import type { Event } from '../../events/event.js';

export const formats = ['json', 'ndjson', 'cloudevents'] as const;

export type WebhookFormat = (typeof formats)[number];

/** How a body of each format is announced. */
export const contentTypes: Readonly<Record<WebhookFormat, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  cloudevents: 'application/cloudevents-batch+json',
};

/** What the daemon says of an event, whatever its body has under these names. */
const own: ReadonlySet<string> = new Set(['id', 'created', 'category', 'type', '_source', '_received']);

/** The JSON text that one event becomes (docs/mapping-webhook.md). */
export function renderEvent(event: Event, format: WebhookFormat): string {
  return format === 'cloudevents' ? cloudEvent(event) : plainEvent(event);
}

/** The body of a request, of the texts of its events. */
export function bodyOf(texts: readonly string[], format: WebhookFormat): string {
  return format === 'ndjson' ? texts.map(text => `${text}\n`).join('') : `[${texts.join(',')}]`;
}

/** As `GET /v1/events` gives it. */
function plainEvent(event: Event): string {
  const { id, created, category, type, source, received } = event;
  const said = { id, created, category, ...(type === undefined ? {} : { type }) };
  return stringifyExact(
    Object.fromEntries([...Object.entries(said), ...others(event), ...daemonOwn(source, received)]),
  );
}

/**
 * CloudEvents 1.0 in the JSON format. What has an attribute of its own (category, type, time) is not in `data`, so that
 * another daemon that takes it has the same event.
 */
function cloudEvent(event: Event): string {
  const { id, created, category, type, source } = event;
  return stringifyExact({
    specversion: '1.0',
    id,
    source: `/event-sink/${source}`,
    type: type === undefined ? category : `${category}.${type}`,
    time: new Date(created).toISOString(),
    datacontenttype: 'application/json',
    data: Object.fromEntries(others(event)),
  });
}

function daemonOwn(source: string, received: number): [string, unknown][] {
  return [
    ['_source', source],
    ['_received', received],
  ];
}

/** The event's other fields, numbers with all their digits. An id of the body's own is kept beside the event's. */
function others({ id, fields, exact }: Event): [string, unknown][] {
  const whole = exact ?? fields;
  const rest = Object.entries(whole).filter(([name]) => !own.has(name));
  return whole.id === undefined || whole.id === id ? rest : [...rest, ['id_original', whole.id]];
}
