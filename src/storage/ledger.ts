import type { Database } from './database.js';
import { lostOf } from './high-water.js';
import { hourMs, noCounts, totalHour } from './ledger-delta.js';
import { type LedgerReport, ledgerReportOf, ledgerTotal } from './ledger-report.js';
import { rowsOf } from './ledger-rows.js';
import type { Transaction } from './transaction.js';

/** The ledger shows as many hours. */
export const keptHours = 48;

function trimLedger({ database }: Transaction, { now }: { readonly now: number }): void {
  const before = now - (keptHours + 1) * hourMs;
  database.run('DELETE FROM ledger WHERE hour > ? AND hour < ?', totalHour, before);
  database.run('DELETE FROM queue_ledger_hours WHERE hour < ?', before);
}

/** Pending is counted here from the messages themselves, so that the identity proves something. */
function ledgerReport(database: Database, { now }: { now: number }): LedgerReport {
  const pending = countPending(database);
  const totals = new Map(rowsOf(database, 'ledger', 'hour = ?', totalHour).map(row => [row.sink, row]));
  const sinks = new Set([...totals.keys(), ...pending.keys()]);
  const lines = [...sinks].sort().map(sink => {
    const row = totals.get(sink) ?? { sink, hour: null, ...noCounts() };
    return ledgerTotal(row, { pending: pending.get(sink) ?? 0, missing: lostOf(database, sink), inexact: null });
  });
  return ledgerReportOf(lines, rowsOf(database, 'ledger', 'hour > ?', Math.max(totalHour, now - keptHours * hourMs)));
}

/** Per sink, in one pass over the messages for all queues. */
function countPending(database: Database): Map<string, number> {
  const queues = database.rows<[number, string, number]>('SELECT number, sink, cursor FROM queues');
  const pending = new Map<string, number>();
  if (queues.length === 0) return pending;
  const sums = queues.map(([number, , cursor]) => `sum(seq > ${cursor} AND (target IS NULL OR target = ${number}))`);
  const from = Math.min(...queues.map(([, , cursor]) => cursor));
  const waiting = database.row<number[]>(`SELECT ${sums.join(', ')} FROM messages WHERE seq > ?`, from) ?? [];
  for (const [index, [number, sink]] of queues.entries()) {
    const settled = database.value<number>('SELECT count(*) FROM settled WHERE queue = ?', number) ?? 0;
    pending.set(sink, (pending.get(sink) ?? 0) + (waiting[index] ?? 0) - settled);
  }
  return pending;
}

export const ledgerWrites = { trimLedger };
export const ledgerReads = { ledgerReport };
