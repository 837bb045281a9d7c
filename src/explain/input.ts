import type { Delivery } from '../broker/broker.js';
import { AmqpDelivery } from '../broker/rabbitmq/consume/delivery.js';
import { clientFacts } from '../browser/client.js';
import { readUpload, UploadError } from '../browser/upload.js';
import { readEvent } from '../browser/wire-event.js';
import { type Accepted, acceptEvent, type ItemProblem } from '../events/accept.js';
import { acceptCloudEvent } from '../events/cloud-event.js';
import { hashOf, timedId } from '../events/identity.js';
import { itemTexts } from '../events/json-text.js';
import type { Message } from '../events/message.js';
import type { CountryOf } from '../geoip/countries.js';
import { lineShape } from '../nginx/lines/line-shape.js';
import type { NginxConfig } from '../nginx/nginx-config.js';
import { createCounter } from '../nginx/source.js';
import { VisitorKeys } from '../nginx/traffic/visitors.js';

/**
 * How a text comes in.
 *
 * - event: JSON as `/v1/events` takes it: one, a list, or one a line
 * - cloudevent: the same of CloudEvents, in the JSON format
 * - clowder: the body of one message of the exchange
 * - nginx: lines of the access log
 * - amplitude: the upload of a page
 */
export const inputKinds = ['event', 'cloudevent', 'clowder', 'nginx', 'amplitude'] as const;
export type InputKind = (typeof inputKinds)[number];

/** One event as a consumer gets it, or why there is none. */
export type Input = { readonly delivery: Delivery } | { readonly refused: readonly ItemProblem[] };

export interface InputOptions {
  readonly nginx: NginxConfig;
  /** As in `TrafficOptions`. */
  readonly usageSink: string | undefined;
  readonly clowderUrl: string | undefined;
  readonly idSecret: string;
  readonly countryOf: CountryOf;
  /** Epoch ms. */
  readonly now: () => number;
  /** A text with more is refused before they are looked at. */
  readonly maxEvents: number;
}

/** Lines of a log that make one event, as far as they count: a window of many lines is one. */
const maxLinesPerEvent = 10;

/** A text that is not of its kind, in words. */
export class InputError extends Error {
  override name = 'InputError';
}

/**
 * Reads a text by the decoders of its source. What a source knows beside the text is not there: a log's lines count as
 * the first of their file, a page's request says no agent and no address, and pseudonyms of visitors are of this call
 * alone.
 * @throws InputError
 */
export function readInput(text: string, kind: InputKind, options: InputOptions): readonly Input[] {
  switch (kind) {
    case 'event':
      return itemsOf(text, options).map(item => accepted(item, acceptEvent, options));
    case 'cloudevent':
      return itemsOf(text, options).map(item => accepted(item, acceptCloudEvent, options));
    case 'clowder':
      return [{ delivery: fromExchange(text, options) }];
    case 'nginx':
      return fromLog(text, options);
    case 'amplitude':
      return fromPage(text, options);
  }
}

/** What a text most likely is: a message of the exchange looks like any event. */
export function guessKind(text: string): InputKind {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return /^\s*[{[]/.test(text) ? 'event' : 'nginx';
  }
  const [first] = Array.isArray(value) ? value : [value];
  if (typeof first !== 'object' || first === null) return 'event';
  if (typeof first.specversion === 'string' && 'type' in first) return 'cloudevent';
  return typeof first.api_key === 'string' && Array.isArray(first.events) ? 'amplitude' : 'event';
}

interface Item {
  readonly value: unknown;
  readonly text: string;
}

function bounded(count: number, { maxEvents }: InputOptions): void {
  if (count > maxEvents) throw new InputError(`it holds more than ${maxEvents} events`);
}

function itemsOf(text: string, options: InputOptions): readonly Item[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const lines = text.split('\n').filter(line => line.trim() !== '');
    bounded(lines.length, options);
    if (lines.length < 2) throw new InputError(`it is not JSON: ${(error as Error).message}`);
    return lines.map((line, index) => ({ value: parsed(line, index + 1), text: line.trim() }));
  }
  if (!Array.isArray(value)) return [{ value, text: text.trim() }];
  bounded(value.length, options);
  const texts = itemTexts(text);
  return value.map((item, index) => ({ value: item, text: texts[index] as string }));
}

function parsed(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new InputError(`line ${number} is not JSON: ${(error as Error).message}`);
  }
}

type Accept = (item: unknown, acceptance: Parameters<typeof acceptEvent>[1]) => Accepted;

function accepted({ value, text }: Item, accept: Accept, { now }: InputOptions): Input {
  const result = accept(value, { now: now(), source: 'http', text });
  return 'message' in result ? { delivery: delivered(result.message) } : { refused: result.problems };
}

function delivered(message: Message): Delivery {
  return { ...message, redelivered: false };
}

/** A message without a time of its own gets an id and a time on arrival. */
function fromExchange(text: string, { now }: InputOptions): Delivery {
  const delivery = new AmqpDelivery(
    { content: Buffer.from(text), properties: {}, fields: { deliveryTag: 1, redelivered: false } } as never,
    now(),
  );
  const { unnamed } = delivery;
  if (unnamed !== undefined) delivery.name(timedId(now(), unnamed));
  return delivery;
}

function fromLog(text: string, options: InputOptions): readonly Input[] {
  const { nginx, usageSink, clowderUrl, idSecret, countryOf, now, maxEvents } = options;
  const maxLines = maxEvents * maxLinesPerEvent;
  if (Number.isFinite(maxLines) && text.split('\n', maxLines + 2).filter(line => line !== '').length > maxLines)
    throw new InputError(`it holds more than ${maxLines} lines`);
  const refused: ItemProblem[] = [];
  const { counter, parts, traffic } = createCounter({
    ...{ name: '', config: nginx, usageSink, clowderUrl, idSecret, countryOf, now },
    visitors: passingVisitors(now),
    onUnparsed: line =>
      refused.push({ field: '', message: `a line is not of the format NGINX_LOG_FORMAT: ${lineShape(line)}` }),
  });
  const bytes = Buffer.from(text.endsWith('\n') ? text : `${text}\n`);
  counter.takeLines(bytes, bytes.length, hashOf(bytes.subarray(0, bytes.indexOf('\n'))), 0);
  parts.closeUntil(Number.POSITIVE_INFINITY);
  const inputs: Input[] = [...traffic.take(), ...parts.takeClosed()].map(message => ({ delivery: delivered(message) }));
  if (refused.length > 0) inputs.push({ refused });
  bounded(inputs.length, options);
  if (inputs.length > 0) return inputs;
  const message = `no event by itself, by NGINX_TRAFFIC_EVENTS (${nginx.trafficEvents.join(', ') || 'off'}): it counts in an event of connections`;
  return [{ refused: [{ field: '', message }] }];
}

function fromPage(text: string, options: InputOptions): readonly Input[] {
  const { countryOf, now } = options;
  const clients = { visitors: passingVisitors(now), countryOf };
  const facts = clientFacts({ address: '', agent: undefined, languages: undefined }, clients, now());
  try {
    const events = readUpload(text, 'json').events();
    bounded(events.length, options);
    return events.map(sent => {
      const read = readEvent(sent, facts, now());
      if ('kind' in read) return { refused: [{ field: read.field, message: read.reason }] };
      return { delivery: delivered(read) };
    });
  } catch (error) {
    throw error instanceof UploadError ? new InputError(error.message) : error;
  }
}

/** Pseudonyms that nobody keeps. */
function passingVisitors(now: () => number): VisitorKeys {
  const keyValues = { get: async () => new Map<string, string>(), put: async () => {} };
  return new VisitorKeys(keyValues, { now, monotonic: now, sleep: async () => {} });
}
