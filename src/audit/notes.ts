import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import { isActType } from '../events/audit-events.js';
import { isEpochMs } from '../events/timestamp.js';
import type { Log } from '../log.js';
import type { Act } from './act.js';
import type { AuditTrail } from './trail.js';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const ownerOnly = 0o600;
const pollMs = 2_000;
/** A command that had the file open when it was taken has written its line by then. */
const settleMs = 100;

/** Acts of the command line, until a daemon on the same folder writes them down. */
function notesFile(dataDir: string): string {
  return join(dataDir, 'audit-notes');
}

/**
 * Leaves an act of the command line in DATA_DIR for the daemon, which may run or not: it writes the log line and the event.
 * @throws as `openSync` does
 */
export function leaveNote(dataDir: string, act: Omit<Act, 'by'>, now: number): void {
  const note = { note: randomUUID(), at: now, ...act, by: `command line (${userName()})` };
  const file = openSync(notesFile(dataDir), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, ownerOnly);
  try {
    writeSync(file, `${JSON.stringify(note)}\n`);
    fsyncSync(file);
    // Root may act for the daemon's user, who has to read it.
    if (process.geteuid?.() === 0) {
      const { uid, gid } = statSync(dataDir);
      fchownSync(file, uid, gid);
    }
  } finally {
    closeSync(file);
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

/** Takes over what the command line left, now and every two seconds, until the signal aborts. */
export async function takeNotes(
  dataDir: string,
  { trail, clock, log, signal }: { trail: AuditTrail; clock: Clock; log: Log; signal: AbortSignal },
): Promise<void> {
  let failed = false;
  while (!signal.aborted) {
    try {
      await takeOnce(dataDir, trail, clock, log);
      failed = false;
    } catch (error) {
      if (!failed) log.error({ file: notesFile(dataDir), reason: describe(error) }, 'audit.unreadable');
      failed = true;
    }
    await clock.sleep(pollMs, signal);
  }
}

/** The file is put aside, and gone once its events are durable: what a crash leaves is taken again, under the same ids. */
async function takeOnce(dataDir: string, trail: AuditTrail, clock: Clock, log: Log): Promise<void> {
  const taken = `${notesFile(dataDir)}.taken`;
  if (statSync(taken, { throwIfNoEntry: false }) === undefined) {
    if (statSync(notesFile(dataDir), { throwIfNoEntry: false }) === undefined) return;
    renameSync(notesFile(dataDir), taken);
    await clock.sleep(settleMs);
  }
  const lines = read(taken)
    .split('\n')
    .filter(line => line !== '');
  await Promise.all(
    lines.map(
      line =>
        new Promise<void>(resolve => {
          const act = parse(line);
          if (act !== undefined) return trail.record(act, line, resolve);
          log.warn({ file: taken, reason: 'a line that is not a note' }, 'audit.unreadable');
          resolve();
        }),
    ),
  );
  rmSync(taken);
}

function read(path: string): string {
  const file = openSync(path, O_RDONLY | O_NOFOLLOW);
  try {
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** Undefined when it is not a whole note: a disk was full. */
function parse(line: string): Act | undefined {
  try {
    const { note: _, ...act } = JSON.parse(line) as { note?: unknown } & Act;
    return isActType(act.type) && typeof act.by === 'string' && isEpochMs(act.at) ? act : undefined;
  } catch {
    return undefined;
  }
}
