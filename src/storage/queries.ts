import type { Event } from '../events/event.js';

export interface EventQuery {
  readonly category?: string;
  readonly type?: string;
  /** Epoch ms, inclusive; `to` is exclusive. Of `created`. */
  readonly from?: number;
  readonly to?: number;
  /** 1 to 1000. */
  readonly limit: number;
  readonly cursor?: string;
}

/** An event as the API shows it: the fields flat, the daemon's own beside them. */
export interface StoredEvent {
  readonly id: string;
  readonly created: number;
  readonly category: string;
  readonly type?: string;
  readonly _source: string;
  readonly _received: number;
  readonly [field: string]: unknown;
}

/** Newest first by `created`; among equals, the one stored last. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  readonly nextCursor: string | null;
}

/** Events counted per step of time, by category; or the mean of a numeric field of one category. */
export interface SeriesQuery {
  readonly from: number;
  readonly to: number;
  /** ms, at least 1000; at most 1000 steps. */
  readonly step: number;
  readonly category?: string;
  /** A numeric field whose mean is wanted instead of the count. */
  readonly field?: string;
  /** Split by this field instead of by category. */
  readonly by?: string;
}

export interface Series {
  /** Start of each step, epoch ms. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

export interface EventWriter {
  /** Inserts what is not there yet; resolves with how many already were. */
  insert(events: readonly Event[]): Promise<number>;
}
