import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { damagedKeptMs } from './damaged-files.js';
import { Database } from './database.js';
import { addAccepted, addLost, type HighWater } from './high-water.js';
import { totalHour } from './ledger-delta.js';
import { migrate } from './migrate.js';
import { ownFile, writeOwnFile } from './own-files.js';
import { type Copied, copyByKey, copyByNumber, type DamagedTable, readable } from './salvage-table.js';

export interface Salvage {
  /** Names in DATA_DIR. */
  readonly file: string;
  readonly report: string;
  readonly reason: string;
  /** By table; those of which nothing was lost are not named. */
  readonly lost: Readonly<Record<string, number>>;
}

export interface SalvageOptions {
  readonly file: string;
  readonly reason: string;
  /** Epoch ms. */
  readonly now: number;
  readonly mark: Partial<HighWater>;
}

const companions = ['-wal', '-shm'] as const;

/**
 * Moves what can be read of a damaged database into a fresh file, table by table and page by page, and counts what
 * cannot. The damaged file is only moved aside once the fresh one is complete, so a kill in between begins anew and
 * loses nothing.
 */
export function salvage({ file, reason, now, mark }: SalvageOptions): Salvage {
  const fresh = `${file}.salvage`;
  for (const end of ['', '-journal', ...companions]) rmSync(fresh + end, { force: true });
  const tables = copyAll(file, fresh, mark);
  const lost = Object.fromEntries(
    Object.entries(tables).flatMap(([table, copied]) => (copied.lost > 0 ? [[table, copied.lost] as const] : [])),
  );
  const aside = `${file}.damaged-${new Date(now).toISOString().replaceAll(':', '-')}`;
  const report = `${aside}.json`;
  const text = {
    found: new Date(now).toISOString(),
    reason,
    kept_until: new Date(now + damagedKeptMs).toISOString(),
    tables,
  };
  writeOwnFile(report, `${JSON.stringify(text, null, 2)}\n`);
  flush(fresh);
  for (const end of companions) if (existsSync(file + end)) renameSync(file + end, aside + end);
  renameSync(file, aside);
  renameSync(fresh, file);
  return { file: basename(aside), report: basename(report), reason, lost };
}

/** A kill between the two renames leaves the fresh file, complete, under its first name. */
export function finishSalvage(file: string): void {
  if (!existsSync(file) && existsSync(`${file}.salvage`)) renameSync(`${file}.salvage`, file);
}

function flush(file: string): void {
  const descriptor = openSync(file, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function copyAll(file: string, fresh: string, mark: Partial<HighWater>): Record<string, Copied> {
  ownFile(fresh);
  const made = new Database(fresh);
  made.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF');
  migrate(made);
  const definitions = made.rows<[string, string]>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  made.close();
  const copied = readable(() => copyTables(file, fresh, definitions, mark));
  if (copied?.value !== undefined) return copied.value;
  // Not even the schema can be read: what is known elsewhere says how much there was.
  const known: Readonly<Record<string, number>> = mark;
  return Object.fromEntries(definitions.map(([name]) => [name, { kept: 0, lost: known[name] ?? 0 }]));
}

function copyTables(
  file: string,
  fresh: string,
  definitions: readonly (readonly [name: string, sql: string])[],
  mark: Partial<HighWater>,
): Record<string, Copied> {
  const database = new Database(file);
  try {
    database.exec(`ATTACH '${fresh.replaceAll("'", "''")}' AS fresh`);
    database.exec('PRAGMA fresh.synchronous = OFF; PRAGMA fresh.journal_mode = MEMORY; PRAGMA temp_store = MEMORY');
    const numbers = readable(() =>
      database.rows<[keyof HighWater, number]>('SELECT name, seq FROM main.sqlite_sequence'),
    );
    const numberOf = (table: string): number =>
      Math.max(
        numbers?.value.find(([name]) => name === table)?.[1] ?? 0,
        (mark as Readonly<Record<string, number>>)[table] ?? 0,
      );
    const copied: Record<string, Copied> = {};
    for (const [name, sql] of definitions) {
      const columns = columnsOf(database, name);
      const table: DamagedTable = { name, ...columns, number: numberOf(name) };
      if (columns.columns.length === 0) copied[name] = { kept: 0, lost: table.number };
      else copied[name] = /WITHOUT ROWID/i.test(sql) ? copyByKey(database, table) : copyByNumber(database, table);
      if (/AUTOINCREMENT/i.test(sql) && table.number > 0) raiseFresh(database, name, table.number);
    }
    setRight(database, copied);
    return copied;
  } finally {
    database.close();
  }
}

/** None when the damage is in the schema itself. */
function columnsOf(database: Database, table: string): Pick<DamagedTable, 'columns' | 'key'> {
  const info = (schema: string) =>
    readable(() =>
      database.rows<[name: string, key: number]>(`SELECT name, pk FROM pragma_table_info('${table}', '${schema}')`),
    )?.value ?? [];
  const old = new Set(info('main').map(([name]) => name));
  const present = info('fresh');
  const key = present.filter(([, place]) => place > 0).sort((a, b) => a[1] - b[1]);
  return {
    columns: present.map(([name]) => name).filter(name => old.has(name)),
    key: key.map(([name]) => name),
  };
}

function raiseFresh(database: Database, table: string, number: number): void {
  const sql = 'UPDATE fresh.sqlite_sequence SET seq = max(seq, ?) WHERE name = ?';
  if (database.run(sql, number, table) === 0)
    database.run('INSERT INTO fresh.sqlite_sequence (name, seq) VALUES (?, ?)', table, number);
}

/** What follows from the rows is made to fit those that are left. */
function setRight(database: Database, copied: Record<string, Copied>): void {
  const sums = {
    event_bytes: 'SELECT total(size) FROM fresh.events',
    outbox_bytes: 'SELECT total(size) FROM fresh.outbox',
    outbox_count: 'SELECT count(*) FROM fresh.outbox WHERE seq > 0',
    message_bytes: 'SELECT total(octet_length(body)) FROM fresh.messages',
  };
  for (const [name, sum] of Object.entries(sums))
    database.run('INSERT OR REPLACE INTO fresh.counters VALUES (?, ?)', name, database.value<number>(sum) ?? 0);
  const dead =
    "SELECT 'dead_letter_bytes ' || sink, CAST(total(octet_length(body)) AS INTEGER) FROM fresh.dead_letters";
  database.exec(`INSERT OR REPLACE INTO fresh.counters ${dead} GROUP BY sink`);
  if (copied.queues !== undefined && copied.queues.lost > 0) remakeQueues(database);
}

/**
 * Queues whose rows are gone start before everything that is left: what sinks have already is delivered
 * once more, and nothing is passed over.
 */
function remakeQueues(database: Database): void {
  database.exec(`
    INSERT OR IGNORE INTO fresh.queues (name, sink, cursor)
      SELECT 'event-sink.' || sink, sink, coalesce((SELECT min(seq) - 1 FROM fresh.messages), 0) FROM fresh.ledger
      WHERE hour = ${totalHour} AND sink NOT IN (SELECT sink FROM fresh.queues) ORDER BY sink;
    UPDATE fresh.messages SET target = NULL WHERE target NOT IN (SELECT number FROM fresh.queues);
  `);
}

/**
 * Once the fresh file is in place: the ledger counts as lost what was accepted for a sink and is neither settled nor
 * waiting. Where the ledger itself has lost rows, it knows less than there is, and is raised to it.
 */
export function settleLedger(
  database: Database,
  differences: readonly { sink: string; difference: number | null }[],
): void {
  for (const { sink, difference } of differences) {
    if (difference === null || difference === 0) continue;
    if (difference > 0) addLost(database, sink, difference);
    else addAccepted(database, sink, -difference);
  }
}
