import type { Source } from './message.js';

export type Fields = Readonly<Record<string, unknown>>;

/** Fields of one event: every destination looks at each of them, while nothing else happens. */
export const maxFields = 10_000;

/** What may be known of an event's resource beside what it says itself. */
export const contextNames = [
  'resource_name',
  'author_id',
  'file_id',
  'dataset_id',
  'dataset_name',
  'space_id',
  'space_name',
  'space_ids',
  'collection_id',
  'collection_ids',
  'doi',
] as const;

export type ContextName = (typeof contextNames)[number];

export type Context = Readonly<Partial<Record<ContextName, string | readonly string[]>>>;

/** One event, decoded once from its message and handed to a sink. */
export interface Event {
  /** 1 to 128 printable ASCII characters. The same in every sink and after every redelivery. */
  readonly id: string;
  /** Epoch ms, normalised from whatever form was received. */
  readonly created: number;
  /** `unknown` when a foreign body names none. */
  readonly category: string;
  readonly type: string | undefined;
  /** The body, parsed: `category`, `type` and `created` (in its original form) are in it; and its `context`. */
  readonly fields: Fields;
  /** The body as text, as it was received, when it is a JSON object. */
  readonly body?: string;
  /**
   * Set when a number in the body is more than a double can hold: the fields once more, with
   * an `ExactNumber` in each such place.
   */
  readonly exact?: Fields;
  /**
   * Set when something is known of its resource that it does not say: what was added to `fields` and `exact`, and is
   * not in the body. A later delivery of the same event may have more of it, or other values.
   */
  readonly context?: Context;
  /**
   * Set when the body is not a JSON object: the body as text; `fields` is empty then. Only sinks
   * with `acceptsText` see such events.
   */
  readonly text?: string;
  readonly source: Source;
  /** When this daemon (or another of ours) first had it, epoch ms. */
  readonly received: number;
}

/**
 * Whether a page of a browser sent it: to this daemon, or once, as a recording says. The daemon itself writes that into
 * each event of a page, and no page can; who may send recordings could as well say anything else.
 */
export function isFromPage({ source, fields }: Pick<Event, 'source' | 'fields'>): boolean {
  if (source === 'browser') return true;
  return (source === 'import' || source === 'replay') && fields.source === 'browser';
}

/** Whether a field of this name was received, and is not only known beside the event. */
export function isReceived({ fields, context }: Pick<Event, 'fields' | 'context'>, name: string): boolean {
  return Object.hasOwn(fields, name) && !(context !== undefined && Object.hasOwn(context, name));
}
