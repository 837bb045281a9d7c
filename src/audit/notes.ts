import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { describe, SetupError } from '../errors.js';
import { isActType } from '../events/audit-events.js';
import { isEpochMs } from '../events/timestamp.js';
import type { Log } from '../log.js';
import { planted, readTrustedFile, requireOwnFile } from '../storage/own-files.js';
import type { Act } from './act.js';
import type { AuditTrail } from './trail.js';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
const ownerOnly = 0o600;
const pollMs = 2_000;
/** A command that had the file open when it was taken has written its line by then. */
const settleMs = 100;
/** Nothing that the command line notes comes from anybody else. */
const commandLine = 'command line (';

/** Acts of the command line, until a daemon on the same folder writes them down. */
function notesFile(dataDir: string): string {
  return join(dataDir, 'audit-notes');
}

/**
 * Leaves an act of the command line in DATA_DIR for the daemon, which may run or not: it writes the log line and the
 * event.
 * @throws SetupError when the file that is there may be somebody else's, and as `openSync` does
 */
export function leaveNote(dataDir: string, act: Omit<Act, 'by'>, now: number): void {
  const note = { note: randomUUID(), at: now, ...act, by: `${commandLine}${userName()})` };
  const path = notesFile(dataDir);
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, ownerOnly);
  try {
    // Before root gives it away: what somebody planted would become the daemon's own, and be believed.
    if (requireOwnFile(file, path).nlink > 1) throw planted(path, 'has another name elsewhere');
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

/**
 * The file is put aside, and gone once its events are durable: what a crash leaves is taken again, under the same ids.
 */
async function takeOnce(dataDir: string, trail: AuditTrail, clock: Clock, log: Log): Promise<void> {
  const taken = `${notesFile(dataDir)}.taken`;
  if (lstatSync(taken, { throwIfNoEntry: false }) === undefined) {
    if (lstatSync(notesFile(dataDir), { throwIfNoEntry: false }) === undefined) return;
    renameSync(notesFile(dataDir), taken);
    await clock.sleep(settleMs);
  }
  const lines = read(taken, log)
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
  rmSync(taken, { force: true });
}

/** Empty when somebody else may have written it: then it is set aside, for a person to see, and holds up no others. */
function read(path: string, log: Log): string {
  try {
    return readTrustedFile(path)?.text ?? '';
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const aside = `${path.slice(0, -'.taken'.length)}.refused-${randomUUID()}`;
    renameSync(path, aside);
    log.error({ file: aside, reason: describe(error) }, 'audit.unreadable');
    return '';
  }
}

/** Undefined when it is not a whole note: a disk was full. */
function parse(line: string): Act | undefined {
  try {
    const { type, by, subject, count, message, at } = JSON.parse(line) as Act;
    if (!isActType(type) || !by.startsWith(commandLine) || !isEpochMs(at)) return undefined;
    return { type, by, subject, count, message, at };
  } catch {
    return undefined;
  }
}
