import { join } from 'node:path';

export function databaseFile(dir: string): string {
  return join(dir, 'event-sink.db');
}

/** There from the first start on; held by the daemon that uses the folder. */
export function lockFile(dir: string): string {
  return join(dir, 'event-sink.lock');
}

/** There while a backup is put into place. */
export function unfinishedRestore(dir: string): string {
  return `${databaseFile(dir)}.restore`;
}
