import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig } from '../../../../src/config/load.js';
import { Outgoing } from '../../../../src/outgoing.js';
import { problemReport } from '../../../../src/settings/problems.js';
import { makeCertificates } from '../../../helpers/certificates.js';
import { runOnce } from '../../../helpers/health.js';
import { watchLeaks } from '../../../helpers/leaks.js';
import { freePort, portOf } from '../../../helpers/ports.js';
import { ForwardProxy } from '../../../helpers/servers/forward-proxy.js';
import { required } from '../../../helpers/skip.js';
import { temporaryFolder } from '../../../helpers/temporary.js';

const folder = temporaryFolder();
const certificates = required('certificates', makeCertificates(folder.path));
const password = 'p@ss-of-ann';

const test = suite('http probe through a proxy');
test.after(() => folder.remove());

const ends: (() => Promise<unknown>)[] = [];
test.after.each(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

watchLeaks(test);

/** Beyond the proxy: over TLS, and under a name of its own, when a certificate is given. */
async function behindProxy(answer: RequestListener, pair?: { readonly key: string; readonly cert: string }) {
  const server = pair === undefined ? createPlainServer(answer) : createServer(pair, answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise(closed => server.close(closed));
  });
  const proxy = new ForwardProxy(portOf(server as unknown as Server));
  await proxy.start();
  ends.push(() => proxy.stop());
  return proxy;
}

/** One run of a target that goes through the proxy, where the settings have one for it. */
function probe(url: string, address: string, { ca, exceptions = [] }: { ca?: string; exceptions?: string[] } = {}) {
  const proxy = { url: `http://${address}`, user: 'ann', password };
  const outgoing = new Outgoing({ http: proxy, https: proxy, exceptions });
  return runOnce({ name: 'web', url, proxy: true, timeout: 1, ...(ca === undefined ? {} : { ca }) }, { outgoing });
}

const authorization = `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`;
const { otherName } = certificates;
const secure = 'https://elsewhere.example.org';

test('a page beyond a proxy is up; it sees the host that was meant, and not what was for the proxy', async () => {
  const seen: unknown[] = [];
  const proxy = await behindProxy(({ url, headers }, response) => {
    seen.push(url, headers.host, headers.authorization, headers['proxy-authorization']);
    response.end('hello');
  });
  proxy.authorization = authorization;
  const { finding, reason, readings } = await probe('http://bob:pass@web.test:81/status?a=1', proxy.address);
  assert.equal([finding, reason, readings.status, readings.bytes], ['up', undefined, 200, 5]);
  assert.equal(proxy.asked, ['GET http://web.test:81/status?a=1']);
  assert.equal(seen, ['/status?a=1', 'web.test:81', `Basic ${Buffer.from('bob:pass').toString('base64')}`, undefined]);
  assert.ok((readings.time_connect ?? -1) >= 0 && (readings.time_first_byte ?? 0) >= (readings.time_connect ?? 0));
});

test('TLS goes through a tunnel, and the certificate is that of the host', async () => {
  const proxy = await behindProxy((_request, response) => response.end('hello'), otherName);
  proxy.authorization = authorization;
  const { finding, reason, readings } = await probe(secure, proxy.address, { ca: certificates.ca });
  assert.equal([finding, reason, readings.status], ['up', undefined, 200]);
  assert.equal(proxy.asked, ['CONNECT elsewhere.example.org:443']);
  assert.ok((readings.certificate_days_left ?? 0) > 25);
  assert.ok((readings.time_tls ?? 0) > 0 && (readings.time_connect ?? 0) > 0);
});

test('a certificate that is not to be trusted stays one behind a proxy', async () => {
  const proxy = await behindProxy((_request, response) => response.end('hello'), certificates.valid);
  proxy.authorization = authorization;
  const { finding, reason } = await probe(secure, proxy.address, { ca: certificates.ca });
  assert.equal([finding, reason], ['down', 'TLS certificate is for another name']);
});

for (const url of ['http://web.test', secure]) {
  const setting = url === secure ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const pair = url === secure ? otherName : undefined;

  test(`${setting}: a proxy where nothing listens is what is named`, async () => {
    const port = await freePort();
    const { finding, reason } = await probe(url, `127.0.0.1:${port}`);
    assert.equal(
      [finding, reason],
      ['unknown', `not checked: the proxy 127.0.0.1:${port} (${setting}): connection refused`],
    );
  });

  test(`${setting}: a name of a proxy that nobody knows`, async () => {
    const { reason = '' } = await probe(url, 'proxy.invalid:3128');
    assert.match(reason, `the proxy proxy.invalid:3128 (${setting})`);
    assert.match(reason, 'DNS failure');
  });

  test(`${setting}: a proxy that does not take the password`, async () => {
    const proxy = await behindProxy((_request, response) => response.end('hello'), pair);
    proxy.authorization = 'Basic of somebody else';
    const { finding, reason = '' } = await probe(url, proxy.address);
    assert.is(finding, 'unknown');
    assert.is(
      reason,
      `not checked: the proxy ${proxy.address} (${setting}) wants a user and a password that it knows (status 407)`,
    );
    assert.not.match(reason, password);
  });

  test(`${setting}: hosts of NO_PROXY are reached straight`, async () => {
    const proxy = await behindProxy((_request, response) => response.end('hello'), pair);
    const straight = await probe(url.replace(/\/\/.*/, '//straight.invalid'), proxy.address, {
      exceptions: ['straight.invalid'],
    });
    assert.match(straight.reason ?? '', /^DNS failure/);
    assert.equal(proxy.asked, []);
  });

  test(`${setting}: a proxy that says nothing, until the time is over`, async () => {
    const silent = createPlainServer(() => undefined).on('connect', () => undefined);
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
    const sockets = new Set<{ destroy(): void }>();
    silent.on('connection', socket => sockets.add(socket));
    ends.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise(closed => silent.close(closed));
    });
    const { reason = '' } = await probe(url, `127.0.0.1:${portOf(silent)}`);
    const phase = url === secure ? 'while the proxy connects' : 'waiting for the first byte';
    assert.is(reason, `no answer within 1 s (${phase})`);
  });
}

test('a proxy that cannot reach the host', async () => {
  const proxy = await behindProxy((_request, response) => response.writeHead(502).end());
  proxy.authorization = authorization;
  const { reason } = await probe('http://web.test', proxy.address);
  assert.is(reason, 'status 502 instead of 200 to 399, by way of the proxy');
});

test('without proxy: true a target is reached straight', async () => {
  const proxy = await behindProxy((_request, response) => response.end('hello'));
  const address = { url: `http://${proxy.address}`, user: undefined, password: undefined };
  const outgoing = new Outgoing({ http: address, https: address, exceptions: [] });
  const { reason = '' } = await runOnce({ name: 'web', url: 'http://web.invalid' }, { outgoing });
  assert.match(reason, /^DNS failure/);
  assert.equal(proxy.asked, []);
});

test('what the settings lack is said at the start', () => {
  const problems = (targets: string, env: Record<string, string> = {}): string => {
    const file = `health: {targets: [${targets}]}`;
    const loaded = loadConfig({ env: { EVENT_SINK_CONFIG: '/settings.yaml', ...env }, readFile: () => file });
    return 'problems' in loaded ? problemReport(loaded.problems) : '';
  };
  const target = '{name: web, url: "https://web.example.org", proxy: true}';
  assert.match(problems(target), 'target "web" has proxy: true, and HTTPS_PROXY is not set');
  assert.match(problems(target, { HTTP_PROXY: 'proxy:3128' }), 'HTTPS_PROXY is not set');
  assert.is(problems(target, { HTTPS_PROXY: 'proxy:3128' }), '');
  assert.not.match(problems(target, { HTTPS_PROXY: 'socks5://proxy' }), 'is not set');
  assert.match(problems('{name: web, url: "http://w.example.org", proxy: 3}'), 'proxy must be true or false');
  assert.match(problems('{name: db, url: "tcp://db:1", proxy: true}'), 'has proxy, which is only for http(s)://…');
});

test.run();
