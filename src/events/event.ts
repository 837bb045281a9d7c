import type { Source } from './message.js';

export type Fields = Readonly<Record<string, unknown>>;

/** Fields of one event: every destination looks at each of them, while nothing else happens. */
export const maxFields = 10_000;

/** One event, decoded once from its message and handed to a sink. */
export interface Event {
  /** 1 to 128 printable ASCII characters. The same in every sink and after every redelivery. */
  readonly id: string;
  /** Epoch ms, normalised from whatever form was received. */
  readonly created: number;
  /** `unknown` when a foreign body names none. */
  readonly category: string;
  readonly type: string | undefined;
  /** The body, parsed: `category`, `type` and `created` (in its original form) are in it. */
  readonly fields: Fields;
  /** The body as text, as it was received, when it is a JSON object. */
  readonly body?: string;
  /**
   * Set when a number in the body is more than a double can hold: the fields once more, with
   * an `ExactNumber` in each such place.
   */
  readonly exact?: Fields;
  /**
   * Set when the body is not a JSON object: the body as text; `fields` is empty then. Only sinks
   * with `acceptsText` see such events.
   */
  readonly text?: string;
  readonly source: Source;
  /** When this daemon (or another of ours) first had it, epoch ms. */
  readonly received: number;
}
