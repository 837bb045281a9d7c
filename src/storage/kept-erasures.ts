import { existsSync } from 'node:fs';
import { ascendingId } from '../events/identity.js';
import type { Database } from './database.js';
import { CorruptError } from './database-error.js';
import { migrate } from './migrate.js';

/** What stands for everybody who was erased, where an erasure has what names them (erasure/erasures.ts). */
export const everybody = JSON.stringify('everybody');

/**
 * A backup may be older than an erasure, and hold whom it was about: who was erased stays so, and everything that is
 * restored is gone through once more. False: the database that was there cannot be read.
 * @param current the database that is replaced
 */
export function keepErasures(fresh: Database, current: string, now: number): boolean {
  if (!existsSync(current)) return true;
  try {
    fresh.exec(`ATTACH '${current.replaceAll("'", "''")}' AS current`);
  } catch (error) {
    if (error instanceof CorruptError) return false;
    throw error;
  }
  try {
    const tables = "SELECT count(*) FROM current.sqlite_schema WHERE name IN ('erased_people', 'erasures')";
    if (fresh.value<number>(tables) !== 2) return true;
    if ((fresh.value<number>('SELECT count(*) FROM current.erased_people') ?? 0) === 0) return true;
    migrate(fresh);
    fresh.exec('INSERT OR IGNORE INTO main.erased_people SELECT hash, at, secret FROM current.erased_people');
    fresh.exec('INSERT OR REPLACE INTO main.erasures SELECT id, asked, people, state FROM current.erasures');
    const id = ascendingId(now);
    const state = JSON.stringify({ id, asked: now, state: 'pending', finished: null, people: [], places: [] });
    fresh.run('INSERT INTO main.erasures VALUES (?, ?, ?, ?)', id, now, everybody, state);
    return true;
  } catch (error) {
    if (error instanceof CorruptError) return false;
    throw error;
  } finally {
    fresh.exec('DETACH current');
  }
}
