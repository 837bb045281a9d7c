import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assertNever } from '../errors.js';
import { runRead } from './calls.js';
import type { Database } from './database.js';
import { openForReading } from './opening.js';
import { packed, type ReaderRequest, type WireRead } from './protocol.js';

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

port.on('message', (request: ReaderRequest) => {
  switch (request.kind) {
    case 'read':
      return port.postMessage({ number: request.number, ...read(request) });
    case 'close':
      database?.close();
      return port.close();
    default:
      return assertNever(request);
  }
});
