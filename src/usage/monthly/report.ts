import { firstDayOf, lastDayOf, monthAfter, monthBefore, startOfDay, written } from '../../calendar.js';
import type { Clock } from '../../clock.js';
import type { UsageCounts, UsageKind, UsageQuery, UsageRow } from '../../storage/usage-report.js';
import { type Figures, few, figuresOf, isFew, noCounts } from '../figures.js';
import type { ItemFacts } from '../item.js';
import { comparisonNote, notesOf } from '../notes.js';
import { missingFrom } from '../report/missing.js';
import type { Usage } from '../usage.js';

/** What the report is made from: the same answers that `/v1/usage` gives. */
export type ReportedMonths = Pick<Usage, 'config' | 'query' | 'leftOut' | 'months' | 'waiting' | 'completeness'>;

/** People and machines are never added up. */
interface Sums {
  readonly regular: Figures;
  readonly machine: Figures;
  /** How many different users there were, at least. Who they are is nowhere. */
  readonly users: { readonly regular: number; readonly machine: number };
}

export interface MonthSums extends Sums {
  /** `2026-03`. */
  readonly month: string;
}

export interface ReportLine extends Sums {
  /** Null: not known. */
  readonly id: string | null;
  readonly title: string | null;
}

export interface DatasetLine extends ReportLine {
  readonly doi: string | null;
  /** A file that belongs to no known dataset stands for itself. */
  readonly kind: 'dataset' | 'file' | null;
}

/** A space, or the person to whom datasets belong. */
export interface GroupLine extends ReportLine {
  /** How many of its datasets were used. */
  readonly datasets: number;
}

export interface CountryLine {
  /** `de`. */
  readonly id: string;
  readonly regular: Figures | typeof few;
  readonly machine: Figures | typeof few;
}

/** What an installation was used for in a month, for those who pay for it. */
export interface MonthlyReport {
  readonly month: string;
  /** When it was made, epoch ms. */
  readonly created: number;
  /** When the month was closed, epoch ms; null while it takes in late events. */
  readonly closed: number | null;
  readonly platform: string | null;
  readonly publisher: string | null;
  readonly publisher_id: string | null;
  /** What it was counted from, `nginx`; several apart by commas. */
  readonly source: string;
  readonly complete: boolean;
  /** Why it is not complete, a sentence each. */
  readonly missing: readonly string[];
  /** What else must be known of the figures, a sentence each. */
  readonly notes: readonly string[];
  readonly total: Sums;
  /** Null where nothing is known of it. */
  readonly month_before: MonthSums | null;
  /** The same month of the year before. */
  readonly year_before: MonthSums | null;
  /** The last thirteen months, as far as they are known. */
  readonly months: readonly MonthSums[];
  readonly spaces: readonly GroupLine[];
  readonly datasets: readonly DatasetLine[];
  readonly owners: readonly GroupLine[];
  readonly countries: readonly CountryLine[];
  /** How many accesses did not count, by reason. */
  readonly left_out: Readonly<Record<string, number>>;
}

const pageRows = 5_000;
/** More lines of one kind than this are not listed; they are in the totals. */
const maxRows = 50_000;

/** Undefined when the month lies outside of what was counted. */
export async function monthlyReport(
  usage: ReportedMonths,
  month: number,
  clock: Pick<Clock, 'now'>,
): Promise<MonthlyReport | undefined> {
  const yearBefore = month - 100;
  const range = { from: month * 100, to: month * 100 + 99 };
  // First, so that what has changed is counted: what months are counted from is known then.
  const byMonth = await allRows(usage, { by: 'month', from: yearBefore * 100, to: range.to });
  const known = await usage.months();
  const [first] = known;
  const created = clock.now();
  if (first === undefined || month < first.month || startOfDay(firstDayOf(month)) > created) return undefined;
  const { config } = usage;
  const rows = (by: UsageKind): Promise<UsageRow[]> => allRows(usage, { by, ...range });
  const sumsOfMonth = (one: number): MonthSums => ({
    month: written(one),
    ...sumsOf(byMonth.find(({ key }) => key === one)),
  });
  const monthIfKnown = (one: number): MonthSums | null =>
    one >= first.month && (one === month || known.some(other => other.month === one)) ? sumsOfMonth(one) : null;
  const datasets = (await rows('dataset')).map(row => ({ row, facts: factsOf(row) }));
  const [spaces, owners, countries] = [await rows('space'), await rows('user'), await rows('country')];
  const inSpaces = new Map<string | null, number>();
  for (const { facts } of datasets)
    for (const space of facts.spaces ?? [null]) inSpaces.set(space, (inSpaces.get(space) ?? 0) + 1);
  const leftOut = await usage.leftOut(range);
  const { closed = null, sources = [] } = known.find(one => one.month === month) ?? {};
  const counted = sources.length === 0 ? [config.source ?? 'clowder'] : sources;
  const others = known.filter(one => one.month === monthBefore(month) || one.month === yearBefore);
  const compared = others
    .filter(one => one.sources.length > 0 && one.sources.join() !== counted.join())
    .map(one => comparisonNote(written(one.month), one.sources));
  const { regular, machine, users } = sumsOfMonth(month);
  const missing = await missingFrom(usage, { begin: firstDayOf(month), end: lastDayOf(month) }, created);
  return {
    month: written(month),
    created,
    closed,
    platform: config.platform ?? null,
    publisher: config.publisher ?? null,
    publisher_id: config.publisherId ?? null,
    source: counted.join(', '),
    complete: missing.length === 0,
    missing,
    notes: [...notesOf(counted), ...compared],
    total: { regular, machine, users },
    month_before: monthIfKnown(monthBefore(month)),
    year_before: monthIfKnown(yearBefore),
    months: monthsFrom(yearBefore, month).flatMap(one => monthIfKnown(one) ?? []),
    spaces: spaces.map(row => ({
      ...lineOf(row, factsOf(row).title),
      datasets: inSpaces.get(row.key === null ? null : String(row.key)) ?? 0,
    })),
    datasets: datasets.map(({ row, facts }) => ({
      ...lineOf(row, facts.title),
      doi: facts.doi ?? null,
      kind: row.key === null ? null : facts.type === 'file' ? ('file' as const) : ('dataset' as const),
    })),
    owners: ownersOf(owners, datasets),
    countries: countries.map(({ key, ...row }) => ({
      id: String(key),
      regular: unlessFew(row.regular),
      machine: unlessFew(row.machine),
    })),
    left_out: Object.fromEntries(leftOut.map(({ reason, count }) => [reason, count])),
  };
}

function monthsFrom(first: number, last: number): number[] {
  const months: number[] = [];
  for (let month = first; month <= last; month = monthAfter(month)) months.push(month);
  return months;
}

async function allRows(usage: ReportedMonths, query: Omit<UsageQuery, 'limit' | 'offset'>): Promise<UsageRow[]> {
  const all: UsageRow[] = [];
  for (let offset = 0; offset < maxRows; offset += pageRows) {
    const page = await usage.query({ ...query, limit: pageRows, offset });
    all.push(...page);
    if (page.length < pageRows) break;
  }
  return all;
}

function ownersOf(rows: readonly UsageRow[], datasets: readonly { readonly facts: ItemFacts }[]): readonly GroupLine[] {
  const named = new Map<string, string>();
  const counts = new Map<string | undefined, number>();
  for (const { facts } of datasets) {
    counts.set(facts.owner, (counts.get(facts.owner) ?? 0) + 1);
    if (facts.owner !== undefined && facts.ownerName !== undefined) named.set(facts.owner, facts.ownerName);
  }
  return rows.map(row => {
    const id = row.key === null ? undefined : String(row.key);
    return { ...lineOf(row, id === undefined ? undefined : named.get(id)), datasets: counts.get(id) ?? 0 };
  });
}

function factsOf({ facts }: UsageRow): ItemFacts {
  return facts === null ? {} : (JSON.parse(facts) as ItemFacts);
}

function lineOf(row: UsageRow, title: string | undefined): ReportLine {
  return { id: row.key === null ? null : String(row.key), title: title ?? null, ...sumsOf(row) };
}

function sumsOf(row: Pick<UsageRow, 'regular' | 'machine'> | undefined): Sums {
  const { regular = noCounts, machine = noCounts } = row ?? {};
  return {
    regular: figuresOf(regular),
    machine: figuresOf(machine),
    users: { regular: regular.users, machine: machine.users },
  };
}

function unlessFew(counts: UsageCounts): Figures | typeof few {
  return isFew(counts) ? few : figuresOf(counts);
}
