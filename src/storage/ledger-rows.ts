import type { Database, Value } from './database.js';
import { type Counts, countColumns, countNames, noCounts, totalHour } from './ledger-delta.js';
import type { LedgerRow } from './ledger-report.js';

/** Rows of either of the tables that hold counts by sink and hour. */
export function rowsOf(
  database: Database,
  table: 'ledger' | 'queue_ledger_hours',
  where: string,
  ...values: readonly Value[]
): LedgerRow[] {
  return database
    .rows<[string, number, ...number[]]>(
      `SELECT sink, hour, ${countColumns} FROM ${table} WHERE ${where} ORDER BY hour, sink`,
      ...values,
    )
    .map(([sink, at, ...counts]) => ({ sink, hour: at === totalHour ? null : at, ...countsIn(counts) }));
}

function countsIn(values: readonly number[]): Counts {
  const counts = noCounts();
  for (const [index, name] of countNames.entries()) counts[name] = values[index] ?? 0;
  return counts;
}
