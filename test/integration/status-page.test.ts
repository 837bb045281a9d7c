import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AvailabilityReport, PublicStatus } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort, portOf } from '../helpers/ports.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until as untilWithin } from '../helpers/wait.js';
import { elementsOf } from '../helpers/xml.js';

/** On a busy machine. */
const until: typeof untilWithin = (condition, what) => untilWithin(condition, what, 60_000);

const test = suite('the status page of the daemon');
const folder = temporaryFolder();
const web = createServer((_request, response) => response.end('ok'));
let daemon: TestDaemon;
let port = 0;
let closedPort = 0;

const plannedFrom = new Date(Date.now() + 2 * 86_400_000);
const plannedUntil = new Date(plannedFrom.getTime() + 3_600_000);

test.before(async () => {
  await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve));
  port = portOf(web);
  closedPort = await freePort();
  const config = join(folder.path, 'config.yaml');
  const maintenance = [{ from: plannedFrom, until: plannedUntil, message: 'New <disks> & cables' }];
  const targets = [
    {
      ...{ name: 'clowder', url: `http://ann:secret-of-ann@127.0.0.1:${port}/healthz?token=hunter22` },
      ...{ group: 'Repository', maintenance },
    },
    { name: 'search', url: `tcp://127.0.0.1:${closedPort}` },
    { name: 'inner store', url: `tcp://127.0.0.1:${closedPort}`, public: false },
  ];
  writeFileSync(config, JSON.stringify({ health: { targets, interval_seconds: 1 } }));
  daemon = new TestDaemon({ env: { EVENT_SINK_CONFIG: config, USAGE: 'on', USAGE_PLATFORM: 'Prairie Data' } });
});
test.after(async () => {
  await daemon.remove();
  web.closeAllConnections();
  web.close();
  folder.remove();
});

/** As anybody asks, without a key. */
const asked = (query = '', accept = '*/*'): Promise<Response> =>
  fetch(`${daemon.url}/status${query}`, { headers: { accept } });

const forms = [
  { format: 'html', accept: 'text/html,application/xhtml+xml,*/*;q=0.8', type: 'text/html; charset=utf-8' },
  { format: 'json', accept: 'application/json', type: 'application/json; charset=utf-8' },
  { format: 'atom', accept: 'application/atom+xml', type: 'application/atom+xml; charset=utf-8' },
] as const;

/** @returns the id of the event */
async function report(said: object): Promise<string> {
  const response = await daemon.request('/v1/service-status', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(said),
  });
  const text = await response.text();
  assert.is(response.status, 202, text);
  return JSON.parse(text).ids[0];
}

const textOf = async (format: string): Promise<string> => (await asked(`?format=${format}`)).text();

test('there is none unless somebody switches it on', async () => {
  await daemon.start();
  for (const { accept } of forms) {
    const response = await asked('', accept);
    assert.equal([response.status, response.headers.get('content-type')], [404, 'application/problem+json']);
    assert.not.match(await response.text(), 'clowder');
  }
  assert.is(await daemon.kill('SIGTERM'), 0);
});

test('it needs no key, may be kept for half a minute, and is what was asked for', async () => {
  await daemon.start({ STATUS_PAGE: 'on' });
  await until(async () => {
    const { services } = await daemon.json('/v1/status');
    const states = services.map(({ service_name, state }) => `${service_name} ${state}`);
    return ['clowder up', 'search down', 'inner store down'].every(state => states.includes(state));
  }, 'the states of all services');
  for (const [service_name, message] of [
    ['search', 'We are moving the index.'],
    ['inner store', 'words for nobody else'],
  ]) {
    await report({ service_name, status: 'down', message });
  }
  const [from, end] = [plannedFrom, plannedUntil].map(time => time.getTime() + 86_400_000);
  const window = { service_name: 'search', status: 'maintenance', from, until: end, message: 'another index' };
  const corrects = await report(window);
  await report({ service_name: 'search', status: 'withdrawn', corrects, message: 'the disks are late' });
  // What is looked up now is shown for a while: first of all, everything has to be written down.
  await until(async () => {
    const report = (await (await daemon.request('/v1/availability')).json()) as AvailabilityReport;
    const found = report.services.filter(({ outages, corrections }) => outages.length > 0 && corrections.length > 0);
    return found.length === 2;
  }, 'the outages and the words');

  for (const { format, accept, type } of forms)
    for (const response of [await asked('', accept), await asked(`?format=${format}`)]) {
      const { status, headers } = response;
      assert.equal([status, headers.get('content-type')], [200, type]);
      assert.is(headers.get('cache-control'), 'public, max-age=30');
      assert.equal([headers.get('vary'), headers.get('access-control-allow-origin')], ['Accept', '*']);
      assert.is(headers.get('set-cookie'), null);
      assert.ok((await response.text()).includes('clowder'));
    }
  assert.is((await asked('?format=xml')).status, 400);
  assert.is((await fetch(`${daemon.url}/v1/status`)).status, 401);
});

test('its JSON has the public fields and no others', async () => {
  const status = JSON.parse(await textOf('json')) as PublicStatus;
  assert.equal(Object.keys(status).sort(), ['at', 'groups', 'incidents', 'name', 'planned', 'state']);
  assert.equal([status.name, status.state], ['Prairie Data', 'down']);
  assert.equal(
    status.groups.map(({ name, services }) => [name, services.map(one => `${one.service_name} ${one.state}`)]),
    [
      ['Repository', ['clowder up']],
      [null, ['search down']],
    ],
  );
  for (const service of status.groups.flatMap(({ services }) => services)) {
    assert.equal(Object.keys(service).sort(), ['availability', 'days', 'service_name', 'since', 'state']);
    for (const day of service.days) assert.equal(Object.keys(day).sort(), ['availability', 'day', 'state']);
  }
  const [incident, ...others] = status.incidents;
  assert.equal(others, []);
  assert.equal(Object.keys(incident ?? {}).sort(), [
    ...['from', 'message', 'service_name', 'state', 'until', 'updates'],
  ]);
  assert.equal(
    [incident?.service_name, incident?.state, incident?.until, incident?.message, incident?.updates.length],
    ['search', 'down', null, 'We are moving the index.', 1],
  );
  assert.equal(Object.keys(incident?.updates[0] ?? {}).sort(), ['at', 'message']);
  assert.equal(status.planned, [
    {
      ...{ service_name: 'clowder', message: 'New <disks> & cables' },
      ...{ from: plannedFrom.getTime(), until: plannedUntil.getTime() },
    },
  ]);
});

test('no address, secret, reason of a check, key or hidden service is in any of its forms', async () => {
  const secrets = ['hunter22', 'secret-of-ann', 'ann:', '127.0.0.1', String(port), String(closedPort), '/healthz'];
  const inner = ['refused', 'ECONN', 'inner store', 'words for nobody else', daemon.dir, daemon.key, '"by"'];
  for (const { format } of forms) {
    const text = await textOf(format);
    assert.match(text, 'We are moving the index.');
    for (const secret of [...secrets, ...inner]) assert.not.match(text, secret, format);
    for (const calledOff of ['another index', 'the disks are late']) assert.not.match(text, calledOff, format);
  }
});

test('its feed is Atom: well-formed, with all that RFC 4287 wants', async () => {
  const elements = elementsOf(await textOf('atom'));
  assert.equal([elements[0]?.path, elements[0]?.attributes], ['feed', { xmlns: 'http://www.w3.org/2005/Atom' }]);
  const texts = (path: string) => elements.filter(one => one.path === path).map(one => one.text);
  assert.equal(texts('feed/entry/title'), ['clowder: planned maintenance', 'search: does not work']);
  assert.match(texts('feed/entry/content')[0] ?? '', 'New <disks> & cables');
  for (const path of ['feed/id', 'feed/title', 'feed/updated', 'feed/author/name'])
    assert.is(texts(path).length, 1, path);
  for (const path of ['id', 'title', 'updated', 'content']) assert.is(texts(`feed/entry/${path}`).length, 2, path);
  const ids = [...texts('feed/id'), ...texts('feed/entry/id')];
  assert.is(new Set(ids).size, 3);
  for (const id of ids) assert.match(id, /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  for (const time of [...texts('feed/updated'), ...texts('feed/entry/updated'), ...texts('feed/entry/published')]) {
    assert.is(new Date(time).toISOString(), time);
    assert.ok(Date.parse(time) <= Date.now());
  }
});

test('its page is complete without JavaScript, and loads nothing', async () => {
  const response = await asked('?format=html');
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.match(policy, "script-src 'none'");
  assert.match(policy, "connect-src 'none'");
  const html = await response.text();
  assert.not.match(html, /<script|<noscript|<iframe|\son\w+=|javascript:|src=|@import|url\(/i);
  for (const words of [
    'Prairie Data',
    'Repository',
    'does not work',
    'Planned maintenance',
    'We are moving the index.',
  ])
    assert.match(html, words);
  assert.match(html, 'New &#60;disks&#62; &#38; cables');
  assert.match(html, 'name="viewport"');
});

test.run();
