import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assertNever } from '../errors.js';
import { compact, cutLog, rebuild, relieve } from './compaction.js';
import { markCorrupt } from './corrupt-marker.js';
import type { Database } from './database.js';
import { CorruptError } from './database-error.js';
import { DiskSpace } from './disk-space.js';
import { type Outcome, runGroup } from './group.js';
import type { Limits } from './limits.js';
import { lockDirectory, openForWriting } from './opening.js';
import { packed, type WireOutcome, type WriterAnswer, type WriterRequest } from './protocol.js';

const port = parentPort as MessagePort;
const { dir, now, limits } = workerData as { dir: string; now: number; limits: Limits };
const answer = (message: WriterAnswer): void => port.postMessage(message);

function serve(database: Database, lock: Database): void {
  const diskSpace = new DiskSpace(dir);
  const handle = (request: WriterRequest): void => {
    switch (request.kind) {
      case 'group': {
        relieve(database, diskSpace);
        const { jobs, now, believed } = request;
        const outcomes = runGroup({ database, diskSpace, limits, now, believed }, jobs);
        const corrupt = outcomes.map(failure).find(error => error instanceof CorruptError);
        if (corrupt !== undefined) throw corrupt;
        return answer({ kind: 'group', outcomes: outcomes.map(wire) });
      }
      case 'compact':
        return answer({ kind: 'compact', more: compact(database, request.pages) });
      case 'purge':
        return answer({ kind: 'compact', more: !cutLog(database) });
      case 'rebuild':
        return answer({ kind: 'compact', more: !rebuild(database) });
      case 'close':
        return end(database, lock);
      default:
        return assertNever(request);
    }
  };
  port.on('message', (request: WriterRequest) => {
    try {
      handle(request);
    } catch (error) {
      if (error instanceof CorruptError) markCorrupt(dir, error);
      fail(error, database, lock);
    }
  });
}

/**
 * The files are closed before it is said: whoever hears of it ends this thread. What was sent behind the failure is not
 * looked at any more: a thread that is ended while it is inside of libsql takes the process with it.
 */
function fail(error: unknown, ...databases: Database[]): void {
  port.removeAllListeners('message');
  try {
    for (const database of databases) database.close();
  } finally {
    answer({ kind: 'fatal', error: packed(error) });
    port.close();
  }
}

function end(...databases: Database[]): void {
  port.removeAllListeners('message');
  for (const database of databases) database.close();
  port.close();
}

function failure(outcome: Outcome): unknown {
  return 'error' in outcome ? outcome.error : undefined;
}

function wire(outcome: Outcome): WireOutcome {
  return 'error' in outcome ? { error: packed(outcome.error) } : outcome;
}

try {
  const lock = lockDirectory(dir);
  try {
    const { database, salvaged, lost } = openForWriting(dir, now);
    serve(database, lock);
    answer({ kind: 'ready', found: { salvaged, lost } });
  } catch (error) {
    lock.close();
    throw error;
  }
} catch (error) {
  answer({ kind: 'fatal', error: packed(error) });
  port.close();
}
