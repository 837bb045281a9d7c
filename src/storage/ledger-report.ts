/** The counters of one sink, in events: `accepted = delivered + duplicates + filtered + dead + pending` when `exact`. */
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
  /** Became dead letters, whatever happened to those since: one that is re-driven is accepted once more. */
  readonly dead: number;
}

/** A sink's totals beside what waits for it. */
export interface LedgerTotal extends LedgerRow {
  /** Waiting and not settled, counted from the messages themselves. */
  readonly pending: number;
  /** Accepted minus everything else: 0 when the ledger balances. */
  readonly difference: number;
}

/** As `/v1/ledger` answers. */
export interface LedgerReport {
  /** True on the embedded broker; with RabbitMQ the counters are this daemon's own, and others may use its queues. */
  readonly exact: boolean;
  /** Every difference is 0. */
  readonly balanced: boolean;
  /** By name. */
  readonly sinks: readonly LedgerTotal[];
  /** The last 48 hours in which something happened, oldest first, by sink. */
  readonly hours: readonly LedgerRow[];
}
