import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { daemonAddress } from '../../src/cli/daemon-address.js';
import { fetchByCertificate } from '../../src/cli/own-certificate.js';
import { makeCertificates } from '../helpers/certificates.js';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort } from '../helpers/ports.js';
import { StandIn } from '../helpers/servers/stand-in.js';
import { skipped } from '../helpers/skip.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
import { invoke } from './invoke.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const [, command = '[]'] =
  /^HEALTHCHECK[^\n]*\\\n\s*CMD (\[.*\])$/m.exec(readFileSync('deploy/Dockerfile', 'utf8')) ?? [];

const test = suite<{ daemon: TestDaemon }>('healthcheck');
test.before.each(context => {
  context.daemon = new TestDaemon();
});
test.after.each(({ daemon }) => daemon.remove());

/** The line of the image, with this build in the image's place. */
async function asInTheImage(env: Record<string, string>): Promise<{ code: number | null; err: string }> {
  const [program, ...words] = (JSON.parse(command) as string[]).map(word => word.replace('/app/', root));
  assert.is(program, 'node');
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', chunk => (err += chunk));
  const [code] = await once(child, 'close');
  return { code: code as number | null, err };
}

for (const host of ['127.0.0.1', '127.0.0.2', '0.0.0.0']) {
  test(`the image asks where the daemon listens: ${host}`, async ({ daemon }) => {
    await daemon.launch({ HOST: host });
    const env = { HOST: host, PORT: String(daemon.port), API_KEYS: daemon.env.API_KEYS ?? '', DATA_DIR: daemon.dir };
    if (host === '0.0.0.0') env.API_KEYS = `a:read:${'0'.repeat(64)}`;
    for (let tries = 0; ; tries += 1) {
      const { code, err } = await asInTheImage(env);
      if (code === 0 || tries > 20) {
        assert.equal([code, err], [0, '']);
        break;
      }
    }
    await daemon.kill('SIGTERM');
    const { code, err } = await asInTheImage(env);
    assert.is(code, 1);
    assert.match(err, `no daemon is alive at ${daemonAddress({ host, port: daemon.port })}`);
  });
}

test('check may run beside the daemon', async ({ daemon }) => {
  await daemon.start({ API_KEYS: '' });
  const { code, out } = await invoke(['check'], { env: { DATA_DIR: daemon.dir, PORT: String(daemon.port) } });
  assert.is(code, 0, out);
  assert.match(out, 'in use by the running daemon');
  assert.match(out, 'a running daemon has it');
  assert.is((await daemon.post([])).status, 401);
});

const certificates = makeCertificates(temporaryFolder().path);
if ('skip' in certificates) skipped('a certificate', certificates.skip);
else {
  test('over HTTPS, healthcheck and the client commands find the daemon of these settings', async ({ daemon }) => {
    const folder = temporaryFolder();
    const tls = { TLS_CERT_FILE: join(folder.path, 'cert.pem'), TLS_KEY_FILE: join(folder.path, 'key.pem') };
    const { otherName, valid } = certificates;
    writeFileSync(tls.TLS_CERT_FILE, otherName.cert);
    writeFileSync(tls.TLS_KEY_FILE, otherName.key);
    await daemon.launch(tls);
    const env = { ...tls, HOST: '127.0.0.1', PORT: String(daemon.port), DATA_DIR: daemon.dir };
    await until(async () => (await asInTheImage(env)).code === 0, 'a healthy daemon');
    const client = { ...env, EVENT_SINK_API_KEY: daemon.key };
    const { code, err } = await invoke(['dead-letters', 'list'], { env: client });
    assert.equal([code, err], [0, '']);
    writeFileSync(join(folder.path, 'other.pem'), valid.cert);
    const url = `https://127.0.0.1:${daemon.port}`;
    const other = fetchByCertificate(url, join(folder.path, 'other.pem'));
    const refused = await other?.(`${url}/healthz`).catch((error: Error) => error);
    assert.instance(refused, Error, 'another certificate is not trusted');
    folder.remove();
  });
}

test('another program on the port is no daemon', async () => {
  const other = new StandIn(() => ({ status: 200, body: '<html>hello</html>' }));
  await other.start();
  const { code } = await invoke(['healthcheck'], { env: { PORT: new URL(other.origin).port } });
  await other.stop();
  assert.is(code, 1);
});

test('wrong settings, a port that nobody knows, nobody there', async () => {
  assert.is((await invoke(['healthcheck'], { env: { PORT: 'x' } })).code, 1);
  assert.is((await invoke(['healthcheck'], { env: { PORT: '0' } })).code, 1);
  assert.is((await invoke(['healthcheck'], { env: { PORT: String(await freePort()) } })).code, 1);
});

test('an IPv6 address stands in brackets, and all addresses mean this machine', () => {
  assert.is(daemonAddress({ host: '::1', port: 80 }), 'http://[::1]:80');
  assert.is(daemonAddress({ host: '::', port: 80 }), 'http://[::1]:80');
  assert.is(daemonAddress({ host: '0.0.0.0', port: 80 }), 'http://127.0.0.1:80');
});

test.run();
