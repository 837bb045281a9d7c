import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import Koa from 'koa';
import { serve } from './serve.js';

/**
 * The floor of durable HTTP ingestion: a bare Koa that reads a JSON body and answers once SQLite has committed it. A
 * thread of its own writes; what comes while it does goes together with the next commit. No key, no check, no id.
 */
const { FILE = '' } = process.env;
const writer = new Worker(fileURLToPath(new URL('sqlite-writer.js', import.meta.url)), { workerData: FILE });

interface Waiting {
  readonly bodies: readonly string[];
  readonly done: () => void;
}

let waiting: Waiting[] = [];
let writing: Waiting[] = [];
let ended = false;

function write(): void {
  if (ended) return;
  writing = waiting;
  waiting = [];
  writer.postMessage(writing.flatMap(({ bodies }) => bodies));
}

writer.on('message', () => {
  for (const { done } of writing) done();
  writing = [];
  if (waiting.length > 0) write();
});

const app = new Koa();
app.use(async ctx => {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const value = JSON.parse(text) as unknown;
  const bodies = Array.isArray(value) ? value.map(item => JSON.stringify(item)) : [text];
  await new Promise<void>(done => {
    waiting.push({ bodies, done });
    if (writing.length === 0 && waiting.length === 1) setImmediate(write);
  });
  ctx.status = 202;
  ctx.body = { accepted: bodies.length };
});
serve(app, () => {
  // By itself, after the commit in hand: a thread that is terminated within the library prints its panic.
  ended = true;
  writer.postMessage(null);
  writer.once('exit', () => {
    for (const end of ['', '-wal', '-shm']) rmSync(FILE + end, { force: true });
  });
});
