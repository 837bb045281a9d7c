import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SetupError } from '../errors.js';
import { Database } from './database.js';
import { databaseFile, unfinishedRestore } from './files.js';
import { highWaterFile } from './high-water.js';
import { keepErasures } from './kept-erasures.js';
import { ownFile, writeOwnFile } from './own-files.js';

/**
 * GA4 alone has no key by which it would know an event again: until this time (epoch ms) it counts as sent. Read by
 * src/sinks/ga4/sent-ids.ts.
 */
export const skipUntilKey = 'skip until';
/** GA4 refuses what is older anyway. */
const skipKeptMs = 73 * 3_600_000;

/** Secrets beside the database that belong to it: with another id-secret, log lines would get other ids. */
const secretFiles = ['api-key', 'id-secret'] as const;

/**
 * One file with everything of DATA_DIR that is worth keeping: the database as it was at one moment, and the secrets
 * beside it. A daemon may run meanwhile.
 * @throws SetupError when there is nothing to back up
 */
export function writeBackup(dir: string, target: string): void {
  const file = databaseFile(dir);
  if (!existsSync(file)) throw new SetupError(`there is no event-sink.db in ${dir}: check DATA_DIR`);
  if (existsSync(target)) throw new SetupError(`${target} is there already: name another file`);
  const part = `${target}.part`;
  rmSync(part, { force: true });
  ownFile(part);
  try {
    const database = new Database(file);
    database.exec('PRAGMA busy_timeout = 5000');
    database.exec(`VACUUM INTO ${quoted(part)}`);
    database.close();
    const backup = new Database(part);
    backup.exec('PRAGMA secure_delete = ON; CREATE TABLE backup_files (name TEXT PRIMARY KEY, text TEXT NOT NULL)');
    for (const name of secretFiles)
      if (existsSync(join(dir, name)))
        backup.run('INSERT INTO backup_files VALUES (?, ?)', name, readFileSync(join(dir, name), 'utf8'));
    backup.close();
    flush(part);
    renameSync(part, target);
  } finally {
    for (const end of ['', '-journal', '-wal', '-shm']) rmSync(part + end, { force: true });
  }
}

export interface RestoreOptions {
  readonly dir: string;
  readonly backup: string;
  /** Epoch ms: GA4 is not sent what was created before; undefined sends it again. */
  readonly skipGa4Until: number | undefined;
  readonly now: number;
}

export interface Restored {
  /** Name of what was moved aside. */
  readonly aside: string | undefined;
  /** Who was erased here is known to the restored data too; false = what was there could not be read. */
  readonly knowsErased: boolean;
}

/**
 * Whether events of this backup may go to Google Analytics once more. @throws CorruptError, SetupError when it is not a
 * backup
 */
export function holdsGa4(backup: string): boolean {
  requireFile(backup);
  const database = new Database(backup);
  try {
    requireBackup(database, backup);
    const found =
      "SELECT (SELECT count(*) FROM queues WHERE sink LIKE '%ga4%') + (SELECT count(*) FROM memories WHERE namespace = 'sink.ga4')";
    return (database.value<number>(found) ?? 0) > 0;
  } finally {
    database.close();
  }
}

/**
 * Puts the backup into place; what was there before is kept beside it. Call with the lock held.
 */
export function restoreBackup({ dir, backup, skipGa4Until, now }: RestoreOptions): Restored {
  requireFile(backup);
  const file = databaseFile(dir);
  const fresh = unfinishedRestore(dir);
  for (const end of ['', '-journal', '-wal', '-shm']) rmSync(fresh + end, { force: true });
  ownFile(fresh);
  copyFileSync(backup, fresh);
  const database = new Database(fresh);
  let secrets: [name: string, text: string][];
  let knowsErased: boolean;
  try {
    requireBackup(database, backup);
    secrets = prepare(database, skipGa4Until);
    knowsErased = keepErasures(database, file, now);
  } catch (error) {
    database.close();
    rmSync(fresh, { force: true });
    throw error;
  }
  database.close();
  flush(fresh);
  // The log of a database whose own file a restore that was cut off has moved already would be applied to this one.
  const there = ['', '-wal', '-shm'].filter(end => existsSync(file + end));
  const aside =
    there.length === 0 ? undefined : `${file}.before-restore-${new Date(now).toISOString().replaceAll(':', '-')}`;
  for (const end of there) renameSync(file + end, aside + end);
  for (const [name, text] of secrets)
    if ((secretFiles as readonly string[]).includes(name)) writeOwnFile(join(dir, name), text);
  // It is about the database that was there before.
  rmSync(highWaterFile(dir), { force: true });
  renameSync(fresh, file);
  return { aside: aside === undefined ? undefined : basename(aside), knowsErased };
}

function requireFile(backup: string): void {
  if (!existsSync(backup)) throw new SetupError(`there is no file ${backup}`);
}

function requireBackup(database: Database, backup: string): void {
  if (database.value<number>("SELECT count(*) FROM sqlite_schema WHERE name = 'backup_files'") !== 1)
    throw new SetupError(`${backup} was not made by event-sink backup`);
}

function prepare(database: Database, skipGa4Until: number | undefined): [name: string, text: string][] {
  const [wrong] = database.rows<[string]>('PRAGMA quick_check(1)');
  if (wrong?.[0] !== 'ok') throw new SetupError(`the backup is damaged: ${wrong?.[0]}`);
  const secrets = database.rows<[string, string]>('SELECT name, text FROM backup_files');
  database.exec('PRAGMA secure_delete = ON; DROP TABLE backup_files');
  if (skipGa4Until !== undefined) {
    database.run(
      `INSERT OR REPLACE INTO memories (namespace, key, value, expires)
       SELECT 'sink.' || sink, ?, ?, ? FROM (SELECT sink FROM queues UNION SELECT 'ga4' AS sink)`,
      ...[skipUntilKey, String(skipGa4Until), skipGa4Until + skipKeptMs],
    );
  }
  return secrets;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function flush(file: string): void {
  const descriptor = openSync(file, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
