import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError } from '../../src/errors.js';
import { defaultHttpSettings } from '../../src/http/settings.js';
import { type Certificates, makeCertificates, type Pair } from '../helpers/certificates.js';
import { required } from '../helpers/skip.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
import { keys, type Running, run } from './running.js';

const folder = temporaryFolder();
const certificates: Certificates = required('certificates', makeCertificates(folder.path));
const paths = { cert: join(folder.path, 'listener.pem'), key: join(folder.path, 'listener.key') };

let daemon: Running;

function put(pair: Pair): void {
  writeFileSync(paths.cert, pair.cert);
  writeFileSync(paths.key, pair.key);
}

test.before.each(async () => {
  put(certificates.valid);
  daemon = await run({ tls: paths });
});
test.after.each(() => daemon.close());
test.after(() => folder.remove());

/** The status of an answer over TLS, checked against nothing: which certificate it is, `served` says. */
function ask(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { port: daemon.port, path, rejectUnauthorized: false, agent: false as const };
    request({ ...options, headers: { 'x-api-key': keys.all } }, response => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

/** The name in the certificate that the listener shows. */
function served(): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = tlsConnect({ port: daemon.port, rejectUnauthorized: false }, () => {
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      resolve(String(subject.CN));
    });
    socket.on('error', reject);
  });
}

test('the listener speaks HTTPS, with the same application behind it', async () => {
  assert.is(daemon.server.scheme, 'https');
  assert.is(await ask('/healthz'), 200);
  assert.is(await ask('/v1/status'), 200);
  assert.is(await ask('/docs/swagger-ui-bundle.js'), 200);
  const plain = await daemon.connect();
  plain.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.not.match(await plain.ended(), '200');
});

test('a new pair is served within seconds, or at once when it is asked for, while connections go on', async () => {
  assert.is(await served(), 'valid');
  put(certificates.otherName);
  assert.ok(await until(async () => (await served()) === 'other-name', 'the new certificate', 6_000));
  put(certificates.selfSigned);
  daemon.server.reload();
  assert.is(await served(), 'self-signed');
  assert.is(await ask('/v1/status'), 200);
});

test('a broken pair changes nothing and is a problem, until it is right', async () => {
  const broken: readonly Pair[] = [
    { ...certificates.otherName, key: certificates.valid.key },
    { ...certificates.otherName, cert: 'half a certif' },
    { cert: '', key: '' },
  ];
  for (const pair of broken) {
    put(pair);
    daemon.server.reload();
    assert.is(await served(), 'valid');
    assert.match(daemon.server.problems()[0]?.what ?? '', /^The new certificate of the listener cannot be used/);
  }
  put(certificates.otherName);
  daemon.server.reload();
  assert.is(await served(), 'other-name');
  assert.equal(daemon.server.problems(), []);
});

test('a certificate that has ended, or soon will, is a problem', async () => {
  put(certificates.expired);
  daemon.server.reload();
  assert.match(daemon.server.problems()[0]?.what ?? '', /has ended: clients refuse it/);
  put(certificates.selfSigned);
  daemon.server.reload();
  assert.match(daemon.server.problems()[0]?.what ?? '', /ends in 1 days|ends today/);
});

test('idle connections make room over TLS too, and one that never shakes hands is closed', async () => {
  await daemon.close();
  daemon = await run({ tls: paths, maxConnections: 2 });
  const silent = [await daemon.connect(), await daemon.connect()];
  assert.is(await ask('/healthz'), 200);
  assert.is(await silent[0]!.ended(), '');
  assert.is(await ask('/healthz'), 200);
  for (const connection of silent) connection.close();
});

test('the listener does not open without a pair that fits', async () => {
  put({ ...certificates.valid, key: certificates.otherName.key });
  const error = await run({ tls: paths }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, SetupError);
  assert.match((error as Error).message, 'TLS_CERT_FILE and TLS_KEY_FILE cannot be used');
});

test('plain HTTP beyond the loopback is a problem, unless it is meant or a proxy is trusted', async () => {
  const problemsOf = async (settings: object): Promise<number> => {
    const other = await run({ ...defaultHttpSettings, port: 0, host: '0.0.0.0', ...settings });
    const { length } = other.server.problems();
    await other.close();
    return length;
  };
  assert.is(await problemsOf({}), 1);
  assert.is(await problemsOf({ plainHttp: true }), 0);
  assert.is(await problemsOf({ trustProxy: 'peer' }), 0);
  assert.is(await problemsOf({ host: '127.0.0.1' }), 0);
});

test.run();
