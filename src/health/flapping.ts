import { z } from 'zod';
import type { Finding } from './result.js';

/** The latest runs of a target, and whether they go to and fro. */
export const flappingShape = z.object({
  /** A letter a run, oldest first: `u` for up, `n` for any other finding. */
  recent: z.string(),
  /** Since when they go to and fro, epoch ms; null: they do not. */
  since: z.number().nullable(),
});

export type Flapping = z.output<typeof flappingShape>;

export const notFlapping: Flapping = { recent: '', since: null };

const runsLookedAt = 20;
/** Changes from one run to the next among those, from which on a target flaps. One failure makes two. */
const changesWanted = 8;
/** Runs in a row that agree, after which it flaps no more. */
const agreeingWanted = 5;

/**
 * With one run more. A target that flaps is neither up nor down: it works for some visitors, and not for others. It
 * flaps until `agreeingWanted` runs in a row, or as many as its threshold asks for, agree.
 */
export function flappingAfter(before: Flapping, finding: Finding, at: number, threshold: number): Flapping {
  const recent = `${before.recent}${finding === 'up' ? 'u' : 'n'}`.slice(-runsLookedAt);
  if (before.since === null) return { recent, since: changesIn(recent) >= changesWanted ? at : null };
  return agreeing(recent) >= Math.max(agreeingWanted, threshold) ? notFlapping : { recent, since: before.since };
}

export function flappingInWords({ recent }: Flapping, lastReason: string | undefined): string {
  const changes = `flapping: changed ${changesIn(recent)} times in the last ${recent.length} checks`;
  return lastReason === undefined ? changes : `${changes}; the last failed: ${lastReason}`;
}

function changesIn(recent: string): number {
  return [...recent].filter((one, index) => index > 0 && one !== recent[index - 1]).length;
}

function agreeing(recent: string): number {
  const last = recent.at(-1) ?? '';
  return recent.length - (recent.lastIndexOf(last === 'u' ? 'n' : 'u') + 1);
}
