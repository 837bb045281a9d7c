import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createParser } from '../../src/nginx/lines/create-parser.js';
import { parseFormat } from '../../src/nginx/lines/format.js';
import { slots } from '../../src/nginx/lines/slots.js';
import { TestDaemon } from '../helpers/daemon.js';
import { startNginx } from '../helpers/servers/nginx.js';
import { required } from '../helpers/skip.js';
import { until } from '../helpers/wait.js';

const daemon = await new TestDaemon({ env: { TRUST_PROXY: 'on' } }).start();
const nginx = required(
  'nginx',
  await startNginx({
    http: readFileSync('deploy/nginx/log-format.conf', 'utf8').replaceAll(/^access_log.*$/gm, ''),
    server: readFileSync('deploy/nginx/proxy.conf', 'utf8').replaceAll('http://127.0.0.1:8080', daemon.url),
    format: 'event_sink',
  }),
);

test.after(async () => {
  await nginx.stop();
  await daemon.remove();
});

test('behind the proxy the daemon takes events', async () => {
  const response = await fetch(`${nginx.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': daemon.key },
    body: '{"category":"upload"}',
  });
  assert.is(response.status, 202);
});

test('behind the proxy the live stream comes at once, and is not held back', async () => {
  const stop = new AbortController();
  const response = await fetch(`${nginx.url}/v1/stream`, { headers: { 'x-api-key': daemon.key }, signal: stop.signal });
  assert.is(response.status, 200);
  const reader = response.body?.getReader();
  await daemon.post([{ category: 'download', url: 'seen-live' }]);
  let received = '';
  while (!received.includes('seen-live')) received += new TextDecoder().decode((await reader?.read())?.value);
  stop.abort();
});

test('the log format is read as NGINX_LOG_FORMAT=json, with connection and duration', async () => {
  await fetch(`${nginx.url}/healthz?quote="&tag=<é>`, {
    headers: { 'user-agent': 'a "browser"\\', referer: 'http://x/', authorization: `Basic ${btoa('mira:x')}` },
  });
  const line = await until(
    () =>
      readFileSync(nginx.accessLog, 'utf8')
        .split('\n')
        .find(one => one.includes('/healthz')),
    'a line in the log',
  );
  const parser = createParser(parseFormat('json'));
  const bytes = Buffer.from(line);
  assert.ok(parser.parse(bytes, 0, bytes.length), line);
  for (const name of ['address', 'msec', 'pid', 'connection', 'duration', 'received'] as const) {
    assert.ok(parser.text(slots[name]), name);
  }
  assert.equal(
    (['method', 'target', 'status', 'agent', 'referrer', 'user'] as const).map(name => parser.text(slots[name])),
    ['GET', '/healthz?quote=%22&tag=%3C%C3%A9%3E', '200', 'a "browser"\\', 'http://x/', 'mira'],
  );
});

test.run();
