import type { Counts } from '../../../storage/ledger-delta.js';
import { type LedgerTotal, ledgerTotal } from '../../../storage/ledger-report.js';
import type { Observation, Verdict } from './queue-watch.js';

/** The counts of one queue at one moment, and what RabbitMQ said right after it. */
export interface RowInput {
  readonly sink: string;
  readonly queue: string;
  readonly totals: Counts;
  readonly missing: number;
  /** Outstanding, and in the outbox. */
  readonly inOutbox: number;
  readonly observation: Pick<Observation, 'ready' | 'inHand' | 'expected'>;
  readonly verdict: Verdict;
  /** Somebody else took from the queue, and it has not been drained since. */
  readonly shared: boolean;
  /** The part of the deficit that has stood for some time. */
  readonly standing: number;
}

/**
 * A row of the report, made of counts alone. `pending` is what RabbitMQ says that the queue has, with what is in hand
 * and in the outbox.
 *
 * Messages of others that still wait are in no counter: they are the surplus of the queue over the outstanding numbers
 * of ours, and count as accepted and pending alike, so that they can never make a difference. What the queue has less
 * than our outstanding numbers is on the way to us for a moment, and pending with it; once it has stood for some
 * seconds and is more than can be on the way, it is a difference, until QueueWatch has found out which numbers are
 * lost: then those are `missing`.
 */
export function ledgerRow(input: RowInput): LedgerTotal {
  const { sink, queue, totals, missing, inOutbox, observation, verdict, shared, standing } = input;
  const row = { sink, hour: null, ...totals };
  const { ready = 0, inHand, expected } = observation;
  if (verdict === 'unknown' || verdict === 'unproven') {
    const inexact = `RabbitMQ does not say what waits in ${queue} now.`;
    return ledgerTotal(row, { pending: expected + inOutbox, missing, inexact });
  }
  if (verdict === 'ghost' && !shared) {
    const inexact = `RabbitMQ counts one more consumer of ${queue}: one of this daemon that was lost, until RabbitMQ notices, or something else.`;
    return ledgerTotal(row, { pending: expected + inOutbox, missing, inexact });
  }
  const there = ready + inHand;
  const accepted = row.accepted + Math.max(0, there - expected);
  if (verdict === 'shared' || shared) {
    const inexact = whyShared(queue, verdict !== 'sure');
    return ledgerTotal({ ...row, accepted }, { pending: there + inOutbox, missing, inexact });
  }
  const onTheWay = Math.max(0, expected - there) - standing;
  return ledgerTotal({ ...row, accepted }, { pending: there + inOutbox + onTheWay, missing, inexact: null });
}

function whyShared(queue: string, now: boolean): string {
  return now
    ? `Something else takes events from ${queue} too (another daemon?), so these are the counts of this daemon alone.`
    : `Something else took events from ${queue} (another daemon?): these counts are complete again once the queue has been empty.`;
}
