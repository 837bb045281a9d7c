import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** How long a damaged file is kept, ms: somebody may get more out of it. */
export const damagedKeptMs = 30 * 86_400_000;

/**
 * Removes what salvages have moved aside, and their reports, once they have been kept for long
 * enough: they hold personal data too.
 */
export function removeOldDamagedFiles(dir: string, now: number): void {
  for (const name of readdirSync(dir)) {
    if (!/^event-sink\.db\.(?:damaged|corrupt)-/.test(name)) continue;
    const path = join(dir, name);
    // A rename changes the time of the entry, not that of the content.
    if (now - statSync(path).ctimeMs > damagedKeptMs) rmSync(path, { force: true });
  }
}
