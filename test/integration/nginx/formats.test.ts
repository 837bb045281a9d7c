// timeout: 60 s
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../src/clock.js';
import { silentLog } from '../../../src/log.js';
import { parseFormat } from '../../../src/nginx/lines/format.js';
import type { NginxConfig } from '../../../src/nginx/nginx-config.js';
import { createLogReader } from '../../../src/nginx/source.js';
import { VisitorKeys } from '../../../src/nginx/traffic/visitors.js';
import { startNginx } from '../../helpers/servers/nginx.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { idSecret, MemoryStore, noMemory, plainConfig } from '../../nginx/scene.js';

const main = `log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
  '"$http_referer" "$http_user_agent" "$http_x_forwarded_for" $pid $connection $request_time';`;
const json = `log_format lines escape=json '{"at":"$msec","client":{"ip":"$remote_addr","agent":"$http_user_agent"},"user":"$remote_user",'
  '"line":"$request","status":$status,"bytes":$body_bytes_sent,"from":"$http_referer","pid":$pid,"connection":$connection}';`;
/** The one that comes with the daemon, without the line that says which log to write. */
const named = readFileSync(new URL('../../../../deploy/nginx/log-format.conf', import.meta.url), 'utf8').replace(
  /^access_log.*$/m,
  '',
);

const nginx = required(
  'nginx',
  await startNginx({
    http: [main, json, named].join('\n'),
    server: `access_log access.log combined; access_log main.log main; access_log lines.log lines; access_log named.log event_sink;
    location / { return 200 'hello\\n'; }
    location /missing { return 404; }`,
  }),
);

const dataset = '/datasets/5fad53bfe4b00dcab417b69c';
const agents = [
  'Mozilla/5.0 Firefox/123.0',
  'Mozilla/5.0 (X11; "quoted" \\ backslash) Firefox/123.0',
  'Mozilla/5.0 (X11; žluťoučký kůň) Firefox/123.0',
  'curl/8.5.0',
  '',
];

interface Asked {
  readonly path: string;
  readonly agent?: string;
  readonly method?: string;
  readonly user?: string;
}

function ask({ path, agent = '', method = 'GET', user }: Asked, connection: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(agent === '' ? {} : { 'user-agent': Buffer.from(agent).toString('latin1') }),
      ...(user === undefined ? {} : { authorization: `Basic ${Buffer.from(`${user}:x`).toString('base64')}` }),
      referer: 'https://h.example/?a="b"',
    };
    request({ host: '127.0.0.1', port: nginx.port, path, method, headers, agent: connection }, answer =>
      answer.resume().once('end', resolve),
    )
      .once('error', reject)
      .end();
  });
}

/** What no client library would send. */
function send(bytes: string): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(nginx.port, '127.0.0.1', () => socket.end(bytes));
    socket.resume().once('close', () => resolve());
  });
}

async function eventsOf(file: string, format: string) {
  const config: NginxConfig = {
    ...{ ...plainConfig, format: parseFormat(format), windowMs: 3_600_000 * 24, keepIp: true },
    trafficEvents: ['views', 'downloads', 'api'],
  };
  // A day ahead: every window is closed.
  const clock = { ...systemClock, now: () => Date.now() + 2 * 86_400_000 };
  const store = new MemoryStore();
  const reader = createLogReader({
    ...{ path: join(dirname(nginx.accessLog), file), name: 'log', config, store, clock, log: silentLog },
    clowderUrl: undefined,
    idSecret,
    visitors: new VisitorKeys(noMemory, clock, () => 'salt'),
    countryOf: () => undefined,
    onHold: async error => {
      throw error;
    },
    stopping: new AbortController().signal,
  });
  await reader.open();
  while ((await reader.pass()).more);
  await reader.close();
  assert.is(store.checkpoint.totals.unparsed, 0, file);
  return store;
}

test('a real nginx writes the same requests in four formats, and they are read as the same', async () => {
  const connections = [1, 2, 3].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
  for (const connection of connections) {
    for (const agent of agents) await ask({ path: `${dataset}?key=s3cret&a="b"`, agent }, connection);
    await ask({ path: '/api/x', method: 'POST', user: 'ann [admin] "x"', agent: 'x' }, connection);
    await ask(
      { path: '/missing/é%20"\\'.replace('é', '%C3%A9'), user: '- [05/Mar/2024:10:00:00 +0000] "', agent: 'x' },
      connection,
    );
    await ask({ path: `/${'long/'.repeat(1000)}`, agent: 'x' }, connection);
    connection.destroy();
  }
  const odd = [
    'GARBAGE\r\n\r\n',
    'GET /nine\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\r\n\r\n',
    'GET http://h.example/api/y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  ];
  for (const bytes of odd) await send(bytes);
  const written = await until(() => {
    const lines = readFileSync(nginx.accessLog, 'utf8').split('\n').length - 1;
    return lines >= 3 * 8 + odd.length && lines;
  }, 'all lines');

  const logs = {
    access: await eventsOf('access.log', 'combined'),
    main: await eventsOf('main.log', main),
    lines: await eventsOf('lines.log', json),
    named: await eventsOf('named.log', 'json'),
  };
  const shown = Object.values(logs).map(store => {
    assert.is(store.requests, written);
    const [window] = store.events('connections');
    const { connections: connected, ...counts } = window!;
    const traffic = store.messages
      .map(({ body }) => JSON.parse(body))
      .filter(({ category }) => category !== 'connections');
    return {
      connected,
      counts,
      traffic: traffic.map(({ duration, created, visitor, ...rest }) => ({
        ...rest,
        bytes: rest.bytes,
        second: Math.floor(created / 1000),
      })),
      visitors: new Set(traffic.map(({ visitor }) => visitor)).size,
    };
  });
  const [combined, withPid, lines, byName] = shown;
  assert.equal(withPid?.counts, combined?.counts);
  assert.equal(lines?.counts, combined?.counts);
  // A request line that is none has neither method nor target of its own.
  assert.is(byName?.counts.requests, combined?.counts.requests);
  assert.equal(withPid?.traffic, combined?.traffic);
  assert.equal(lines?.traffic, combined?.traffic);
  assert.equal(byName?.traffic.length, combined?.traffic.length);
  for (const { connected } of [withPid, lines, byName] as { connected: unknown }[])
    assert.is(connected, 3 + odd.length, 'a connection each, however many requests it carried');
  const views = combined?.traffic.filter(({ category }) => category === 'page_view') ?? [];
  assert.is(views.length, 3 * agents.length);
  assert.equal([...new Set(views.map(({ user_agent }) => user_agent ?? ''))].sort(), [...agents].sort());
  assert.equal([...new Set(views.map(({ url }) => url))], [`${dataset}?a="b"`]);
});

test.after(() => nginx.stop());

test.run();
