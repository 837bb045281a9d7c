import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort } from '../helpers/ports.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { patienceMs, until } from '../helpers/wait.js';

interface Context {
  daemon: TestDaemon;
  server: Server | undefined;
  folder: TemporaryFolder;
}

const test = suite<Context>('health in the daemon');

test.before.each(context => {
  context.folder = temporaryFolder();
});
test.after.each(async ({ daemon, server, folder }) => {
  await daemon.remove();
  folder.remove();
  server?.closeAllConnections();
  server?.close();
});

async function serve(context: Context, port: number): Promise<void> {
  context.server = createServer((_request, response) => response.end('ok'));
  await new Promise<void>(resolve => context.server?.listen(port, '127.0.0.1', resolve));
}

async function vanish({ server }: Context): Promise<void> {
  server?.closeAllConnections();
  await new Promise(closed => server?.close(closed));
}

test('a target goes down and up, over a kill and a restart; the events are in the local store', async context => {
  const port = await freePort();
  const config = join(context.folder.path, 'config.yaml');
  const targets = [
    { name: 'clowder', url: `http://127.0.0.1:${port}/healthz?token=hunter22`, threshold: 1 },
    'own=queue:event-sink.local',
  ];
  writeFileSync(config, JSON.stringify({ health: { targets, interval_seconds: 2 } }));
  const daemon = new TestDaemon({ env: { EVENT_SINK_CONFIG: config } });
  context.daemon = daemon;
  const changes = async () => (await daemon.stored('service_status')).map(({ type }) => type).reverse();
  const found = async () => (await daemon.stored('health')).filter(event => event.service_name === 'clowder');

  await serve(context, port);
  await daemon.start();
  await until(
    async () => (await found()).filter(event => event.healthy === true).length >= 1,
    'a good check',
    patienceMs,
  );
  await vanish(context);
  // On a busy machine a check may be late, and be another outage before this one.
  await until(async () => (await changes()).at(-1) === 'down', 'the outage', patienceMs);
  await daemon.kill();
  await daemon.start();
  await serve(context, port);
  await until(async () => (await changes()).at(-1) === 'up', 'the recovery', patienceMs);
  assert.equal((await changes()).slice(-2), ['down', 'up']);

  const [up, down] = await daemon.stored('service_status');
  assert.equal([down?.service_name, down?.message, down?.healthy], ['clowder', 'connection refused', false]);
  assert.ok(Number(up?.outage_seconds) > 0);
  assert.is(up?.until, Number(up?.from) + Math.round(Number(up?.outage_seconds) * 1000));
  const queue = await until(
    async () => (await daemon.stored('health')).find(event => event.type === 'queue'),
    'the queue to be looked at',
    patienceMs,
  );
  assert.equal([queue?.service_name, queue?.healthy, queue?._source], ['own', true, 'health']);
  assert.type(queue?.queue_length, 'number');

  const { actors } = await daemon.json('/v1/status');
  const actor = actors.find(({ path }) => path === 'ingress/health/clowder');
  assert.equal(
    [actor?.state, actor?.detail.status, actor?.detail.target],
    ['running', 'up', `http://127.0.0.1:${port}/healthz`],
  );
  assert.not.match(JSON.stringify([actors, await daemon.stored(), daemon.output]), 'hunter22');
  assert.is(await daemon.kill('SIGTERM'), 0);
});

test('maintenance that is declared over HTTP keeps an outage from being announced', async context => {
  const port = await freePort();
  const daemon = new TestDaemon({
    env: { HEALTH_TARGETS: `clowder=tcp://127.0.0.1:${port}`, HEALTH_INTERVAL_SECONDS: '1' },
  });
  context.daemon = daemon;
  // Up until that is known, however long it takes.
  await serve(context, port);
  await daemon.start();
  const response = await daemon.request('/v1/service-status', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ service_name: 'clowder', status: 'maintenance', message: 'upgrade' }),
  });
  assert.is(response.status, 202);
  await until(async () => {
    const { services } = await daemon.json('/v1/status');
    return services.some(({ state }) => state === 'maintenance');
  }, 'the maintenance');
  await vanish(context);
  const checks = async () => (await daemon.stored('health')).filter(({ healthy }) => healthy === false).length;
  await until(async () => (await checks()) >= 2, 'failed checks', patienceMs);
  const [latest] = await daemon.stored('health');
  assert.equal([latest?.healthy, latest?.maintenance], [false, true]);
  assert.equal(
    (await daemon.stored('service_status')).map(({ type, _source }) => [type, _source]),
    [['maintenance', 'http']],
  );
});

test('a job that says how it is becomes a service, and stays one over a restart', async context => {
  const daemon = new TestDaemon({ env: { HEALTH_TARGETS: 'Nightly dump=heartbeat:dump every=86400' } });
  context.daemon = daemon;
  await daemon.start();
  const send = async (name: string, body?: object) => {
    const more = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await daemon.request(`/v1/heartbeats/${name}`, { method: 'POST', ...(body && more) });
    return [response.status, ((await response.json()) as { accepted?: number }).accepted];
  };
  const states = async () =>
    (await daemon.json('/v1/status')).services.map(({ service_name, state, reason }) => [service_name, state, reason]);
  const become = (expected: unknown[][]) =>
    until(async () => JSON.stringify(await states()) === JSON.stringify(expected), 'the states', patienceMs);
  await become([['Nightly dump', 'unknown', 'not heard of yet']]);
  assert.equal(await send('dump', {}), [202, 1]);
  assert.equal(await send('sync'), [202, 1]);
  await become([
    ['Nightly dump', 'up', null],
    ['sync', 'up', null],
  ]);
  assert.equal(await send('sync', { status: 'failure', message: 'no route', every: 60 }), [202, 1]);
  const failed = [
    ['Nightly dump', 'up', null],
    ['sync', 'down', 'the job failed: no route'],
  ];
  await become(failed);
  await until(async () => (await daemon.stored('service_status')).length === 1, 'the outage', patienceMs);
  const [down] = await daemon.stored('service_status');
  assert.equal([down?.service_name, down?.type, down?.message], ['sync', 'down', 'the job failed: no route']);
  assert.equal(
    (await daemon.stored('heartbeat')).map(({ type, service_name }) => [type, service_name]),
    [
      ['failure', 'sync'],
      ['success', 'sync'],
      ['success', 'dump'],
    ],
  );
  assert.equal(await send('sync', { status: 'done' }), [400, undefined]);
  assert.equal(await send('a%2Fb', {}), [400, undefined]);
  await daemon.kill();
  await daemon.start();
  await become(failed);
});

test('a target that cannot be checked is reported before the daemon starts', async context => {
  const daemon = new TestDaemon({ env: { HEALTH_TARGETS: 'a=ping:-f, b=gopher://h, c=http://mon:100%sure@host/' } });
  context.daemon = daemon;
  await daemon.launch();
  assert.is(await daemon.ended(), 2);
  assert.match(daemon.output, 'HEALTH_TARGETS: target "a" must name a host or an IP address, as ping:HOST.');
  assert.match(daemon.output, 'HEALTH_TARGETS: target "b" must be http(s)://');
  assert.match(daemon.output, 'HEALTH_TARGETS: target "c" has a user or password that is not percent-encoded');
  assert.not.match(daemon.output, 'sure');
});

test.run();
