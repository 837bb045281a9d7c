import { type CountName, countNames } from './ledger-delta.js';

/**
 * The counters of one sink, in events. Every accepted event is in exactly one of the others, with what waits and what
 * is missing: `accepted = delivered + duplicates + filtered + too_old + erased + dead + pending + missing`.
 */
export interface LedgerRow {
  readonly sink: string;
  /** Start of the hour, epoch ms; null in the totals since the beginning. */
  readonly hour: number | null;
  /** Made durable for this sink. */
  readonly accepted: number;
  /** The destination has them now and did not have them before. */
  readonly delivered: number;
  /** The destination had them already. */
  readonly duplicates: number;
  /** Left out by the sink's category filter. */
  readonly filtered: number;
  /** Left out because the destination takes none of their age. */
  readonly too_old: number;
  /** Left out because the person they are about was erased meanwhile. */
  readonly erased: number;
  /** Became dead letters, whatever happened to those since: one that is re-driven is accepted once more. */
  readonly dead: number;
}

/** A sink's totals beside what waits for it. */
export interface LedgerTotal extends LedgerRow {
  /** Waiting and not settled, counted where the messages are. */
  readonly pending: number;
  /** Confirmed by RabbitMQ, and never came out of the queue; 0 on the embedded broker. */
  readonly missing: number;
  /** Those of them that a person knows about; the broker itself knows of none. */
  readonly acknowledged: number;
  /**
   * Accepted minus everything else: 0 when the ledger balances. Null when it is not known, for the reason in `inexact`.
   */
  readonly difference: number | null;
  /** Why this sink's counts cannot prove anything now, in a sentence; null when they can. */
  readonly inexact: string | null;
}

/** As `/v1/ledger` answers. */
export interface LedgerReport {
  /** Every sink's counts are complete. Not so where another daemon takes from the same queue. */
  readonly exact: boolean;
  /** Nothing is missing but what is acknowledged, and no difference is known that is not 0. */
  readonly balanced: boolean;
  /** By name. */
  readonly sinks: readonly LedgerTotal[];
  /** The last 48 hours in which something happened, oldest first, by sink. */
  readonly hours: readonly LedgerRow[];
}

const outcomes = countNames.filter((name): name is Exclude<CountName, 'accepted'> => name !== 'accepted');

/** The difference is what the counts say, never set. */
export function ledgerTotal(
  row: LedgerRow,
  { pending, missing, inexact }: Pick<LedgerTotal, 'pending' | 'missing' | 'inexact'>,
): LedgerTotal {
  const settled = outcomes.reduce((sum, name) => sum + row[name], 0);
  const difference = inexact === null ? row.accepted - settled - pending - missing : null;
  return { ...row, pending, missing, acknowledged: 0, difference, inexact };
}

export function ledgerReportOf(sinks: readonly LedgerTotal[], hours: readonly LedgerRow[]): LedgerReport {
  return {
    exact: sinks.every(({ inexact }) => inexact === null),
    balanced: sinks.every(isBalanced),
    sinks,
    hours,
  };
}

export function isBalanced(row: Pick<LedgerTotal, 'missing' | 'acknowledged' | 'difference'>): boolean {
  const { missing, acknowledged, difference } = row;
  return missing === acknowledged && (difference === 0 || difference === null);
}
