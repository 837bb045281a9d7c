/** Requests and what is counted with them. */
export interface Amounts {
  readonly requests: number;
  /** In a window of the log, on average; undefined where windows of several lengths would be compared. */
  readonly visitors: number | undefined;
  readonly downloads: number;
  readonly failedUploads: number;
}

/** Why a week says nothing about what was to be expected. */
export type LeftOutReason = 'down' | 'maintenance' | 'unknown' | 'no_log';

/** The same hours of an earlier week; `from` in epoch ms. */
export type Week =
  | { readonly from: number; readonly amounts: Amounts }
  | { readonly from: number; readonly leftOut: LeftOutReason };

export interface Expected {
  readonly mean: number;
  /** The spread: the least and the most of the weeks. */
  readonly min: number;
  readonly max: number;
}

export interface Figure {
  readonly counted: number;
  /** Undefined: there is not enough history. */
  readonly expected: Expected | undefined;
}

/** What came in while a service was down, beside what would have come in otherwise. */
export interface OutageCost {
  /** The time that was counted, epoch ms: the outage, as far as the logs are read. */
  readonly from: number;
  readonly until: number;
  readonly requests: Figure;
  readonly visitors: Figure | undefined;
  readonly downloads: Figure;
  readonly failedUploads: Figure;
  /** How many weeks it is compared with. */
  readonly weeks: number;
  readonly leftOut: readonly { readonly from: number; readonly reason: LeftOutReason }[];
}

/** Fewer weeks are no expectation. */
export const minWeeks = 2;

export function costOf(span: Pick<OutageCost, 'from' | 'until'>, counted: Amounts, weeks: readonly Week[]): OutageCost {
  const used = weeks.flatMap(week => ('amounts' in week ? [week.amounts] : []));
  const figure = (name: Exclude<keyof Amounts, 'visitors'>): Figure => ({
    counted: counted[name],
    expected: expectedOf(used.map(amounts => amounts[name])),
  });
  return {
    ...span,
    requests: figure('requests'),
    visitors: visitorsOf(counted.visitors, used),
    downloads: figure('downloads'),
    failedUploads: figure('failedUploads'),
    weeks: used.length,
    leftOut: weeks.flatMap(week => ('leftOut' in week ? [{ from: week.from, reason: week.leftOut }] : [])),
  };
}

function visitorsOf(counted: number | undefined, used: readonly Amounts[]): Figure | undefined {
  if (counted === undefined) return undefined;
  const known = used.flatMap(({ visitors }) => visitors ?? []);
  return { counted, expected: known.length < used.length ? undefined : expectedOf(known) };
}

function expectedOf(values: readonly number[]): Expected | undefined {
  if (values.length < minWeeks) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, min: Math.min(...values), max: Math.max(...values) };
}
