import type { ItemProblem } from '../events/accept.js';
import type { Fields } from '../events/event.js';
import type { Source } from '../events/message.js';
import type { PersonalLevel } from '../people/personal-data.js';
import type { Note } from '../sinks/rendering.js';

/**
 * What becomes of an event at a sink, in the words of the ledger where it has one.
 *
 * - delivered: `output` arrives
 * - filtered, too_old: it is left out, and counted as such
 * - refused: it becomes a dead letter
 * - ignored: the sink takes it, and nothing of it arrives
 * - held: the sink cannot start, and the event waits
 * - not_addressed: it is for other sinks alone
 */
export const outcomes = ['delivered', 'filtered', 'too_old', 'refused', 'ignored', 'held', 'not_addressed'] as const;
export type Outcome = (typeof outcomes)[number];

export interface Explanation {
  /** Null: it is refused on arrival, or nothing becomes of it. */
  readonly event: ExplainedEvent | null;
  /** Why it is refused on arrival; empty = it is not. */
  readonly refused: readonly ItemProblem[];
  /** By name. */
  readonly sinks: Readonly<Record<string, SinkExplanation>>;
}

/** As the daemon takes it in. */
export interface ExplainedEvent {
  readonly id: string;
  /** Epoch ms. */
  readonly created: number;
  readonly category: string;
  readonly type: string | null;
  readonly source: Source;
  /** The only sinks that it is for; null = all. */
  readonly sinks: readonly string[] | null;
  readonly fields: Fields;
  /** A body that is not an event, as text. */
  readonly text?: string;
}

export interface SinkExplanation {
  readonly outcome: Outcome;
  /** Why it is not delivered. */
  readonly reason?: string;
  /** What the sink's personal data setting changes; absent where it changes nothing. */
  readonly personal?: PersonalChanges;
  /** Fields that are known beside the event and were added to it. */
  readonly context?: readonly string[];
  /** What arrives. */
  readonly output?: Readonly<Record<string, unknown>>;
  /** What the destination does not take as it came, and what is decided only when it is there. */
  readonly notes: readonly Note[];
}

/** Names of fields. */
export interface PersonalChanges {
  readonly level: PersonalLevel;
  readonly left_out: readonly string[];
  readonly replaced: readonly string[];
  readonly added: readonly string[];
}
