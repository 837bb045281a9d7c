import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { MongoClient } from 'mongodb';
import { MongoStandIn } from './mongodb/stand-in.js';

export interface MongoServer {
  readonly uri: string;
  /** `external` = MONGODB_TEST_URI: it cannot be stopped, and tests must use a database of their own. */
  readonly kind: 'external' | 'mongod' | 'ferretdb' | 'stand-in';
  /** For good: with its data. */
  stop(): Promise<void>;
  /** Gone at once; its data stays. */
  kill9(): Promise<void>;
  /** After `kill9`: the same address, the same data. Does nothing while it runs. */
  restart(): Promise<void>;
}

/**
 * The best MongoDB to be had: MONGODB_TEST_URI, `mongod`, `ferretdb` (on the PATH or built by
 * scripts/setup-ferretdb.mjs), the stand-in.
 */
export async function startMongoDB(): Promise<MongoServer> {
  const server = await start();
  console.log(`MongoDB server of this run: ${server.kind}`);
  return server;
}

async function start(): Promise<MongoServer> {
  const uri = process.env.MONGODB_TEST_URI;
  if (uri !== undefined && uri !== '') return external(uri);
  const mongod = onPath('mongod');
  if (mongod !== undefined) {
    return spawned('mongod', (port, folder) => [
      mongod,
      ...['--bind_ip', '127.0.0.1', '--port', String(port), '--dbpath', folder, '--quiet', '--nounixsocket'],
    ]);
  }
  const ferretdb = onPath('ferretdb');
  if (ferretdb !== undefined) {
    return spawned('ferretdb', (port, folder) => [
      ferretdb,
      ...[
        '--handler=sqlite',
        `--sqlite-url=file:${folder}/`,
        `--state-dir=${folder}`,
        `--listen-addr=127.0.0.1:${port}`,
      ],
      ...['--debug-addr=-', '--telemetry=disable', '--log-level=error'],
    ]);
  }
  const embedded = await built();
  if (embedded !== undefined) return spawned('ferretdb', (port, folder) => [embedded, `127.0.0.1:${port}`, folder]);
  const standIn = new MongoStandIn();
  await standIn.listen();
  return {
    uri: standIn.uri,
    kind: 'stand-in',
    stop: () => standIn.stop(),
    kill9: () => standIn.stop(),
    restart: () => standIn.listen(),
  };
}

function external(uri: string): MongoServer {
  const refuse = () => Promise.reject(new Error('an external server cannot be stopped'));
  return { uri, kind: 'external', stop: async () => undefined, kill9: refuse, restart: refuse };
}

async function spawned(
  kind: 'mongod' | 'ferretdb',
  line: (port: number, folder: string) => string[],
): Promise<MongoServer> {
  const folder = mkdtempSync(join(tmpdir(), `event-sink-${kind}-`));
  const data = join(folder, 'data');
  mkdirSync(data);
  const port = await freePort();
  const uri = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  let child: ChildProcess | undefined;
  const alive = (): boolean => child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || !alive()) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  };
  const run = async (): Promise<void> => {
    if (alive()) return;
    const [command, ...rest] = line(port, data);
    child = spawn(command!, rest, { stdio: 'ignore', env: { ...process.env, DO_NOT_TRACK: '1' } });
    child.on('error', () => undefined);
    await answering(uri, child).catch(async error => {
      await end('SIGKILL');
      throw error;
    });
  };
  const stop = async (): Promise<void> => {
    await end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  await run().catch(async error => {
    await stop();
    throw error;
  });
  return {
    uri,
    kind,
    stop,
    kill9: () => end('SIGKILL'),
    restart: run,
  };
}

async function answering(uri: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: 500 });
    try {
      await client.db('admin').command({ ping: 1 });
      return;
    } catch (error) {
      if (child.pid === undefined || child.exitCode !== null || Date.now() > deadline) throw error;
      await sleep(50);
    } finally {
      await client.close();
    }
  }
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map(folder => join(folder, name)).find(existsSync);
}

/** What scripts/setup-ferretdb.mjs has built. */
async function built(): Promise<string | undefined> {
  const { ferretdbPath } = await import(pathToFileURL(resolve('scripts/setup-ferretdb.mjs')).href);
  const file: string = ferretdbPath();
  return existsSync(file) ? file : undefined;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
