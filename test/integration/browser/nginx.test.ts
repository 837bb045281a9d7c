// timeout: 180 s
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { freePort } from '../../helpers/ports.js';
import { startChromium } from '../../helpers/servers/chromium.js';
import { startNginx } from '../../helpers/servers/nginx.js';
import { StandIn } from '../../helpers/servers/stand-in.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

// deploy/nginx/browser.conf, on a real nginx, between a real browser and pages as Clowder sends them.

/** Without a screen it calls itself headless, and counts as a crawler. */
const agent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const dataset = '65fd8f8b72b6e319f3c4706e';
const page = `<!DOCTYPE html>
<html lang="en">
  <head><title>Clowder</title></HEAD>
  <body><a href="/files/${dataset}/blob" download>Download</a><p>A text with </head> in it</p></body>
</html>`;

/** Pages, and what is not one: scripts, JSON, files. */
const clowder = new StandIn(({ url: { pathname }, headers }) => {
  if (pathname === '/api/files')
    return { status: 200, body: '["</head>"]', headers: { 'content-type': 'application/json' } };
  if (pathname === '/assets/main.js')
    return { status: 200, body: '"</head>"', headers: { 'content-type': 'text/javascript' } };
  if (pathname === '/bare') return { status: 200, body: '<p>Not found', headers: { 'content-type': 'text/html' } };
  const packs = String(headers['accept-encoding'] ?? '').includes('gzip');
  return {
    status: pathname === '/missing' ? 404 : 200,
    body: packs ? gzipSync(page).toString('latin1') : page,
    headers: { 'content-type': 'text/html; charset=utf-8', ...(packs ? { 'content-encoding': 'gzip' } : {}) },
  };
});
await clowder.start();
const browser = required('chromium', await startChromium());
const key = `es_${randomBytes(16).toString('hex')}`;
const daemon = new TestDaemon({ port: await freePort() });
const nginx = required(
  'nginx',
  await startNginx({
    server: readFileSync('deploy/nginx/browser.conf', 'utf8')
      .replaceAll('http://127.0.0.1:8080', daemon.url)
      .replaceAll('http://127.0.0.1:9000', clowder.origin)
      .replaceAll('es_YOUR_COLLECT_KEY', key),
  }),
);
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
await daemon.start({
  TRUST_PROXY: '127.0.0.1',
  NGINX_ACCESS_LOG: nginx.accessLog,
  NGINX_TRAFFIC_EVENTS: 'views',
  API_KEYS: `test:publish+read+admin:${hashOf(daemon.key)},pages:collect:${hashOf(key)}:origin=${nginx.url}`,
});

test.after(async () => {
  await browser.close();
  await nginx.stop();
  await daemon.remove();
  await clowder.stop();
});

const element = `<script defer src="/event-sink/snippet.js" data-key="${key}"></script></head>`;
const textOf = async (path: string): Promise<string> => (await fetch(`${nginx.url}${path}`)).text();

test('each page has the snippet once, and is otherwise as Clowder sent it', async () => {
  for (const path of ['/', `/datasets/${dataset}`, `/files/${dataset}?dataset=1`, '/spaces', '/missing']) {
    const text = await textOf(path);
    assert.is(text.split(element).length, 2, path);
    assert.is(text.replace(element, '</HEAD>'), page, path);
  }
});

test('what is not a page is left alone', async () => {
  assert.is(await textOf('/api/files'), '["</head>"]');
  assert.is(await textOf('/assets/main.js'), '"</head>"');
  assert.is(await textOf('/bare'), '<p>Not found');
});

test('in a browser, a view and a download arrive from the host of Clowder, and only from there', async () => {
  const context = await browser.newContext({ userAgent: agent });
  const visit = await context.newPage();
  const hosts = new Set<string>();
  visit.on('request', request => hosts.add(new URL(request.url()).origin));
  await visit.goto(`${nginx.url}/datasets/${dataset}`);
  await visit.click('a');
  const [download] = await until(
    async () => {
      const found = await daemon.stored('browser_download');
      return found.length > 0 && found;
    },
    'a download',
    60_000,
    50,
  );
  assert.is(download?.url, `${nginx.url}/files/${dataset}/blob`);
  await daemon.drained();
  const views = await daemon.stored('browser_page_view');
  const view = views.find(({ url }) => url === `${nginx.url}/datasets/${dataset}`);
  assert.is(view?.resource_id, dataset);
  assert.is(view?.visitor, download?.visitor);
  assert.is(view?.agent_kind, 'person');
  assert.equal([...hosts], [nginx.url]);
  await context.close();
});

test('the same view in the log is another event, of the same visitor, and neither counts for the other', async () => {
  const views = await daemon.stored('browser_page_view');
  const view = views.find(({ url }) => url === `${nginx.url}/datasets/${dataset}`);
  const logged = await until(
    async () => {
      const found = (await daemon.stored('page_view')).filter(({ visitor }) => visitor === view?.visitor);
      return found.length > 0 && found;
    },
    'the line of the log',
    60_000,
    50,
  );
  assert.ok(view !== undefined);
  assert.equal(
    logged.map(({ _source, source, url, resource_id: id }) => ({ _source, source, url, id })),
    [{ _source: 'nginx', source: undefined, url: `/datasets/${dataset}`, id: dataset }],
  );
});

test('the log has the page, and nothing of the snippet', async () => {
  const log = readFileSync(nginx.accessLog, 'utf8');
  assert.match(log, `GET /datasets/${dataset} `);
  assert.not.match(log, /event-sink/);
});

test('a client cannot choose its address, and so not its pseudonym', async () => {
  const send = async (name: string, forwarded: string): Promise<unknown> => {
    const response = await fetch(`${nginx.url}/event-sink/2/httpapi`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', origin: nginx.url, 'x-forwarded-for': forwarded, 'user-agent': 'same' },
      body: JSON.stringify({ api_key: key, events: [{ event_type: name, insert_id: name }] }),
    });
    assert.is(response.status, 200, await response.text());
    await daemon.drained();
    return (await daemon.stored(name))[0]?.visitor;
  };
  assert.is(await send('forged_one', '192.0.2.1'), await send('forged_two', '192.0.2.2'));
});

test.run();
