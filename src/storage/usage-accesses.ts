import { dayBefore, firstDayOf, lastDayOf, monthOf } from '../calendar.js';
import type { Database, Value } from './database.js';
import type { Transaction } from './transaction.js';
import { noteHeard, sealedMonths } from './usage-reopening.js';

export const accessColumnNames = [
  ...(['day', 'id', 'time', 'reason', 'source', 'item', 'machine', 'request', 'part', 'user', 'by_address'] as const),
  ...(['session', 'url', 'bytes', 'country', 'stored', 'file', 'login', 'publications', 'duration'] as const),
];
const columns = accessColumnNames.join(', ');
export const accessColumns = accessColumnNames.length;
/** Where a row says why it does not count; null = it does. */
const reasonColumn = 3;
const itemColumns = 3;
/** What is said last, by the time of the access, holds; what was said before fills in what is not said then. */
const factsOverlay = `ON CONFLICT (item) DO UPDATE SET
  facts = CASE WHEN excluded.at >= at THEN json_patch(facts, excluded.facts) ELSE json_patch(excluded.facts, facts) END,
  at = max(at, excluded.at)`;

export interface FoldUsageArguments {
  /**
   * Each access after the other: `day, id, time, reason, source, item, machine, request, part, user, by_address,
   * session, url, bytes, country, stored, file, login, publications, duration`.
   */
  readonly accesses: readonly Value[];
  /** `item, at, facts` of items of which something is known. */
  readonly items: readonly Value[];
  /** What is kept of the same accesses is replaced: the rules have changed. */
  readonly replace?: true;
}

/**
 * Keeps accesses, each once by its id. Those of a closed month are late: counted apart, they change nothing there; and
 * what would not have counted is passed over. Returns how many were known already.
 */
export function foldUsage(
  { database, believed }: Transaction,
  { accesses, items, replace }: FoldUsageArguments,
): number {
  const closed = sealedMonths(database);
  const days = new Set<number>();
  for (let at = 0; at < accesses.length; at += accessColumns) days.add(accesses[at] as number);
  const isLate = (day: number): boolean => closed.has(monthOf(day));
  const late: Value[] = [];
  let open = accesses;
  let passedOver = 0;
  // Mostly none is.
  if ([...days].some(isLate)) {
    const others: Value[] = [];
    for (let at = 0; at < accesses.length; at += accessColumns) {
      const day = accesses[at] as number;
      if (!isLate(day)) others.push(...accesses.slice(at, at + accessColumns));
      else if (accesses[at + reasonColumn] === null) late.push(monthOf(day), accesses[at + 1]!, believed);
      else passedOver += 1;
    }
    open = others;
    for (const day of days) if (isLate(day)) days.delete(day);
  }
  const kept = database.insert(
    `INSERT OR ${replace ? 'REPLACE' : 'IGNORE'} INTO usage_accesses (${columns})`,
    accessColumns,
    open,
  );
  const keptLate = database.insert('INSERT OR IGNORE INTO usage_late (month, id, at)', 3, late);
  if (kept > 0) {
    noteChange(database, [...days]);
    openMonths(database, open, believed);
    noteHeard(database, days, believed);
  }
  if (items.length > 0) database.insert('INSERT INTO usage_items (item, at, facts)', itemColumns, items, factsOverlay);
  return accesses.length / accessColumns - kept - keptLate - passedOver;
}

/** By what counts alone: robots and other sources may be far ahead of the one that is counted. */
function openMonths(database: Database, accesses: readonly Value[], now: number): void {
  const months = new Set<number>();
  for (let at = 0; at < accesses.length; at += accessColumns)
    if (accesses[at + reasonColumn] === null) months.add(monthOf(accesses[at] as number));
  for (const month of months)
    database.run('INSERT OR IGNORE INTO usage_months (month, opened) VALUES (?, ?)', month, now);
}

function noteChange(database: Database, days: readonly number[]): void {
  const changed = 'ON CONFLICT (day) DO UPDATE SET revision = revision + 1';
  for (const day of days) {
    database.run(`INSERT INTO usage_days (day, revision, counted) VALUES (?, 1, 0) ${changed}`, day);
    // Its last clicks depend on the first ones of the day after.
    database.run('UPDATE usage_days SET revision = revision + 1 WHERE day = ?', dayBefore(day));
  }
}

const countStored = 'SELECT count(*) FROM usage_accesses WHERE day BETWEEN ? AND ? AND stored';

/** How many accesses of a month are kept whose events went to the sinks that keep events, too. */
function countUsageAccesses(database: Database, { month }: { readonly month: number }): number {
  return database.value<number>(countStored, firstDayOf(month), lastDayOf(month)) ?? 0;
}

/** Those of these accesses that are kept, by their places among the keys. */
function knownUsageAccesses(
  database: Database,
  { keys }: { readonly keys: readonly (readonly [day: number, id: string])[] },
): number[] {
  const known = `SELECT k.key FROM json_each(?) k JOIN usage_accesses a ON a.day = k.value ->> 0 AND a.id = k.value ->> 1`;
  return database.rows<[number]>(known, JSON.stringify(keys)).map(([place]) => place);
}

export const usageAccessWrites = { foldUsage };
export const usageAccessReads = { countUsageAccesses, knownUsageAccesses };
