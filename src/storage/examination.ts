import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '../errors.js';
import { DataFolder } from './data-folder.js';
import { Database } from './database.js';
import { reserveBytes } from './disk-space.js';
import { databaseFile } from './files.js';

export interface Finding {
  readonly what: string;
  readonly found: string;
  /** What to do; undefined when all is well. */
  readonly advice?: string | undefined;
}

/** Looks at the data folder, and changes nothing. */
export function examine(dir: string): Finding[] {
  if (!existsSync(databaseFile(dir)))
    return [
      {
        what: 'folder',
        found: `no event-sink.db in ${dir}`,
        advice: 'Check DATA_DIR; before the first start this is right.',
      },
    ];
  return [folder(dir), files(dir), space(dir), kept(dir), ...database(dir)];
}

function folder(dir: string): Finding {
  const mode = new DataFolder(dir).openMode;
  if (mode === undefined) return { what: 'folder', found: dir };
  return { what: 'folder', found: `open to everybody (mode ${mode})`, advice: `chmod 700 ${dir}` };
}

function files(dir: string): Finding {
  const open = readdirSync(dir).filter(name => {
    const { mode } = statSync(join(dir, name));
    return (mode & 0o077) !== 0;
  });
  if (open.length === 0) return { what: 'files', found: 'for their owner alone' };
  return { what: 'files', found: `readable by others: ${open.join(', ')}`, advice: `chmod 600 them in ${dir}` };
}

function space(dir: string): Finding {
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  const found = `${Math.floor(free / 1_048_576).toLocaleString('en-US')} MiB free`;
  if (free > reserveBytes * 4) return { what: 'disk', found };
  return { what: 'disk', found, advice: 'Make room: below 16 MiB nothing new is accepted.' };
}

/** Files that are kept for a person to look at. */
function kept(dir: string): Finding {
  const odd = readdirSync(dir).filter(name =>
    /\.(?:damaged|corrupt|before-restore)-|\.is-corrupt$|\.salvage$/.test(name),
  );
  if (odd.length === 0) return { what: 'left over', found: 'nothing' };
  const advice = 'See "A damaged database" in docs/runbook.md; remove what is no longer needed.';
  return { what: 'left over', found: odd.join(', '), advice };
}

function database(dir: string): Finding[] {
  try {
    const opened = new Database(databaseFile(dir));
    try {
      opened.exec('PRAGMA busy_timeout = 5000; PRAGMA query_only = ON');
      return [integrity(opened), ...waiting(opened)];
    } finally {
      opened.close();
    }
  } catch (error) {
    const advice =
      'Start the daemon: it salvages what can be read and reports the rest. Make a copy of the folder first.';
    return [{ what: 'database', found: describe(error), advice }];
  }
}

function integrity(opened: Database): Finding {
  const rows = opened.rows<[string]>('PRAGMA quick_check(5)').map(([line]) => line);
  if (rows[0] === 'ok') return { what: 'database', found: 'whole' };
  const advice =
    'Copy the folder as it is. The daemon salvages the file when it meets the damage, and reports what was lost.';
  return { what: 'database', found: rows.join('; ').slice(0, 300), advice };
}

function waiting(opened: Database): Finding[] {
  const count = (table: string): number => opened.value<number>(`SELECT count(*) FROM ${table}`) ?? 0;
  const lost = opened.rows<[string, number]>("SELECT name, value FROM counters WHERE name LIKE 'lost %' AND value > 0");
  const rows = ['messages', 'outbox', 'dead_letters', 'events'].map(
    table => `${table} ${count(table).toLocaleString('en-US')}`,
  );
  const none = lost.length === 0;
  return [
    { what: 'rows', found: rows.join(', ') },
    {
      what: 'lost',
      found: none
        ? 'nothing'
        : lost.map(([name, value]) => `${value} accepted for ${name.slice('lost '.length)}`).join(', '),
      ...(none ? {} : { advice: 'They went with a damaged or cut database: see docs/runbook.md.' }),
    },
  ];
}
