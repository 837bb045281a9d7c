import type { OutageCost } from '../availability/cost.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import type { Result } from './result.js';
import type { Target } from './target.js';

interface Time {
  /** Epoch ms. */
  readonly from: number;
  readonly until: number;
}

export interface CostTools {
  /** What came in during an outage of the target; undefined where that is not known. */
  readonly costOf: (outage: Time) => Promise<OutageCost | undefined>;
}

/**
 * With what came in during the outage that a run may end. Never rejects: people are notified that a service is back,
 * whatever is known of its outage.
 * @param outage the one that would be over now; undefined = there is none
 */
export async function withCost(
  result: Result,
  outage: Time | undefined,
  { costOf, target, log }: CostTools & { readonly target: Pick<Target, 'name'>; readonly log: Pick<Log, 'warn'> },
): Promise<{ readonly result: Result; readonly cost: OutageCost | undefined }> {
  const { finding } = result;
  if (outage === undefined || finding === 'down' || finding === 'unknown') return { result, cost: undefined };
  try {
    return { result, cost: await costOf(outage) };
  } catch (error) {
    log.warn({ target: target.name, reason: describe(error) }, 'cost.unread');
    return { result, cost: undefined };
  }
}
