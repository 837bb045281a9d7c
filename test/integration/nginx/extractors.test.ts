// timeout: 60 s
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { startNginx } from '../../helpers/servers/nginx.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const id = '5fad53bfe4b00dcab417b69c';
const template =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$extractor"';
const nginx = required(
  'nginx',
  await startNginx({
    // As docs/nginx.md has it, but for the address: all requests here come from one.
    http: `map $arg_key $extractor { default ''; key-1 ncsa.wordcount; } log_format named '${template}';`,
    server: `location / { return 200 '${'x'.repeat(1000)}'; }`,
    format: 'named',
  }),
);
const daemon = new TestDaemon({
  env: {
    ...{ NGINX_ACCESS_LOG: nginx.accessLog, NGINX_LOG_FORMAT: template, NGINX_EXTRACTOR: '$extractor' },
    ...{ NGINX_TRAFFIC_EVENTS: 'on', NGINX_WINDOW_SECONDS: '1' },
  },
});

const test = suite('what extractors fetch, by the log of a real nginx');
test.after(async () => {
  await daemon.remove();
  await nginx.stop();
});

test('each has its name, its requests and its bytes, in the windows and in the events', async () => {
  const ask = async (path: string, agent: string): Promise<void> => {
    await (await fetch(`${nginx.url}${path}`, { headers: { 'user-agent': agent } })).text();
  };
  await ask(`/api/files/${id}/blob?key=key-1&tracking=false`, 'python-requests/2.31.0');
  await ask(`/api/files/${id}?key=key-1&tracking=false`, 'python-requests/2.31.0');
  await ask(`/api/files/${id}/blob?key=key-2&tracking=false`, 'python-requests/2.31.0');
  await ask(`/api/files/${id}/blob`, 'curl/8.5.0');
  await daemon.start();
  const windows = await until(async () => {
    const found = await daemon.stored('connections');
    return found.reduce((sum, { requests }) => sum + Number(requests), 0) === 4 && found;
  }, 'the windows');
  const sums = new Map<string, number[]>();
  const add = (name: string, ...numbers: number[]): unknown =>
    sums.set(
      name,
      numbers.map((number, place) => number + (sums.get(name)?.[place] ?? 0)),
    );
  for (const window of windows) {
    add('all', Number(window.extractor_requests), Number(window.extractor_bytes));
    for (const { name, requests, bytes } of window.extractors as { name: string; requests: number; bytes: number }[])
      add(name, requests, bytes);
    for (const { route, requests } of window.routes as { route: string; requests: number }[]) add(route, requests);
  }
  assert.equal(Object.fromEntries(sums), {
    all: [3, 3000],
    'ncsa.wordcount': [2, 2000],
    'python-requests': [1, 1000],
    'GET /api/files/:id/blob': [3],
    'GET /api/files/:id': [1],
  });
  const downloads = await daemon.stored('resource_download');
  assert.equal(downloads.map(({ agent_kind, extractor_name }) => [agent_kind, extractor_name].join(' ')).sort(), [
    ...['extractor ncsa.wordcount', 'extractor ncsa.wordcount', 'extractor python-requests', 'machine '],
  ]);
  assert.not.match(JSON.stringify([windows, downloads]), /key-[12]/);
});

test.run();
