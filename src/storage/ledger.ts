import type { Database } from './database.js';
import { type Counts, hourMs, totalHour } from './ledger-delta.js';
import type { LedgerReport, LedgerRow } from './ledger-report.js';
import type { Transaction } from './transaction.js';

const keptHours = 48;

/** Counters of a broker that keeps its queues elsewhere. */
function count({ delta }: Transaction, { sink, ...counts }: { readonly sink: string } & Partial<Counts>): void {
  delta.add(sink, counts);
}

function trimLedger({ database }: Transaction, { now }: { readonly now: number }): void {
  database.run('DELETE FROM ledger WHERE hour > ? AND hour < ?', totalHour, now - (keptHours + 1) * hourMs);
}

/** Pending is counted here from the messages themselves, so that the identity proves something. */
function ledgerReport(database: Database, { now }: { now: number }): LedgerReport {
  const pending = countPending(database);
  const totals = new Map(rows(database, 'hour = ?', totalHour).map(row => [row.sink, row]));
  const sinks = new Set([...totals.keys(), ...pending.keys()]);
  const lines = [...sinks].sort().map(sink => {
    const row = totals.get(sink) ?? {
      sink,
      hour: null,
      accepted: 0,
      delivered: 0,
      duplicates: 0,
      filtered: 0,
      dead: 0,
    };
    const waiting = pending.get(sink) ?? 0;
    const difference = row.accepted - row.delivered - row.duplicates - row.filtered - row.dead - waiting;
    return { ...row, pending: waiting, difference };
  });
  return {
    exact: true,
    balanced: lines.every(line => line.difference === 0),
    sinks: lines,
    hours: rows(database, 'hour > ?', Math.max(totalHour, now - keptHours * hourMs)),
  };
}

function rows(database: Database, where: string, hour: number): LedgerRow[] {
  return database
    .rows<[string, number, number, number, number, number, number]>(
      `SELECT sink, hour, accepted, delivered, duplicates, filtered, dead FROM ledger WHERE ${where} ORDER BY hour, sink`,
      hour,
    )
    .map(([sink, at, accepted, delivered, duplicates, filtered, dead]) => ({
      sink,
      hour: at === totalHour ? null : at,
      accepted,
      delivered,
      duplicates,
      filtered,
      dead,
    }));
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

export const ledgerWrites = { count, trimLedger };
export const ledgerReads = { ledgerReport };
