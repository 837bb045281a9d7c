import { z } from 'zod';
import type { Message } from '../events/message.js';

/**
 * What is known of a target, kept as a checkpoint so that a restart goes on where the daemon stopped.
 *
 * - `observed`: what the last runs agree on, once as many did as the threshold asks.
 * - `told`: the last `service_status`; differs from `observed` in maintenance.
 */
const windowShape = z.object({
  from: z.number(),
  /** null: nobody has said yet. */
  until: z.number().nullable(),
});

const outageShape = z.object({
  /** Id of the event that told of it; null when none did, because of maintenance. */
  id: z.string().nullable(),
  from: z.number(),
  /** null: it goes on. */
  until: z.number().nullable(),
  /** Of it, ms in which the daemon itself was not running. */
  unknownMs: z.number(),
  /** An event told that it is over. */
  over: z.boolean(),
  /** An event told that it was maintenance. */
  corrected: z.boolean(),
});

const shape = z.object({
  version: z.literal(1),
  observed: z.enum(['unknown', 'up', 'degraded', 'down']),
  observedSince: z.number(),
  told: z.enum(['unknown', 'up', 'degraded', 'down', 'maintenance']),
  /** Equal results in a row that differ from `observed`. */
  streak: z.object({ finding: z.enum(['up', 'degraded', 'down']), count: z.number(), since: z.number() }).nullable(),
  /** End of the last run, epoch ms. */
  lastRun: z.number().nullable(),
  /** The latest ones, oldest first; the last may go on. */
  outages: z.array(outageShape),
  /** Maintenance that was declared by an event. */
  declared: z.array(windowShape),
  hours: z.array(z.object({ hour: z.number(), checks: z.number(), good: z.number() })).readonly(),
  /** Events that may not have been published yet. */
  pending: z.array(z.object({ id: z.string(), body: z.string(), received: z.number() })),
});

export type SavedState = z.output<typeof shape>;
export type Outage = z.output<typeof outageShape>;
export type PendingEvent = SavedState['pending'][number];

export const blankState: SavedState = {
  version: 1,
  observed: 'unknown',
  observedSince: 0,
  told: 'unknown',
  streak: null,
  lastRun: null,
  outages: [],
  declared: [],
  hours: [],
  pending: [],
};

/** Undefined when it is none, or of another version. */
export function readState(value: unknown): SavedState | undefined {
  const parsed = shape.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

export function messageOf({ id, body, received }: PendingEvent): Message {
  return { id, body, received, source: 'health' };
}
