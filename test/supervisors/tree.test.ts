// timeout: 120 s
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ActorStatus, Status } from '../../openapi/api-types.js';
import { actorPaths as knownPaths } from '../../src/status/actor-paths.js';
import type { Daemon } from '../../supervisors/root.js';
import { actorPaths } from '../helpers/actor-paths.js';
import { callDaemon, startDaemonHere } from '../helpers/daemon-here.js';
import { freePort } from '../helpers/ports.js';
import { recordingLog } from '../helpers/recording-log.js';
import { scriptedSink } from '../helpers/scripted-sink.js';
import { until } from '../helpers/wait.js';

interface Context {
  dir: string;
  daemon: Daemon | undefined;
}

const test = suite<Context>('tree');

test.before.each(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'event-sink-tree-'));
  context.daemon = undefined;
});
test.after.each(async ({ dir, daemon }) => {
  await daemon?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function board(daemon: Daemon): Promise<readonly ActorStatus[]> {
  const { actors } = (await (await callDaemon(daemon, '/v1/status')).json()) as Status;
  return actors;
}

/** The paths in the drawing at the top of root.ts, its placeholders filled in. */
function drawnPaths(names: Readonly<Record<string, readonly string[]>>): string[] {
  const source = readFileSync('supervisors/root.ts', 'utf8');
  const lines = [...source.matchAll(/^ \* {5}((?:│ {3}| {4})*)[├└]── (\S+)/gm)];
  const found: string[] = [];
  let above: string[] = [];
  for (const [, indent = '', name = ''] of lines) {
    above = [...above.slice(0, indent.length / 4), name];
    found.push(above.join('/'));
  }
  const placeholder = new RegExp(Object.keys(names).join('|'));
  return found
    .flatMap(path => {
      const [held] = placeholder.exec(path) ?? [];
      return held === undefined ? [path] : (names[held] ?? []).map(name => path.replace(held, name));
    })
    .sort();
}

/** A daemon with one of everything. RabbitMQ is not there, which keeps nothing from starting. */
async function startAll(context: Context): Promise<Daemon> {
  const log = join(context.dir, 'access.log');
  writeFileSync(log, '');
  context.daemon = await startDaemonHere({
    dir: context.dir,
    sinks: { first: scriptedSink(), second: scriptedSink() },
    env: {
      RABBITMQ_URI: `amqp://127.0.0.1:${await freePort()}`,
      EXTRACTOR_HEARTBEATS: 'on',
      HEALTH_TARGETS: `clowder=tcp://127.0.0.1:${await freePort()}, The search (50%!)=file:${log}`,
      NGINX_ACCESS_LOG: `${log},${join(context.dir, 'other.log')}`,
      NGINX_STATUS_URL: `http://127.0.0.1:${await freePort()}/nginx_status`,
    },
  });
  return context.daemon;
}

test('the drawing at the top of root.ts is the tree that nact has and the board shows', async context => {
  const daemon = await startAll(context);
  const drawn = drawnPaths({
    SINK: ['first', 'local', 'second'],
    TARGET: ['clowder', 'The!20search!20(50!25!21)'],
    NUMBER: ['1', '2'],
  });
  assert.ok(drawn.includes('delivery/first/sink'), drawn.join());
  assert.equal(actorPaths(), drawn);
  assert.equal((await board(daemon)).map(({ path }) => path).sort(), drawn);
  const { sink, consumer, extractors, health, nginxLog, nginxStatus } = knownPaths;
  for (const path of [sink('first'), consumer('first'), extractors, nginxStatus, `${health}clowder`, `${nginxLog}1`])
    assert.ok(drawn.includes(path), path);
});

test('without sources there are no actors for them, and a stop leaves none at all', async context => {
  const daemon = await startDaemonHere({ dir: context.dir });
  const paths = actorPaths();
  assert.equal(paths, (await board(daemon)).map(({ path }) => path).sort());
  assert.equal(
    paths.filter(path => path.startsWith('ingress/')),
    ['ingress/http'],
  );
  await daemon.stop();
  assert.equal(actorPaths(), []);
});

/** The servers that listen on this port, in this process. */
function listeners(port: number): Server[] {
  const handles = (process as unknown as { _getActiveHandles(): object[] })._getActiveHandles();
  return handles.filter((handle): handle is Server => {
    const address = 'address' in handle && 'listening' in handle ? (handle as Server).address() : null;
    return address !== null && typeof address === 'object' && address.port === port;
  });
}

const serves = async (daemon: Daemon): Promise<boolean> => (await callDaemon(daemon, '/healthz')).status === 200;

for (const [how, fail] of [
  ['closed by nobody', (server: Server) => server.close()],
  ['broken', (server: Server) => server.emit('error', Object.assign(new Error('accept EBADF'), { code: 'EBADF' }))],
] as const) {
  test(`a listener that is ${how} restarts the whole tree, and the port serves again`, async context => {
    const port = await freePort();
    const { log, lines } = recordingLog();
    const sink = scriptedSink();
    const daemon = await startDaemonHere({ dir: context.dir, env: { PORT: String(port) }, sinks: { sink }, log });
    context.daemon = daemon;
    const [server] = listeners(port);
    if (server === undefined) throw new Error('nothing listens');
    fail(server);
    await until(() => lines.some(({ line }) => line === 'daemon.restarted'), 'a restarted tree');
    assert.not(listeners(port).includes(server));
    assert.ok(await serves(daemon));
    const restarting = lines.filter(({ line }) => line === 'daemon.restarting');
    assert.equal(
      restarting.map(({ level, fields }) => [level, fields.what]),
      [['error', 'http']],
    );
    assert.match(String(restarting[0]?.fields.reason), how === 'broken' ? 'EBADF' : 'the listener was closed');
    const body = JSON.stringify({ id: 'after', category: 'upload' });
    assert.is((await callDaemon(daemon, '/v1/events', { method: 'POST', body })).status, 202);
    await until(() => sink.delivered.includes('after'), 'delivery');
  });
}

test('a connection that cannot be accepted is logged, and the listener goes on', async context => {
  const port = await freePort();
  const { log, lines } = recordingLog();
  const daemon = await startDaemonHere({ dir: context.dir, env: { PORT: String(port) }, log });
  context.daemon = daemon;
  listeners(port)[0]?.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  assert.ok(await serves(daemon));
  assert.ok(lines.some(({ line, fields }) => line === 'connection.unaccepted' && /EMFILE/.test(String(fields.reason))));
  assert.not(lines.some(({ line }) => line === 'daemon.restarting'));
});

test('a listener that fails more than five times in a minute ends the daemon with code 1', async context => {
  const port = await freePort();
  const { log, lines } = recordingLog();
  const daemon = await startDaemonHere({ dir: context.dir, env: { PORT: String(port) }, log });
  context.daemon = daemon;
  const restarts = (): number => lines.filter(({ line }) => line === 'daemon.restarted').length;
  for (let failure = 0; failure <= 5; failure += 1) {
    await until(() => restarts() === failure && listeners(port).length === 1, `a listener after ${failure} failures`);
    listeners(port)[0]?.close();
  }
  const { code } = await daemon.ended;
  assert.is(code, 1);
  assert.is(restarts(), 5);
  assert.equal(
    lines.filter(({ level }) => level === 'fatal').map(({ line, fields }) => [line, fields.what]),
    [['daemon.failed', 'http']],
  );
  assert.equal(actorPaths(), []);
});

test.run();
