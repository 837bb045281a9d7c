import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Certificates, makeCertificates } from '../helpers/certificates.js';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort } from '../helpers/ports.js';
import { nobody, Running } from '../helpers/running.js';
import { startMongoDB } from '../helpers/servers/mongodb.js';
import { startRabbitMQ } from '../helpers/servers/rabbitmq.js';
import { TlsRelay } from '../helpers/servers/tls-relay.js';
import { required } from '../helpers/skip.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

/** RabbitMQ runs as another user, and reads its certificate there. */
const folder = temporaryFolder(nobody);
const certificates: Certificates = required('certificates', makeCertificates(folder.path));
const at = (name: string): string => join(folder.path, name);
for (const name of ['ca.pem', 'valid.pem', 'valid.key']) chmodSync(at(name), 0o644);

const tlsPort = await freePort();
const rabbitmq = required(
  'rabbitmq',
  await startRabbitMQ({
    config: [
      `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
      `ssl_options.cacertfile = ${certificates.ca}`,
      `ssl_options.certfile = ${at('valid.pem')}`,
      `ssl_options.keyfile = ${at('valid.key')}`,
      'ssl_options.verify = verify_none',
    ],
  }),
);
const mongodb = await startMongoDB();
const { port: mongodbPort } = new URL(mongodb.uri);
const relay = await TlsRelay.start(Number(mongodbPort), certificates.valid);

const RABBITMQ_URI = `amqps://guest:guest@127.0.0.1:${tlsPort}`;
const MONGODB_URI = `mongodb://127.0.0.1:${relay.port}/?directConnection=true&tls=true`;
const trusted = { NODE_EXTRA_CA_CERTS: certificates.ca };

test.after(async () => {
  await relay.stop();
  await mongodb.stop();
  await rabbitmq.stop();
  folder.remove();
});

/** What `check` says of each: `ok`, or what is wrong and what to do. */
async function check(env: Record<string, string>): Promise<Record<string, string>> {
  const data = temporaryFolder();
  try {
    const running = new Running(process.execPath, ['dist/src/main.js', 'check', '--json'], {
      env: { PORT: '0', LOCAL_STORE: 'off', DATA_DIR: data.path, RABBITMQ_URI, MONGODB_URI, ...env },
    });
    await running.exited;
    const found: Record<string, string> = {};
    for (const line of running.output.split('\n').filter(text => text.startsWith('{'))) {
      const { dependency, outcome, result, fix } = JSON.parse(line);
      if (outcome === 'wrong') found[dependency] = `${result}${fix === '' ? '' : `: ${fix}`}`;
      else if (outcome === 'ok') found[dependency] ??= 'ok';
    }
    return found;
  } finally {
    data.remove();
  }
}

test('check: with the authority, RabbitMQ and MongoDB are trusted', async () => {
  const found = await check(trusted);
  assert.equal([found.RabbitMQ, found.MongoDB], ['ok', 'ok']);
});

test('check: with the authority in MONGODB_URI', async () => {
  const found = await check({ MONGODB_URI: `${MONGODB_URI}&tlsCAFile=${encodeURIComponent(certificates.ca)}` });
  assert.is(found.MongoDB, 'ok');
});

test('check: without it, one sentence each that says what to do', async () => {
  const { RabbitMQ = '', MongoDB = '' } = await check({});
  assert.match(
    RabbitMQ,
    /^RabbitMQ at 127\.0\.0\.1:\d+ cannot be trusted: TLS certificate [^:]* \([A-Z_]+\): set NODE_EXTRA_CA_CERTS to a PEM file with the certificate of its authority$/,
  );
  assert.match(
    MongoDB,
    /^MongoDB: TLS certificate not accepted: [^:]*: set NODE_EXTRA_CA_CERTS to a PEM file with the certificate of its authority, or name it as tlsCAFile in MONGODB_URI$/,
  );
});

test('the daemon: with the authority events arrive; without it they wait, with the reason in its problems, and arrive after', async () => {
  const env = { RABBITMQ_URI, MONGODB_URI, LOCAL_STORE: 'off', MONGODB_DATABASE: `authority_${process.pid}` };
  const daemon = new TestDaemon({ env });
  try {
    await daemon.launch();
    await until(
      async () => (await fetch(`${daemon.url}/healthz`).catch(() => undefined))?.status === 200,
      'a daemon that answers',
    );
    assert.is((await daemon.post([{ category: 'kept', created: '2026-01-01T00:00:00Z' }])).status, 202);
    await until(async () => {
      const { problems } = await daemon.json('/v1/status');
      return problems.some(({ what, fix }) => `${what} ${fix}`.includes('NODE_EXTRA_CA_CERTS'));
    }, 'a problem that says what to do');
    assert.is(await daemon.kill('SIGTERM'), 0);
    await daemon.start(trusted);
    assert.is((await daemon.post([{ category: 'kept', created: '2026-01-02T00:00:00Z' }])).status, 202);
    await until(async () => {
      const { sinks } = await daemon.json('/v1/status');
      return sinks.some(({ delivered }) => delivered === 2);
    }, 'both events in MongoDB');
    assert.is(await daemon.kill('SIGTERM'), 0);
  } finally {
    await daemon.remove();
  }
});

test.run();
