import type { Database } from './database.js';
import { type Counts, countColumns, countNames, noCounts } from './ledger-delta.js';
import type { LedgerRow } from './ledger-report.js';
import { rowsOf } from './ledger-rows.js';
import type { Transaction } from './transaction.js';

/**
 * What the ledger of RabbitMQ's queues keeps on this disk. It is kept as it is in memory, whole: a save that is
 * repeated, or that follows one which failed, never counts anything twice.
 */
export interface QueueLedgerSave {
  readonly sink: string;
  /** JSON, the ledger's own. */
  readonly state: string;
  /** Start of the hour that `counts` are of, epoch ms. */
  readonly hour: number;
  readonly counts: Counts;
  /** Ids of settled messages that are not the daemon's own. */
  readonly foreign?: {
    /** A JSON list, as it is kept: one text goes to the writer's thread at a tenth of the cost of thousands. */
    readonly ids: string;
    /** How many were settled in all, with these. */
    readonly upTo: number;
    /** Those that were settled before this many are forgotten. */
    readonly keepAfter: number;
  };
}

export interface QueueLedgerOpening {
  /** The id of this daemon, if it has none yet. */
  readonly freshDaemonId: string;
  /** Those that are configured. The queues of others go on elsewhere, or are gone, without anybody watching. */
  readonly sinks: readonly string[];
  readonly hour: number;
}

export interface OpenedQueueLedgers {
  readonly daemon: string;
  readonly ledgers: readonly {
    readonly sink: string;
    readonly state: string;
    readonly counts: Counts;
    readonly foreign: { readonly ids: readonly string[]; readonly upTo: number };
  }[];
  /** The numbers of each target that may have been given out: all below. */
  readonly reserved: readonly (readonly [target: string, below: number])[];
  /** Numbers of messages in the outbox, by its own targets. */
  readonly outbox: readonly (readonly [target: string | null, from: number, to: number])[];
}

const daemonKey = 'daemon-id';

function openQueueLedgers(
  { database }: Transaction,
  { freshDaemonId, sinks, hour }: QueueLedgerOpening,
): OpenedQueueLedgers {
  database.run(
    "UPDATE queue_ledgers SET state = json_set(state, '$.shared', json('true')) WHERE sink NOT IN (SELECT value FROM json_each(?))",
    JSON.stringify(sinks),
  );
  database.run(
    'INSERT INTO checkpoints VALUES (?, ?) ON CONFLICT DO NOTHING',
    daemonKey,
    JSON.stringify(freshDaemonId),
  );
  const daemon = database.value<string>('SELECT value FROM checkpoints WHERE key = ?', daemonKey)!;
  const ledgers = database.rows<[string, string]>('SELECT sink, state FROM queue_ledgers ORDER BY sink');
  return {
    daemon: JSON.parse(daemon),
    ledgers: ledgers.map(([sink, state]) => ({
      sink,
      state,
      counts: countsOf(database, sink, hour),
      foreign: foreignOf(database, sink),
    })),
    reserved: database.rows<[string, number]>('SELECT target, below FROM message_numbers'),
    outbox: database.rows<[string | null, number, number]>(
      `SELECT target, min(number), max(number) FROM
         (SELECT target, number, number - row_number() OVER (PARTITION BY target ORDER BY number) AS range
          FROM outbox WHERE number IS NOT NULL)
       GROUP BY target, range`,
    ),
  };
}

/** Numbers below are taken for given out, however this process ends. */
function reserveNumbers(
  { database }: Transaction,
  { target, below }: { readonly target: string; readonly below: number },
): void {
  database.run(
    'INSERT INTO message_numbers VALUES (?, ?) ON CONFLICT (target) DO UPDATE SET below = excluded.below',
    target,
    below,
  );
}

function saveQueueLedger({ database }: Transaction, save: QueueLedgerSave): void {
  const { sink, state, hour, counts, foreign } = save;
  database.run(
    'INSERT INTO queue_ledgers VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET state = excluded.state',
    sink,
    state,
  );
  database.run(
    `INSERT OR REPLACE INTO queue_ledger_hours (sink, hour, ${countColumns}) VALUES (?, ?${', ?'.repeat(countNames.length)})`,
    ...[sink, hour, ...countNames.map(name => counts[name])],
  );
  if (foreign === undefined) return;
  database.run('INSERT INTO settled_messages VALUES (?, ?, ?)', sink, foreign.upTo, foreign.ids);
  database.run('DELETE FROM settled_messages WHERE sink = ? AND up_to <= ?', sink, foreign.keepAfter);
}

function countsOf(database: Database, sink: string, hour: number): Counts {
  const counts = noCounts();
  const [row] = rowsOf(database, 'queue_ledger_hours', 'sink = ? AND hour = ?', sink, hour);
  for (const name of countNames) counts[name] = row?.[name] ?? 0;
  return counts;
}

function foreignOf(database: Database, sink: string): { ids: string[]; upTo: number } {
  const rows = database.rows<[number, string]>(
    'SELECT up_to, ids FROM settled_messages WHERE sink = ? ORDER BY up_to',
    sink,
  );
  return { ids: rows.flatMap(([, ids]) => JSON.parse(ids) as string[]), upTo: rows.at(-1)?.[0] ?? 0 };
}

function queueLedgerHours(database: Database, { since }: { readonly since: number }): LedgerRow[] {
  return rowsOf(database, 'queue_ledger_hours', 'hour > ?', since);
}

export const queueLedgerWrites = { openQueueLedgers, reserveNumbers, saveQueueLedger };
export const queueLedgerReads = { queueLedgerHours };
