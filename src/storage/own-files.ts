import { chmodSync, closeSync, openSync, renameSync, writeFileSync } from 'node:fs';

const ownerOnly = 0o600;

/**
 * Makes the file unless it is there, for its owner's eyes alone, whatever the folder and the umask are. SQLite gives
 * the files beside a database (its write-ahead log) the mode of the database. A file of somebody else keeps its mode.
 */
export function ownFile(path: string): void {
  closeSync(openSync(path, 'a', ownerOnly));
  try {
    chmodSync(path, ownerOnly);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}

/** Whole or not at all when the process dies; without fsync. */
export function writeOwnFile(path: string, text: string): void {
  const fresh = `${path}.new`;
  writeFileSync(fresh, text, { mode: ownerOnly });
  renameSync(fresh, path);
}
