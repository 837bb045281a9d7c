import { useRef } from 'preact/hooks';
import type { UsageLine, UsageMonth, UsageReport } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import { type Polled, usePolled } from '../elements/polling.js';
import { monthsAfter, monthsFrom } from './calendar.js';
import type { Choice } from './choice.js';

/** The current month goes on. */
const everyMs = 60_000;
/** What is asked for again when something has changed, and otherwise but seldom. */
export const seldomMs = 3_600_000;
/** Lines of one answer, at most. */
const pageLines = 1000;
/** A table that holds more is of no use to anybody; the largest installations known have a fifth of it. */
export const maxLines = 50_000;

/** An answer, and the one before it as long as a new one has not come. */
export interface Kept<T> extends Polled<T> {
  /** The data is what was asked for before. */
  readonly stale: boolean;
}

export function useKept<T>(polled: Polled<T>): Kept<T> {
  const last = useRef<T | undefined>(undefined);
  if (polled.data !== undefined) last.current = polled.data;
  return { ...polled, data: last.current, stale: polled.data === undefined };
}

export interface Months {
  /** What they were asked for. */
  readonly query: { readonly space: string | undefined; readonly dataset: string | undefined };
  /** Every month that is shown, oldest first, also those without a figure. */
  readonly months: readonly string[];
  readonly lines: ReadonlyMap<string, UsageLine>;
  /** Those of which something is known. */
  readonly known: ReadonlyMap<string, UsageMonth>;
  readonly source: UsageReport['source'];
  /** Changes whenever a figure does. */
  readonly version: string;
}

/** The figures by month. All else on the page is asked for again when they change. */
export function useMonths({ span, month, space, dataset }: Choice, thisMonth: string): Kept<Months> {
  const ofSpan = monthsAfter(thisMonth, 1 - span);
  const from = month !== undefined && month < ofSpan ? month : ofSpan;
  const query = { by: 'month', from, to: thisMonth, space, dataset, limit: pageLines };
  return useKept(
    usePolled(`usage ${JSON.stringify(query)}`, everyMs, async () => {
      const report = await ask('v1/usage', { query });
      const first = report.months[0]?.month;
      // Years before the first month are not worth their place.
      const start = span > 24 ? [monthsAfter(thisMonth, -11), first ?? thisMonth].sort()[0] : from;
      return {
        query: { space, dataset },
        months: monthsFrom(start ?? from, thisMonth),
        lines: new Map(report.usage.map(line => [line.id ?? '', line])),
        known: new Map(report.months.map(one => [one.month, one])),
        source: report.source,
        version: JSON.stringify([query, report.usage]),
      };
    }),
  );
}

/** What a table is about. */
export interface LinesQuery {
  readonly by: 'dataset' | 'space' | 'collection' | 'user' | 'country';
  readonly from: string;
  readonly to: string;
  readonly space?: string | undefined;
  readonly dataset?: string | undefined;
}

export interface Lines {
  readonly lines: readonly UsageLine[];
  /** There are no more. */
  readonly complete: boolean;
}

/**
 * The most requested lines, at least as many as are wanted, if there are. With another version they are asked for
 * again; without a query, not at all.
 */
export function useLines(query: LinesQuery | undefined, wanted: number, version: string): Kept<Lines> {
  const question = `usage ${JSON.stringify(query)} ${wanted} ${version}`;
  return useKept(
    usePolled(question, query === undefined ? null : seldomMs, async () => {
      const lines = new Map<string | null, UsageLine>();
      let cursor: string | undefined;
      do {
        const limit = Math.min(pageLines, wanted - lines.size);
        const page = await ask('v1/usage', { query: { ...query, limit, cursor } });
        for (const line of page.usage) lines.set(line.id, line);
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined && lines.size < wanted);
      return { lines: [...lines.values()], complete: cursor === undefined };
    }),
  );
}
