import { z } from 'zod';
import type { Message } from '../events/message.js';
import { flappingShape } from './flapping.js';
import { noStreaks, type Streaks, streaksOf, streaksShape } from './streaks.js';

/**
 * What is known of a target, kept as a checkpoint so that a restart goes on where the daemon stopped.
 *
 * - `observed`: what the last runs agree on, once there were as many as the threshold asks for.
 * - `announced`: the last `service_status`; differs from `observed` in maintenance. Checkpoints call it `told`, as
 *   those of the first version do.
 */
const windowShape = z.object({
  /** Id of the event that declared it; the first version kept none. */
  id: z.string().optional(),
  from: z.number(),
  /** null: open. No later than `from`: called off, or declared anew. */
  until: z.number().nullable(),
});

const outageShape = z.object({
  /** Id of the event that announced it; null when none did, because of maintenance. */
  id: z.string().nullable(),
  from: z.number(),
  /** null: it goes on. */
  until: z.number().nullable(),
  /** The part of it in which the daemon itself was not running, ms. */
  unknownMs: z.number(),
  /** An event announced its end. */
  over: z.boolean(),
  /** An event said that it was maintenance. */
  corrected: z.boolean(),
});

/** Runs in a row that said nothing about the target. */
const unknownShape = z.object({
  /** First of them, epoch ms. */
  since: z.number(),
  /** 0 once another run did. */
  runs: z.number(),
  /** An event said so; they are kept until another state is announced. */
  announced: z.boolean(),
  /** The service that is down or being worked on, and because of which nothing is known. */
  causedBy: z.string().nullable(),
  /** That one was being worked on when it was announced, or has been since: no news to people. */
  excused: z.boolean().optional(),
});

const stored = z.object({
  version: z.literal(1),
  observed: z.enum(['unknown', 'up', 'degraded', 'down']),
  observedSince: z.number(),
  told: z.enum(['unknown', 'up', 'degraded', 'down', 'maintenance']),
  /** Results in a row; none after a time without checks. */
  streaks: streaksShape.optional(),
  /** What the first version had in place of `streaks`: equal results in a row that differ from `observed`. */
  streak: z.object({ finding: z.enum(['up', 'degraded', 'down']), count: z.number(), since: z.number() }).nullish(),
  /** Whether the latest runs go to and fro. */
  flapping: flappingShape.optional(),
  unknown: unknownShape.nullish(),
  /** End of the last run that said something about the target, epoch ms. */
  lastRun: z.number().nullable(),
  /** The latest ones, oldest first; the last may go on. */
  outages: z.array(outageShape),
  /** Maintenance that events declared. */
  declared: z.array(windowShape),
  hours: z.array(z.object({ hour: z.number(), checks: z.number(), good: z.number() })).readonly(),
  /** Events that may not have been published yet. */
  pending: z.array(z.object({ id: z.string(), body: z.string(), received: z.number() })),
});

type Stored = z.output<typeof stored>;

export interface SavedState extends Omit<Stored, 'told' | 'streak' | 'streaks'> {
  readonly announced: Stored['told'];
  readonly streaks: Streaks;
}

export type Outage = z.output<typeof outageShape>;
export type PendingEvent = SavedState['pending'][number];

export const blankState: SavedState = {
  version: 1,
  observed: 'unknown',
  observedSince: 0,
  announced: 'unknown',
  streaks: noStreaks,
  lastRun: null,
  outages: [],
  declared: [],
  hours: [],
  pending: [],
};

/** From a checkpoint; undefined when there is none, or one of another version. */
export function readState(value: unknown): SavedState | undefined {
  const parsed = stored.safeParse(value);
  if (!parsed.success) return undefined;
  const { told: announced, streak, streaks, ...state } = parsed.data;
  const earlier = streak ? streaksOf(streak.finding, streak.count, streak.since) : noStreaks;
  return { ...state, announced, streaks: streaks ?? earlier };
}

/** For a checkpoint. */
export function storedState({ announced: told, ...state }: SavedState): Stored {
  return { ...state, told };
}

export function messageOf({ id, body, received }: PendingEvent): Message {
  return { id, body, received, source: 'health' };
}
