import { dayMs, firstDayOf, lastDayOf, startOfDay } from '../calendar.js';
import type { Database } from './database.js';

const hourMs = 3_600_000;
/** What the counts of a month are kept in. */
const countTables = ['usage_counts', 'usage_left_out', 'usage_days'];

/**
 * Usage in a damaged file: counts of open months are made anew from their accesses, and those of closed months cannot
 * be. Which rows are gone nobody knows: every month that may lack some says so.
 *
 * @param lost rows by table
 */
export function noteUsageLoss(database: Database, lost: Readonly<Record<string, number>>, now: number): void {
  const accesses = lost.usage_accesses ?? 0;
  const counts = countTables.reduce((sum, table) => sum + (lost[table] ?? 0), 0);
  const kept = (lost.usage_counts ?? 0) + (lost.usage_left_out ?? 0);
  // Counts that are all there were made of all accesses, those that are lost among them.
  if (counts > 0) countAnew(database);
  const months = database.rows<[month: number, closed: number | null]>('SELECT month, closed FROM usage_months');
  const reopened = new Set(database.rows<[number]>('SELECT month FROM usage_reopened').map(([month]) => month));
  for (const [month, closed] of months) {
    const collects = closed === null || reopened.has(month);
    const missing = (collects ? accesses : 0) + (closed === null ? 0 : kept);
    if (missing === 0) continue;
    // Found later than the month: in its last hour.
    const last = startOfDay(lastDayOf(month)) + dayMs - hourMs;
    const hour = Math.max(startOfDay(firstDayOf(month)), Math.min(Math.floor(now / hourMs) * hourMs, last));
    database.run(
      `INSERT INTO usage_gaps (hour, reason, origin, ms, count) VALUES (?, 'lost_rows', '', 0, ?)
       ON CONFLICT (hour, reason, origin) DO UPDATE SET count = count + excluded.count`,
      hour,
      missing,
    );
  }
}

/** Every day of the open months of which there are accesses. */
function countAnew(database: Database): void {
  const isOpen = 'day / 100 IN (SELECT month FROM usage_months WHERE closed IS NULL)';
  database.exec(`
    INSERT OR IGNORE INTO usage_days (day, revision, counted) SELECT DISTINCT day, 1, 0 FROM usage_accesses WHERE ${isOpen};
    UPDATE usage_days SET revision = revision + 1, counted = 0 WHERE ${isOpen};
  `);
}
