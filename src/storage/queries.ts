import type { Context, Event } from '../events/event.js';
import type { Source } from '../events/message.js';
import type { FoldUsageArguments } from './usage-accesses.js';

/** The text of the event's body as it was received: what an answer is made of. JSON.stringify passes it over. */
export const bodyText = Symbol('body text');

/** What is known beside the event, as its fields show it. JSON.stringify passes it over. */
export const contextOf = Symbol('context');

export type EventOrder = 'received' | 'created';

export interface EventQuery {
  readonly category?: string;
  readonly type?: string;
  /** `created` is at least this, epoch ms. */
  readonly from?: number;
  /** `created` is less than this, epoch ms. */
  readonly to?: number;
  /** Newest first by arrival (the default), or by the time that the events carry. */
  readonly order?: EventOrder;
  /** Events on the page, 1 to 1000; a page of large events may have fewer. */
  readonly limit: number;
  /** Bytes of their bodies, 8 MiB by default; one event is always on it. */
  readonly maxBytes?: number;
  /** `nextCursor` of the previous page. */
  readonly cursor?: string;
}

/**
 * An event as the API shows it: its fields flat, and beside them what the daemon knows. A field of the same name yields
 * to the daemon's own; a body's own `id`, when it differs, is `id_original`.
 */
export interface StoredEvent {
  readonly id: string;
  /** Epoch ms. */
  readonly created: number;
  readonly category: string;
  readonly type?: string;
  /** Where it came in. */
  readonly _source: Source;
  /** When it came in, epoch ms. */
  readonly _received: number;
  readonly [bodyText]?: string;
  readonly [contextOf]?: Context;
  readonly [field: string]: unknown;
}

/** Newest first, in the order asked for; among those of the same `created`, the one stored last. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

/** Events counted per step of time, by category; or the mean of a numeric field of one category. */
export interface SeriesQuery {
  /** Start of the first step, epoch ms. */
  readonly from: number;
  /** End, exclusive, epoch ms. */
  readonly to: number;
  /** Length of a step, ms, at least 1000; at most 1000 steps. */
  readonly step: number;
  readonly category?: string;
  /** A numeric field whose mean is wanted instead of the count. */
  readonly field?: string;
  /** The field whose values are the lines, instead of the category; at most the 20 largest. */
  readonly by?: string;
}

export interface Series {
  /** Start of each step, epoch ms. */
  readonly times: readonly number[];
  readonly lines: readonly SeriesLine[];
}

export interface SeriesLine {
  /** The category, or the value of the field that splits. */
  readonly name: string;
  /** One for each step: a count, or a mean, which is null where the step has no value. */
  readonly values: readonly (number | null)[];
}

export interface InsertReport {
  /** How many were there already, by their id. */
  readonly duplicates: number;
  /** Positions of those that came from outside and say something else than what was there. */
  readonly conflicts: readonly number[];
}

export interface EventWriter {
  /** Inserts what is not there yet; resolves with the number that already were. */
  insert(events: readonly Event[]): Promise<InsertReport>;
}

export interface UsageWriter {
  /** Keeps accesses, each once; resolves with how many were known already. */
  fold(accesses: FoldUsageArguments): Promise<number>;
}
