import type { Database } from './database.js';
import type { Transaction } from './transaction.js';

/**
 * Something that was in the database and is gone: kept in the database itself, so that it is not forgotten with the
 * log.
 */
export interface Loss {
  /** When it was found, epoch ms. */
  readonly at: number;
  /** `log`: the write-ahead log was cut or removed. `damage`: pages of the file could not be read. */
  readonly cause: 'log' | 'damage';
  /** Rows by table: a lower bound. */
  readonly rows: Readonly<Record<string, number>>;
  /** What says more, in DATA_DIR. */
  readonly report?: string;
}

/** A problem in words, as long as it is there. */
export interface StorageProblem {
  readonly key: string;
  readonly what: string;
  readonly since: number | undefined;
  readonly fix: string;
}

const key = 'storage/losses';
const kept = 20;

function readLosses(database: Database): Loss[] {
  const stored = database.value<string>('SELECT value FROM checkpoints WHERE key = ?', key);
  return stored === undefined ? [] : JSON.parse(stored);
}

export function keepLoss(database: Database, loss: Loss): void {
  const losses = [...readLosses(database), loss].slice(-kept);
  database.run('INSERT OR REPLACE INTO checkpoints (key, value) VALUES (?, ?)', key, JSON.stringify(losses));
}

/** For the status: as long as this, ms. The ledger and the metric keep it for ever. */
const shownMs = 30 * 86_400_000;

export function lossProblems(losses: readonly Loss[], now: number): StorageProblem[] {
  return losses
    .filter(({ at }) => now - at < shownMs)
    .map(({ at, cause, rows, report }) => ({
      key: `storage loss ${at}`,
      what: `${causes[cause]}: ${inWords(rows)}.`,
      since: at,
      fix: `${report === undefined ? '' : `${report} in DATA_DIR names what was lost. `}What RabbitMQ or a sink has is still there, and logs can be read again. Find out what happened to the disk. Shown for 30 days; see docs/runbook.md.`,
    }));
}

const causes: Readonly<Record<Loss['cause'], string>> = {
  log: 'The end of the database in DATA_DIR was cut off or removed while the daemon was down. Lost, at least',
  damage: 'The database in DATA_DIR was damaged, and what could be read was moved to a fresh file. Lost',
};

function inWords(rows: Loss['rows']): string {
  const lost = Object.entries(rows).map(
    ([table, count]) => `${count.toLocaleString('en-US')} ${names[table] ?? table}`,
  );
  return lost.length === 0 ? 'nothing' : lost.join(', ');
}

const names: Readonly<Record<string, string>> = {
  messages: 'accepted events',
  outbox: 'events in the outbox',
  dead_letters: 'dead letters',
  events: 'events of the local store',
  usage_accesses: 'accesses of months whose usage is still open',
  usage_counts: 'counts of usage',
  usage_announced: 'counts of usage that were announced (and are announced once more)',
  usage_announcements: 'counts of usage that were to be announced',
};

function losses({ database }: Transaction): Loss[] {
  return readLosses(database);
}

export const lossWrites = { losses };
