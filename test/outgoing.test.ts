import { createServer } from 'node:https';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig } from '../src/config/load.js';
import { SetupError, TransientError } from '../src/errors.js';
import { Outgoing } from '../src/outgoing.js';
import { problemReport } from '../src/settings/problems.js';
import { type Certificates, makeCertificates } from './helpers/certificates.js';
import { freePort, portOf } from './helpers/ports.js';
import { Running } from './helpers/running.js';
import { AmplitudeServer } from './helpers/servers/amplitude.js';
import { ForwardProxy } from './helpers/servers/forward-proxy.js';
import { InfluxdbStandIn } from './helpers/servers/influxdb-stand-in.js';
import { sinkTools, someEvents } from './helpers/sink-session.js';
import { required } from './helpers/skip.js';
import { temporaryFolder } from './helpers/temporary.js';

const folder = temporaryFolder();
test.after(() => folder.remove());
const certificates: Certificates = required('certificates', makeCertificates(folder.path));
const patience = new AbortController().signal;

function configured(env: Record<string, string>) {
  const loaded = loadConfig({ env: { LOCAL_STORE: 'off', ...env }, readFile: () => '' });
  if ('problems' in loaded) throw new Error(problemReport(loaded.problems));
  return loaded.config;
}

const through = (env: Record<string, string>) => {
  const outgoing = new Outgoing(configured(env).proxies);
  return (url: string): string | undefined => outgoing.proxyFor(new URL(url))?.url;
};

test('each scheme has its proxy, under either spelling', () => {
  const proxyFor = through({ HTTPS_PROXY: 'proxy:3128', http_proxy: 'http://other:80/' });
  assert.is(proxyFor('https://api2.amplitude.com/x'), 'http://proxy:3128');
  assert.is(proxyFor('http://influx:8086'), 'http://other:80');
  assert.is(through({ HTTPS_PROXY: 'proxy:3128' })('http://influx:8086'), undefined);
});

test('this machine is never reached through a proxy', () => {
  const proxyFor = through({ HTTP_PROXY: 'proxy:3128', HTTPS_PROXY: 'proxy:3128' });
  for (const url of ['http://localhost:1', 'http://127.0.0.9/', 'https://[::1]:8086', 'http://[::ffff:127.0.0.1]']) {
    assert.is(proxyFor(url), undefined, url);
  }
});

const exceptions: [noProxy: string, straight: string[], proxied: string[]][] = [
  ['*', ['https://a.b'], []],
  ['example.org', ['https://example.org', 'https://a.example.org'], ['https://notexample.org', 'https://example.com']],
  ['.example.org , internal', ['https://a.example.org', 'https://internal'], ['https://internal.example.com']],
  ['*.example.org', ['https://a.example.org'], ['https://example.net']],
  ['example.org:8086', ['https://example.org:8086'], ['https://example.org']],
  ['Example.ORG:443', ['https://example.org'], ['https://example.org:444']],
  ['10.0.0.7', ['https://10.0.0.7:9'], ['https://10.0.0.77']],
  [
    '[fd00::1]:8086,fd00::2',
    ['https://[fd00::1]:8086', 'https://[fd00::2]'],
    ['https://[fd00::1]', 'https://[fd00::3]'],
  ],
];

for (const [NO_PROXY, straight, proxied] of exceptions) {
  test(`NO_PROXY=${NO_PROXY}`, () => {
    const proxyFor = through({ HTTPS_PROXY: 'proxy:3128', NO_PROXY });
    for (const url of straight) assert.is(proxyFor(url), undefined, url);
    for (const url of proxied) assert.is(proxyFor(url), 'http://proxy:3128', url);
  });
}

test('a proxy that is none is refused, and its password shows nowhere', () => {
  for (const HTTPS_PROXY of ['socks5://u:hunter2@proxy:1080', 'http://u:hunter2#x@proxy', 'http://u:hunter2%@proxy']) {
    const loaded = loadConfig({ env: { HTTPS_PROXY }, readFile: () => '' });
    assert.ok('problems' in loaded);
    assert.equal(
      loaded.problems.map(({ name }) => name),
      ['HTTPS_PROXY'],
    );
    assert.not.match(problemReport(loaded.problems), 'hunter2');
  }
});

async function proxied(
  target: { start(): Promise<void>; stop(): Promise<void>; readonly origin: string },
  run: (proxy: ForwardProxy) => Promise<void>,
) {
  await target.start();
  const proxy = new ForwardProxy(Number(new URL(target.origin).port));
  await proxy.start();
  try {
    await run(proxy);
  } finally {
    await proxy.stop();
    await target.stop();
  }
}

/** What one sink does with these settings. */
async function deliver(env: Record<string, string>, count: number): Promise<void> {
  const { sinks, proxies } = configured(env);
  for (const { definition, config } of sinks) {
    const session = await definition.open(config, sinkTools({ outgoing: new Outgoing(proxies) }));
    try {
      await session.write(someEvents(count), patience);
    } finally {
      await session.close();
    }
  }
}

test('Amplitude is reached through a proxy that wants to know who asks', async () => {
  const server = new AmplitudeServer();
  await proxied(server, async proxy => {
    proxy.authorization = `Basic ${Buffer.from('ann:p@ss').toString('base64')}`;
    const env = {
      AMPLITUDE_API_KEY: 'key-of-the-project',
      AMPLITUDE_SERVER_URL: 'http://amplitude.test/2/httpapi',
      HTTP_PROXY: `http://ann:p%40ss@${proxy.address}`,
    };
    await deliver(env, 3);
    assert.is(server.accepted.length, 3);
    assert.equal(proxy.asked, ['POST http://amplitude.test/2/httpapi']);
  });
});

test('a proxy that forbids what events say holds them: it is not Amplitude that refuses them for good', async () => {
  const server = new AmplitudeServer();
  await proxied(server, async proxy => {
    const env = {
      AMPLITUDE_API_KEY: 'key-of-the-project',
      AMPLITUDE_SERVER_URL: 'http://amplitude.test/2/httpapi',
      HTTP_PROXY: `http://${proxy.address}`,
    };
    proxy.forbids = body => body.includes('"insert_id"');
    const error = await deliver(env, 3).catch(fault => fault);
    assert.instance(error, SetupError);
    assert.match(error.message, `the proxy ${proxy.address} (HTTP_PROXY)`);
    proxy.forbids = () => false;
    server.forbids = () => true;
    const { sinks, proxies } = configured(env);
    const session = await sinks[0]!.definition.open(sinks[0]!.config, sinkTools({ outgoing: new Outgoing(proxies) }));
    const { rejected } = await session.write(someEvents(1), patience);
    assert.match(rejected?.[0]?.reason ?? '', '403');
    await session.close();
  });
});

for (const version of ['1.x', '2'] as const) {
  test(`InfluxDB ${version} is reached through a proxy`, async () => {
    const server = new InfluxdbStandIn();
    await proxied(server, async proxy => {
      proxy.authorization = `Basic ${Buffer.from('ann:pass').toString('base64')}`;
      const env =
        version === '2'
          ? {
              INFLUXDB_URL: 'http://influx.test:8086',
              INFLUXDB_TOKEN: server.token,
              INFLUXDB_BUCKET: 'eventsink',
              INFLUXDB_ORG: 'clowder',
            }
          : { INFLUXDB_HOST: 'influx.test', INFLUXDB_USER: 'ann', INFLUXDB_PASSWORD: server.token };
      await deliver({ ...env, HTTP_PROXY: `ann:pass@${proxy.address}` }, 3).catch(error => {
        throw new Error(`${error.message}; ${proxy.asked}`);
      });
      assert.is(server.ids().length, 3);
      assert.ok(
        proxy.asked.every(line => /^POST http:\/\/influx\.test:8086\//.test(line)),
        String(proxy.asked),
      );
    });
  });
}

/** What a sink says of a batch that it could not send. */
async function failure(env: Record<string, string>): Promise<Error> {
  return deliver(env, 1).then(
    () => new Error('delivered'),
    error => error,
  );
}

const unreachable: Record<string, (scheme: string) => Record<string, string>> = {
  Amplitude: scheme => ({ AMPLITUDE_API_KEY: 'k', AMPLITUDE_SERVER_URL: `${scheme}://amplitude.test/2/httpapi` }),
  'InfluxDB 2': scheme => ({ INFLUXDB_URL: `${scheme}://influx.test`, INFLUXDB_BUCKET: 'b' }),
};

for (const [sink, env] of Object.entries(unreachable)) {
  for (const [scheme, setting] of [
    ['http', 'HTTP_PROXY'],
    ['https', 'HTTPS_PROXY'],
  ] as const) {
    test(`${sink}: a proxy for ${scheme} where nothing listens is what is named`, async () => {
      const port = await freePort();
      const error = await failure({ ...env(scheme), [setting]: `ann:hunter2@127.0.0.1:${port}` });
      assert.instance(error, TransientError);
      assert.match(error.message, `the proxy 127.0.0.1:${port} (${setting}) refused the connection`);
      assert.not.match(error.message, 'hunter2');
    });

    test(`${sink}: a proxy for ${scheme} that does not take the password: nothing is given up`, async () => {
      const proxy = new ForwardProxy(await freePort());
      proxy.authorization = 'Basic of somebody else';
      await proxy.start();
      try {
        const error = await failure({ ...env(scheme), [setting]: `ann:hunter2@${proxy.address}` });
        assert.ok(error instanceof TransientError || error instanceof SetupError, String(error));
        assert.match(error.message, /proxy .*407|407.*proxy/);
        assert.match(error.message, 'wants a user and a password');
        assert.not.match(error.message, 'hunter2');
      } finally {
        await proxy.stop();
      }
    });
  }
}

test('https through a tunnel, with a private authority in NODE_EXTRA_CA_CERTS; without it, a sentence', async () => {
  const { key, cert } = certificates.otherName;
  const server = createServer({ key, cert }, (incoming, response) => {
    incoming.resume();
    incoming.on('end', () => {
      if (incoming.url?.startsWith('/api/v2/write')) response.writeHead(204).end();
      else response.writeHead(200).end('{"code":200}');
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const proxy = new ForwardProxy(portOf(server as never));
  await proxy.start();
  try {
    const env: Record<string, string> = {
      PATH: process.env.PATH ?? '',
      PORT: '0',
      LOCAL_STORE: 'off',
      DATA_DIR: folder.path,
      AMPLITUDE_API_KEY: 'k',
      AMPLITUDE_SERVER_URL: 'https://elsewhere.example.org/2/httpapi',
      INFLUXDB_URL: 'https://elsewhere.example.org',
      INFLUXDB_BUCKET: 'b',
      HTTPS_PROXY: `http://${proxy.address}`,
    };
    const check = async (more: Record<string, string>) => {
      const running = new Running(process.execPath, ['dist/src/main.js', 'check', '--json'], {
        env: { ...env, ...more },
      });
      await running.exited;
      const lines = running.output
        .split('\n')
        .filter(line => line.startsWith('{'))
        .map(line => JSON.parse(line));
      const tried = lines.filter(({ outcome }) => outcome !== 'not tried');
      return Object.fromEntries(
        tried.map(({ dependency, outcome, result }) => [dependency, outcome === 'ok' ? 'ok' : result]),
      );
    };
    const trusting = await check({ NODE_EXTRA_CA_CERTS: certificates.ca });
    assert.equal([trusting.Amplitude, trusting.InfluxDB], ['ok', 'ok']);
    assert.ok(proxy.asked.length >= 2 && proxy.asked.every(line => line === 'CONNECT elsewhere.example.org:443'));
    const strict = await check({});
    for (const said of [strict.Amplitude, strict.InfluxDB]) {
      assert.match(
        said,
        /no secure connection to elsewhere\.example\.org: TLS certificate .*: set NODE_EXTRA_CA_CERTS/,
      );
    }
  } finally {
    await proxy.stop();
    server.closeAllConnections();
    await new Promise(closed => server.close(closed));
  }
});

test.run();
