/**
 * Makes test/upgrade/data-1.0.tar.gz: a DATA_DIR as version 1.0.0 (73f46de) leaves it when it is killed in the middle
 * of its work, and the log that it was reading. Run it after a build; takes a minute or two. The test beside the
 * archive opens it with the present version.
 *
 * Within: rows that wait for a sink (MongoDB is down), the outbox (of a second run, whose RabbitMQ is down, and which
 * moved waiting rows there), dead letters (InfluxDB refuses one event), the checkpoint of an NGINX log with an open
 * window and its salts, a health target that is down, moved slots of InfluxDB, and the ids that were sent to Google
 * Analytics.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { InfluxdbStandIn } from '../dist/test/helpers/servers/influxdb-stand-in.js';

const commit = '73f46de';
const root = resolve(import.meta.dirname, '..');
const target = join(root, 'test/upgrade');
const work = mkdtempSync(join(tmpdir(), 'event-sink-upgrade-'));
const source = join(work, 'source');
const site = join(work, 'site');
const key = 'upgrade-fixture-key';

function run(command, words, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'buffer', maxBuffer: 1 << 28, ...options });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

const sleep = ms => new Promise(done => setTimeout(done, ms));

/** Answers every request with a status. */
async function answering(status) {
  const listening = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status).end());
  });
  await new Promise(done => listening.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${listening.address().port}`,
    close: () => listening.closeAllConnections() ?? listening.close(),
  };
}

async function freePort() {
  const probe = createTcpServer();
  await new Promise(done => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address();
  await new Promise(done => probe.close(done));
  return port;
}

/** Runs the old daemon while `body` works with it, then kills it. */
async function withDaemon(env, body) {
  const port = await freePort();
  const hash = run('node', ['-p', `crypto.createHash('sha256').update('${key}').digest('hex')`])
    .toString()
    .trim();
  const child = spawn('node', [join(source, 'dist/src/main.js'), 'start'], {
    cwd: site,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      HOST: '127.0.0.1',
      API_KEYS: `test:publish+read+admin:${hash}`,
      ...env,
    },
  });
  const ended = new Promise(done => child.once('exit', done));
  const call = async (path, body) => {
    const headers = { 'x-api-key': key, 'content-type': 'application/json' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const until = async (condition, what) => {
    for (let tries = 0; tries < 200; tries += 1) {
      if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}`);
      if (await condition().catch(() => false)) return;
      await sleep(100);
    }
    throw new Error(`waited in vain for ${what}: ${JSON.stringify((await call('/v1/status')).sinks)}`);
  };
  try {
    await until(async () => (await call('/readyz')).status === 'ready', 'the daemon');
    await body(call, until);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Young enough for Google Analytics. */
const at = Date.now() - 3_600_000;
const pad = number => String(number).padStart(2, '0');
/** 45 lines of two hours ago, whose window has ended, and 30 of now, whose window is open. */
const logTime = index => {
  const [, day, month, year, time] = /(\d+) (\w+) (\d+) (\S+) GMT/.exec(
    new Date(index < 45 ? Date.now() - 7_200_000 : Date.now()).toUTCString(),
  );
  return `${day}/${month}/${year}:${time} +0000`;
};
const logLine = index =>
  `203.0.113.${index % 7} - - [${logTime(index)}] "GET /datasets/5f2b1c0de4b0a1b2c3d4e5${pad(index)} HTTP/1.1" 200 ${1000 + index} "-" "Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0"\n`;

try {
  mkdirSync(source, { recursive: true });
  mkdirSync(join(site, 'data'), { recursive: true });
  run('tar', ['-x', '-C', source], { input: run('git', ['archive', commit], { cwd: root }) });
  symlinkSync(join(root, 'node_modules'), join(source, 'node_modules'));
  run('node', ['scripts/build.mjs'], { cwd: source });
  writeFileSync(join(site, 'access.log'), Array.from({ length: 75 }, (_, index) => logLine(index)).join(''));

  const influxdb = new InfluxdbStandIn();
  influxdb.refuses = ({ fields }) => (fields.message?.value === 'refused' ? 'refused' : undefined);
  await influxdb.start();
  const google = await answering(204);
  const env = {
    DATA_DIR: 'data',
    MONGODB_URI: `mongodb://127.0.0.1:${await freePort()}/`,
    INFLUXDB_URL: influxdb.origin,
    INFLUXDB_TOKEN: influxdb.token,
    INFLUXDB_ORG: 'clowder',
    INFLUXDB_BUCKET: influxdb.database,
    GOOGLE_MEASUREMENT_ID: 'G-TEST123456',
    GOOGLE_API_SECRET: 'secret',
    GOOGLE_SERVER_URL: google.url,
    GOOGLE_CLIENT_ID: '1234567890.1700000000',
    NGINX_ACCESS_LOG: 'access.log',
    NGINX_WINDOW_SECONDS: '3600',
    NGINX_TRAFFIC_EVENTS: 'views',
    HEALTH_TARGETS: `portal=tcp://127.0.0.1:${await freePort()}`,
    HEALTH_INTERVAL_SECONDS: '1',
  };
  await withDaemon(env, async (call, until) => {
    // More points of one millisecond and one series than there are slots apart: some of them move.
    const same = Array.from({ length: 900 }, (_, index) => ({
      id: `same-${index}`,
      category: 'upload',
      user_id: 'u',
      size: index,
      created: at,
    }));
    await call('/v1/events', same);
    await call('/v1/events', [{ id: 'refused-1', category: 'upload', message: 'refused', created: at }]);
    const sent = async name => {
      const row = (await call('/v1/status')).sinks.find(({ sink }) => sink === name);
      return row.pending === 0 && row.delivered + row.dead > 900;
    };
    await until(async () => (await sent('local')) && (await sent('influxdb')), 'the sinks');
    await until(async () => (await call('/v1/events?category=service_status')).events.length > 0, 'the outage');
    await until(async () => (await call('/v1/events?category=connections')).events.length > 0, 'a window');
    await sleep(2_000);
  });
  await withDaemon(
    { ...env, RABBITMQ_URI: `amqp://127.0.0.1:${await freePort()}`, NGINX_ACCESS_LOG: '', HEALTH_TARGETS: '' },
    async call => {
      await call(
        '/v1/events',
        [1, 2, 3].map(number => ({ id: `outbox-${number}`, category: 'upload', size: number, created: at })),
      );
    },
  );
  await withDaemon({ ...env, NGINX_ACCESS_LOG: '', HEALTH_TARGETS: '' }, async call => {
    await call(
      '/v1/events',
      Array.from({ length: 50 }, (_, index) => ({
        id: `waiting-${index}`,
        category: 'upload',
        size: index,
        created: at,
      })),
    );
  });
  await influxdb.stop();
  google.close();

  mkdirSync(target, { recursive: true });
  cpSync(join(site, 'access.log'), join(work, 'access.log'));
  run('tar', [
    '-czf',
    join(target, 'data-1.0.tar.gz'),
    '--owner=0',
    '--group=0',
    '--exclude=*.lock',
    '--exclude=api-key',
    '-C',
    site,
    '.',
  ]);
  process.stdout.write('test/upgrade/data-1.0.tar.gz written\n');
} finally {
  rmSync(work, { recursive: true, force: true });
}
