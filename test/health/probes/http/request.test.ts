import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeCertificates, type Pair } from '../../../helpers/certificates.js';
import { runOnce } from '../../../helpers/health.js';
import { freePorts } from '../../../helpers/ports.js';
import { nobody } from '../../../helpers/running.js';
import { startNginx } from '../../../helpers/servers/nginx.js';
import { required } from '../../../helpers/skip.js';
import { temporaryFolder } from '../../../helpers/temporary.js';

// What a person reads of a real nginx, in each of the states that it can be in.
const folder = temporaryFolder(nobody);
const certificates = required('certificates', makeCertificates(folder.path));
const { valid, expired, otherName, belowIntermediate } = certificates;
const [validPort = 0, expiredPort = 0, otherPort = 0, alonePort = 0] = await freePorts(4);

function secureServer(port: number, name: string, pair: Pair): string {
  const file = (kind: string, text: string): string => {
    const path = `${folder.path}/nginx-${name}.${kind}`;
    writeFileSync(path, text);
    return path;
  };
  return `server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${file('pem', pair.cert)};
    ssl_certificate_key ${file('key', pair.key)};
    location / { return 200 'hello'; }
  }`;
}

const nginx = required(
  'nginx',
  await startNginx({
    http: [
      secureServer(validPort, 'valid', valid),
      secureServer(expiredPort, 'expired', expired),
      secureServer(otherPort, 'other', otherName),
      secureServer(alonePort, 'alone', belowIntermediate),
    ].join('\n'),
    server: `
    gzip on; gzip_min_length 1; gzip_types application/json;
    location = / { return 200 'Clowder is here'; }
    location = /status { default_type application/json; return 200 '{"status":"ok","queue":{"waiting":12}}'; }
    location = /broken { return 500; }
    location = /away { return 503; }
    location = /moved { return 301 /status; }
    location = /round { return 302 /round; }
    location = /key { if ($http_x_api_key != "secret-key-1") { return 401; } return 200 'known'; }
    location = /post { if ($request_method != POST) { return 405; } return 204; }
    location = /upstream { proxy_pass http://127.0.0.1:1; }`,
  }),
);

const test = suite('http probe of nginx');
test.after(async () => {
  await nginx.stop();
  folder.remove();
});

async function state(path: string, more: object = {}): Promise<string> {
  const { finding, reason } = await runOnce({ name: 'web', url: `${nginx.url}${path}`, ...more });
  return reason === undefined ? finding : `${finding}: ${reason}`;
}

test('what a person reads of each answer', async () => {
  assert.is(await state('/', { expect: { body: 'Clowder' } }), 'up');
  assert.is(await state('/', { expect: { body: 'DSpace' } }), 'down: body does not contain "DSpace"');
  assert.is(await state('/', { expect: { matches: 'is (here|there)$' } }), 'up');
  assert.is(await state('/broken'), 'down: status 500 instead of 200 to 399');
  assert.is(await state('/away', { expect: { status: '200-299|401' } }), 'down: status 503 instead of 2xx, 401');
  assert.is(await state('/upstream'), 'down: status 502 instead of 200 to 399');
  assert.is(await state('/none', { expect: { status: 404 } }), 'up');
  assert.is(await state('/status', { expect: { json: { status: 'ok', 'queue.waiting': { '<': 100 } } } }), 'up');
  assert.is(
    await state('/status', { expect: { json: { 'queue.waiting': { '<': 10 } } } }),
    'down: queue.waiting is 12 instead of less than 10',
  );
  assert.is(await state('/status', { expect: { headers: { 'Content-Type': 'application/json' } } }), 'up');
  assert.is(
    await state('/', { expect: { headers: { Server: { '~': '^Apache' } } } }).then(text =>
      text.replace(/nginx[^"]*/, 'nginx'),
    ),
    'down: header server is "nginx", without "^Apache"',
  );
});

test('a packed answer is read, whoever asked for it', async () => {
  const more = { headers: { 'Accept-Encoding': 'gzip' }, expect: { json: { status: 'ok' } } };
  assert.is(await state('/status', more), 'up');
});

test('redirects, keys and methods', async () => {
  assert.is(await state('/moved'), 'up');
  assert.is(await state('/moved', { redirects: 1, expect: { json: { status: 'ok' } } }), 'up');
  assert.is(await state('/round', { redirects: 2 }), 'down: is redirected more than 2 times');
  assert.is(await state('/key'), 'down: status 401 instead of 200 to 399');
  assert.is(await state('/key', { headers: { 'X-API-Key': 'secret-key-1' } }), 'up');
  assert.is(await state('/post'), 'down: status 405 instead of 200 to 399');
  assert.is(await state('/post', { method: 'POST', body: 'x' }), 'up');
});

test('certificates', async () => {
  const secure = async (port: number, more: object = {}) =>
    state('', { url: `https://127.0.0.1:${port}/`, ca: certificates.ca, ...more });
  assert.is(await secure(validPort), 'up');
  assert.is(
    await secure(validPort, { expect: { certificate_days: 40 } }),
    'degraded: TLS certificate ends in 30 days, fewer than 40',
  );
  assert.is(await secure(expiredPort), 'down: TLS certificate has expired');
  assert.is(await secure(otherPort), 'down: TLS certificate is for another name');
  assert.is(await secure(alonePort), 'down: TLS certificate comes from an issuer that is not trusted');
  assert.is(await secure(alonePort, { lenient: true }), 'up');
  assert.is(
    await state('', { url: `https://127.0.0.1:${nginx.port}/` }),
    'down: TLS handshake failed: the other side does not speak TLS',
  );
});

test.run();
