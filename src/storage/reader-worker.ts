import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assertNever } from '../errors.js';
import { runRead } from './calls.js';
import type { Database } from './database.js';
import { openForReading } from './opening.js';
import { packed, type ReaderAnswer, type ReaderRequest, type WireRead } from './protocol.js';

const port = parentPort as MessagePort;
const { dir } = workerData as { dir: string };
let database: Database | undefined;

/** One transaction a query: its statements see the same state. */
function read(request: ReaderRequest & { kind: 'read' }): WireRead {
  try {
    database ??= openForReading(dir);
    const opened = database;
    return { result: opened.transaction('BEGIN', () => runRead(opened, request.name, request.args)) };
  } catch (error) {
    return { error: packed(error) };
  }
}

/** What was sent behind is not looked at: to end a thread that is inside of libsql takes the process with it. */
function end(answer?: ReaderAnswer): void {
  port.removeAllListeners('message');
  database?.close();
  if (answer !== undefined) port.postMessage(answer);
  port.close();
}

port.on('message', (request: ReaderRequest) => {
  switch (request.kind) {
    case 'read': {
      const outcome = read(request);
      const answer: ReaderAnswer = { number: request.number, ...outcome };
      // Whoever hears of a damaged file ends this thread.
      if ('error' in outcome && outcome.error.name === 'CorruptError') return end(answer);
      return port.postMessage(answer);
    }
    case 'close':
      return end();
    default:
      return assertNever(request);
  }
});
