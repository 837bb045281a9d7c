import { databaseFile } from './files.js';
import { writeOwnFile } from './own-files.js';

/** Left when the file turns out damaged while the daemon runs; the next start then salvages it. */
export function corruptMarker(dir: string): string {
  return `${databaseFile(dir)}.is-corrupt`;
}

export function markCorrupt(dir: string, error: Error): void {
  writeOwnFile(corruptMarker(dir), `${error.message}\n`);
}
