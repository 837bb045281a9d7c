/** Per sink since the beginning: `accepted = delivered + duplicates + filtered + dead + pending` when `exact`. */
export interface LedgerRow {
  readonly sink: string;
  /** Start of the hour, epoch ms; null in the totals. */
  readonly hour: number | null;
  readonly accepted: number;
  readonly delivered: number;
  readonly duplicates: number;
  readonly filtered: number;
  readonly dead: number;
}

export interface LedgerReport {
  /** The identity is exact on the embedded broker; with RabbitMQ the counters are this daemon's own. */
  readonly exact: boolean;
  readonly balanced: boolean;
  readonly sinks: readonly (LedgerRow & { readonly pending: number; readonly difference: number })[];
  /** The last 48 hours. */
  readonly hours: readonly LedgerRow[];
}
