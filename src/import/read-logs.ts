import { existsSync } from 'node:fs';
import { beginsWith, type Fingerprint } from '../nginx/files/fingerprint.js';
import type { LogCheckpoint } from '../nginx/reader.js';
import { databaseFile } from '../storage/files.js';
import { Reader } from '../storage/reader.js';

/** What the daemon has read of its logs. */
export interface ReadLogs {
  /** The time of the first line that it has counted, epoch ms; infinite when there is none. */
  readonly since: number;
  /** Whether a file that begins so is one of those that it knows. */
  knows(beginning: Uint8Array): boolean;
}

export const nothingRead: ReadLogs = { since: Number.POSITIVE_INFINITY, knows: () => false };

/** Beside a daemon that runs. */
export async function readLogs(dir: string): Promise<ReadLogs> {
  if (!existsSync(databaseFile(dir))) return nothingRead;
  const reader = new Reader(dir, () => {});
  let saved: readonly string[];
  try {
    saved = (await reader.read('checkpointsOf', { prefix: 'nginx/' })) as string[];
  } finally {
    await reader.close();
  }
  const positions = saved.map(text => (JSON.parse(text) as { readonly position: LogCheckpoint }).position);
  const heads = positions.flatMap(headsOf).filter(({ length }) => length > 0);
  return {
    since: Math.min(...positions.map(({ since = Number.POSITIVE_INFINITY }) => since)),
    knows: beginning => heads.some(head => beginsWith(beginning, head)),
  };
}

function headsOf(position: LogCheckpoint): readonly Fingerprint[] {
  const known = position.version === 2 ? position.known : [];
  return [...position.files.map(({ head }) => head), ...known];
}
