import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { acceptEvent } from '../../../src/events/accept.js';
import { createParser } from '../../../src/nginx/lines/create-parser.js';
import { parseFormat, saysAgent } from '../../../src/nginx/lines/format.js';
import type { ClientAddress, NamedVariables } from '../../../src/nginx/lines/named-variables.js';
import { LineCounter } from '../../../src/nginx/traffic/line-counter.js';
import { LogIds } from '../../../src/nginx/traffic/log-ids.js';
import { PageViews } from '../../../src/nginx/traffic/page-views.js';
import { PartialDownloads } from '../../../src/nginx/traffic/partial-downloads.js';
import { RequestClassifier } from '../../../src/nginx/traffic/requests.js';
import { TrafficEvents, type TrafficKind } from '../../../src/nginx/traffic/traffic.js';
import { VisitorKeys } from '../../../src/nginx/traffic/visitors.js';
import { Windows } from '../../../src/nginx/traffic/windows.js';
import { contextUserAgent, probeUserAgent } from '../../../src/version.js';
import { countryOfTest, idSecret, noMemory } from '../scene.js';

const id = '5fad53bfe4b00dcab417b69c';
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0';
const google = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

interface Setting {
  readonly format?: string;
  readonly kinds?: readonly TrafficKind[];
  readonly usageSink?: string;
  readonly keepIp?: boolean;
  readonly prefix?: string;
  readonly clowderUrl?: string;
  readonly allPages?: boolean;
  readonly uploadsPublished?: boolean;
  readonly views?: PageViews;
  readonly variables?: NamedVariables;
}

/** Counts the lines as one file, and closes the windows. */
function count(
  lines: readonly (string | Buffer)[],
  {
    format = 'combined',
    kinds = [],
    usageSink,
    keepIp = false,
    prefix = '',
    clowderUrl,
    variables,
    allPages = false,
    uploadsPublished = false,
    views = new PageViews(),
  }: Setting = {},
) {
  const clock = { now: () => Date.UTC(2030, 0), monotonic: () => 0, sleep: async () => {} };
  const ids = new LogIds(idSecret);
  const windows = new Windows({ windowMs: 60_000, log: 'access.log', now: clock.now, ids });
  const visitors = new VisitorKeys(noMemory, clock, () => 'salt');
  const traffic = new TrafficEvents({
    ...{ kinds, usageSink, keepIp, uploadsPublished, clowderUrl, prefix, visitors },
    countryOf: countryOfTest,
    now: clock.now,
  });
  const unparsed: string[] = [];
  const parsed = parseFormat(format, variables);
  const counter = new LineCounter({
    parser: createParser(parsed),
    address: parsed.address,
    agentUnsaid: saysAgent(parsed) ? 'machine' : 'person',
    ids,
    prefix,
    classifier: new RequestClassifier(allPages),
    views,
    parts: new PartialDownloads(clock.now),
    windows,
    traffic,
    onUnparsed: line => unparsed.push(line),
  });
  const bytes = Buffer.concat(lines.flatMap(line => [Buffer.from(line), Buffer.from('\n')]));
  assert.is(counter.takeLines(bytes, bytes.length, 'file', 0), bytes.length);
  counter.closeByWallClock(clock.now());
  const events = counter.takeMessages().map(({ id: key, body, source, sinks }) => {
    assert.is(source, 'nginx');
    const event = JSON.parse(body) as Record<string, unknown>;
    assert.ok('message' in acceptEvent(event, { now: 0, source: 'nginx' }), body);
    return { key, ...(sinks === undefined ? {} : { sinks }), ...event } as Record<string, unknown>;
  });
  assert.is(new Set(events.map(({ key }) => key)).size, events.length);
  const of = (category: string) => events.filter(event => event.category === category);
  return { counter, unparsed, events, of, window: of('connections')[0] ?? {} };
}

interface Line {
  readonly address?: string;
  readonly time?: string;
  readonly request?: string;
  readonly status?: number;
  readonly bytes?: number | '-';
  readonly referrer?: string;
  readonly agent?: string;
}

function line({ address = '203.0.113.9', time = '05/Mar/2024:10:00:01 +0000', ...rest }: Line = {}): string {
  const { request = 'GET / HTTP/1.1', status = 200, bytes = 10, referrer = '-', agent = firefox } = rest;
  return `${address} - - [${time}] "${request}" ${status} ${bytes} "${referrer}" "${agent}"`;
}

test('requests by status, method, kind and sender; bytes', () => {
  const { window } = count([
    line(),
    line({ status: 100, request: 'HEAD / HTTP/1.1' }),
    line({ status: 302, request: 'PATCH /x HTTP/1.1', bytes: '-' }),
    line({ status: 404, request: 'PURGE /x HTTP/1.1', bytes: 0 }),
    line({ status: 503, request: 'DELETE /api/x HTTP/1.1', bytes: 5_000_000_000 }),
    line({ status: 499, request: 'PUT /api/x HTTP/1.1' }),
    line({ status: 201, request: 'POST /api/x HTTP/2.0' }),
    line({ request: `GET /datasets/${id} HTTP/1.1` }),
    line({ request: `GET /datasets/${id} HTTP/1.1`, agent: google }),
    line({ request: `GET /files/${id}/blob HTTP/1.1` }),
    line({ request: `GET /api/files/${id}/blob?key=s HTTP/1.1`, agent: 'python-requests/2.31.0' }),
    line({ request: `GET /api/files/${id}/blob HTTP/1.1`, agent: 'python-requests/2.31.0' }),
    line({ request: 'GET /assets/x.js HTTP/1.1' }),
    line({ status: 400, request: '-', agent: '-' }),
    line({ status: 400, request: '\\x16\\x03\\x01\\x00', agent: '-' }),
  ]);
  assert.equal(
    Object.fromEntries(Object.entries(window).filter(([, value]) => typeof value === 'number' && value !== 0)),
    {
      ...{ window_start: Date.UTC(2024, 2, 5, 10), window_seconds: 60, created: Date.UTC(2024, 2, 5, 10) },
      ...{ requests: 15, connections: 4, visitors: 3, bytes_sent: 5_000_000_120 },
      ...{ status_1xx: 1, status_2xx: 8, status_3xx: 1, status_4xx: 4, status_5xx: 1 },
      ...{ method_get: 7, method_head: 1, method_post: 1, method_put: 1, method_patch: 1, method_delete: 1 },
      ...{ method_other: 3, page_views: 1, downloads: 2, api_calls: 3, assets: 1, other_requests: 8 },
      ...{ bot_requests: 1, extractor_requests: 1, extractor_bytes: 10 },
    },
  );
});

test('visitors are addresses with agents; connections are $pid and $connection where the format has them', () => {
  const format = '$remote_addr $pid $connection [$time_local] "$request" $status "$http_user_agent"';
  const of = (address: string, pid: number, connection: number, agent: string): string =>
    `${address} ${pid} ${connection} [05/Mar/2024:10:00:01 +0000] "GET / HTTP/1.1" 200 "${agent}"`;
  const [x, y] = [firefox, 'curl/8.5.0'];
  const lines = [of('a', 1, 7, x), of('a', 1, 7, x), of('a', 2, 7, x), of('b', 17, 1, x), of('a', 1, 71, y)];
  const { window } = count(lines, { format });
  assert.is(window.connections, 4);
  assert.is(window.visitors, 3);
  assert.is(count([line(), line({ address: 'b' }), line({ agent: 'x' }), line()]).window.connections, 3);
});

test('crawlers are not visitors, nor are the health checks and the questions of a daemon like this one', () => {
  const { window, of } = count(
    [
      line({ request: `GET /datasets/${id} HTTP/1.1` }),
      line({ request: `GET /datasets/${id} HTTP/1.1`, agent: google }),
      line({ request: `GET /datasets/${id} HTTP/1.1`, agent: probeUserAgent }),
      line({ request: `GET /files/${id}/blob HTTP/1.1`, agent: 'event-sink/0.9.1 (health)' }),
      line({ request: 'GET /api/status HTTP/1.1', agent: probeUserAgent }),
      line({ request: `GET /api/datasets/${id} HTTP/1.1`, agent: contextUserAgent }),
    ],
    { kinds: ['views', 'downloads', 'api'] },
  );
  assert.is(window.visitors, 1);
  assert.is(window.connections, 5);
  assert.is(window.requests, 6);
  assert.is(window.page_views, 1);
  assert.is(window.downloads, 0);
  assert.is(of('page_view').length + of('resource_download').length + of('api_call').length, 1);
});

test('behind a balancer one address of the list is the client, for visitors and for their keys', () => {
  const format = '[$time_local] "$request" $status "$http_user_agent" "$http_x_forwarded_for" $remote_addr';
  const of = (list: string): string =>
    `[05/Mar/2024:10:00:01 +0000] "GET /datasets/${id} HTTP/1.1" 200 "${firefox}" "${list}" 10.0.0.1`;
  const lines = ['203.0.113.1, 10.9.9.9', '203.0.113.1, 10.9.9.8', '203.0.113.1', '203.0.113.2,10.9.9.9'].map(of);
  const visitorsOf = (client?: ClientAddress) => {
    const { window, of: events } = count(lines, { format, kinds: ['views'], keepIp: true, variables: { client } });
    const views = events('page_view');
    assert.is(new Set(views.map(({ visitor }) => visitor)).size, window.visitors, 'one notion of a client');
    return views.map(({ ip }) => ip);
  };
  assert.equal(visitorsOf(), ['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.1']);
  const variable = 'http_x_forwarded_for';
  assert.equal(visitorsOf({ variable, pick: 'first' }), ['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.2']);
  assert.equal(visitorsOf({ variable, pick: 'last' }), ['10.9.9.9', '10.9.9.8', '203.0.113.1', '10.9.9.9']);
  const bare = format.replace(' $remote_addr', '');
  const without = lines.map(text => text.replace(' 10.0.0.1', ''));
  assert.is(count(without, { format: bare }).window.visitors, 2);
});

test('NUL bytes before a line are passed over, the line behind them counts', () => {
  const nuls = (length: number): string => '\0'.repeat(length);
  const view = line({ request: `GET /datasets/${id} HTTP/1.1` });
  const { counter, of, window } = count(
    [nuls(64) + view, nuls(70_000) + view, view.slice(0, 20) + nuls(300) + view, nuls(5), view],
    { kinds: ['views'], keepIp: true },
  );
  assert.equal(counter.totals, { requests: 4, unparsed: 0, oversized: 0 });
  assert.is(window.visitors, 1);
  assert.equal([...new Set(of('page_view').map(({ ip }) => ip))], ['203.0.113.9']);
  const json = JSON.stringify({ time: '2024-03-05T10:00:01Z', request: 'GET / HTTP/1.1', status: 200 });
  assert.equal(count([nuls(64) + json], { format: 'json' }).counter.totals.requests, 1);
});

test('a format may write NUL bytes itself: then the whole line counts', () => {
  const format = 'log_format x escape=none \'$remote_addr [$time_local] "$request" $status "$http_user_agent"\'';
  const { counter } = count(['h [05/Mar/2024:10:00:01 +0000] "GET / HTTP/1.1" 200 "a\0b"'], { format });
  assert.is(counter.totals.requests, 1);
});

test('a million visitors would not be counted one by one: beyond the bound the window says so', () => {
  const lines = Array.from({ length: 100_050 }, (_, number) => line({ address: `10.${number >> 8}.${number & 255}` }));
  const { window } = count(lines);
  assert.is(window.visitors, 100_000);
  assert.is(window.visitors_capped, true);
  assert.is(window.connections_capped, true);
  assert.is(window.requests, 100_050);
  assert.is(count(lines.slice(0, 99_999)).window.visitors, 99_999);
});

test('a view, a download and a call are events, with what is known of them', () => {
  const { of } = count(
    [
      line({ request: `GET /datasets/${id}?token=s3cret&space=1 HTTP/1.1`, referrer: 'https://h.example/?q=a&key=k' }),
      line({ request: `GET /api/files/${id}/blob HTTP/1.1`, bytes: 77, agent: 'curl/8.5.0' }),
      line({ request: `POST /api/datasets/${id}/metadata HTTP/1.1`, status: 201 }),
      line({ request: 'GET /healthz HTTP/1.1' }),
      line(),
    ],
    { kinds: ['views', 'downloads', 'api'] },
  );
  const created = Date.UTC(2024, 2, 5, 10, 0, 1);
  const [view, download, call] = [of('page_view'), of('resource_download'), of('api_call')].map(found => {
    assert.is(found.length, 1);
    const { key, visitor, ...rest } = found[0]!;
    assert.match(String(key), /^[0-9a-f]{32}$/);
    assert.match(String(visitor), /^[0-9a-f]{16}$/);
    return rest;
  });
  assert.equal(view, {
    category: 'page_view',
    type: 'dataset',
    url: `/datasets/${id}?space=1`,
    resource_id: id,
    method: 'GET',
    status: 200,
    bytes: 10,
    referrer: 'https://h.example/?q=a',
    user_agent: firefox,
    agent_kind: 'person',
    created,
  });
  assert.equal(download, {
    category: 'resource_download',
    type: 'file',
    url: `/api/files/${id}/blob`,
    resource_id: id,
    method: 'GET',
    status: 200,
    bytes: 77,
    user_agent: 'curl/8.5.0',
    agent_kind: 'machine',
    created,
  });
  assert.equal(call, {
    category: 'api_call',
    url: `/api/datasets/${id}/metadata`,
    resource_id: id,
    method: 'POST',
    status: 201,
    bytes: 10,
    user_agent: firefox,
    agent_kind: 'person',
    created,
  });
});

test('only the kinds that are wanted', () => {
  const lines = [`GET /datasets/${id}`, `GET /files/${id}/blob`, 'GET /api/status'].map(request =>
    line({ request: `${request} HTTP/1.1` }),
  );
  for (const [kind, category] of [
    ['views', 'page_view'],
    ['downloads', 'resource_download'],
    ['api', 'api_call'],
  ] as const) {
    const { events } = count(lines, { kinds: [kind] });
    assert.equal(events.map(event => event.category).sort(), ['connections', category].sort());
  }
});

const counted = [
  line({ request: `GET /datasets/${id} HTTP/1.1` }),
  line({ request: `GET /files/${id}/blob HTTP/1.1` }),
  line({ request: `GET /api/files/${id}/blob HTTP/1.1`, status: 206 }),
  line({ request: `GET /api/files/${id}/blob?key=s HTTP/1.1`, agent: 'python-requests/2.31.0' }),
];
const forUsageAlone = [
  line({ request: `GET /datasets/${id} HTTP/1.1`, agent: google }),
  line({ request: `GET /files/${id}/blob HTTP/1.1`, agent: google }),
  line({ request: `GET /files/${id}/blob HTTP/1.1`, status: 304, bytes: 0 }),
];
const noAccess = [
  line({ request: 'GET /api/x HTTP/1.1' }),
  line({ request: `GET /files/${id}/blob HTTP/1.1`, status: 404 }),
  line({ request: `GET /files/${id}/blob?tracking=false HTTP/1.1`, status: 304 }),
  line({ request: `GET /datasets/${id} HTTP/1.1`, agent: probeUserAgent }),
  line({ request: 'GET /assets/x.js HTTP/1.1', status: 304 }),
];

test('the sink that counts usage gets views and downloads in any case, with those of crawlers and 304', () => {
  const lines = [...counted, ...forUsageAlone, ...noAccess];
  const traffic = (setting: Setting) =>
    count(lines, setting)
      .events.filter(({ category }) => category !== 'connections')
      .map(({ key, category, agent_kind: kind, status, sinks }) => ({ key, category, kind, status, sinks }));
  const usage = traffic({ usageSink: 'usage' });
  assert.equal(
    usage.map(({ category, kind, status }) => [category, kind, status]),
    [
      ['page_view', 'person', 200],
      ['resource_download', 'person', 200],
      ['resource_download', 'extractor', 200],
      ['page_view', 'crawler', 200],
      ['resource_download', 'crawler', 200],
      ['resource_download', 'person', 304],
      ['resource_download', 'person', 206],
    ],
  );
  assert.ok(usage.every(({ sinks }) => String(sinks) === 'usage'));
  // With the setting on, the same ids go to all: so neither order of the two doubles anything.
  const open = traffic({ kinds: ['views', 'downloads'] });
  const both = traffic({ kinds: ['views', 'downloads'], usageSink: 'usage' });
  const key = (event: { readonly key: unknown }) => event.key;
  assert.equal(both.map(key).sort(), usage.map(key).sort());
  assert.equal(
    both.filter(({ sinks }) => sinks === undefined),
    open,
  );
  assert.is(both.filter(({ sinks }) => sinks !== undefined).length, forUsageAlone.length);
  assert.equal(traffic({}), []);
});

test('a call of the API that was answered with 304 is two events where both are wanted, under two ids', () => {
  const call = line({ request: `GET /api/files/${id}/blob HTTP/1.1`, status: 304 });
  const { of } = count([call], { kinds: ['api', 'views', 'downloads'], usageSink: 'usage' });
  assert.is(of('api_call')[0]?.sinks, undefined);
  assert.equal(of('resource_download')[0]?.sinks, ['usage']);
});

test('Clowder 2 has no downloads but those of its API, with 304 neither', () => {
  const views = new PageViews();
  const lines = [
    line({ request: 'GET /api/v2/datasets HTTP/1.1' }),
    line({ request: `GET /files/${id}/blob HTTP/1.1`, status: 304 }),
    line({ request: `GET /api/v2/files/${id} HTTP/1.1`, status: 304 }),
  ];
  const downloads = count(lines, { usageSink: 'usage', views }).of('resource_download');
  assert.equal(
    downloads.map(({ url }) => url),
    [`/api/v2/files/${id}`],
  );
});

test('crawlers and extractors are kept apart: no views, and downloads that say what they are', () => {
  const requests = [
    `GET /datasets/${id} HTTP/1.1`,
    `GET /files/${id}/blob?key=s HTTP/1.1`,
    'GET /api/x?key=s HTTP/1.1',
  ];
  const kindsOf = (agent: string) => {
    const { events } = count(
      requests.map(request => line({ request, agent })),
      { kinds: ['views', 'downloads', 'api'] },
    );
    return events
      .filter(({ category }) => category !== 'connections')
      .map(({ category, agent_kind, url }) => [category, agent_kind, url]);
  };
  const extractor = [
    ['resource_download', 'extractor', `/files/${id}/blob`],
    ['api_call', 'extractor', '/api/x'],
  ];
  assert.equal(kindsOf('pyClowder/3.0'), extractor);
  assert.equal(kindsOf(google), [['api_call', 'crawler', '/api/x']]);
  // The page of the first request was not asked for with a key.
  assert.equal(kindsOf('python-requests/2.31.0'), [['page_view', 'machine', `/datasets/${id}`], ...extractor]);
});

test('who is signed in is the user of the event, where a variable says it', () => {
  const template = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$cookie_portal"';
  const of = (user: string, cookie: string, status = 200): string =>
    `h - ${user} [05/Mar/2024:10:00:01 +0000] "GET /api/datasets HTTP/1.1" ${status} 5 "${cookie}"`;
  const lines = [
    of('mira', 'm-1'),
    of('-', '-'),
    of('', ''),
    of('mira [quill] "x"', 'm-2'),
    of('refused', 'm-3', 401),
    of('no-right', 'm-4', 403),
  ];
  const usersOf = (format: string, variables?: NamedVariables) =>
    count(lines, { format, kinds: ['api'], ...(variables && { variables }) })
      .of('api_call')
      .map(({ user_id }) => user_id);
  assert.equal(usersOf(template), ['mira', undefined, undefined, 'mira [quill] "x"', undefined, 'no-right']);
  assert.equal(usersOf(template, { user: 'cookie_portal' }), ['m-1', undefined, undefined, 'm-2', undefined, 'm-4']);
  assert.throws(
    () => usersOf('combined', { user: 'cookie_portal' }),
    /does not have \$cookie_portal, which NGINX_USER/,
  );

  const json = (more: object): string =>
    JSON.stringify({ time: '2024-03-05T10:00:01Z', request: 'GET /api/x HTTP/1.1', status: 200, ...more });
  const inJson = (line: string, variables?: NamedVariables) =>
    count([line], { format: 'json', kinds: ['api'], ...(variables && { variables }) }).of('api_call')[0]?.user_id;
  assert.is(inJson(json({ remote_user: 'mira' })), 'mira');
  assert.is(inJson(json({ ClientUsername: 'mira' })), 'mira');
  assert.is(inJson(json({ remote_user: '-' })), undefined);
  assert.is(inJson(json({ remote_user: 'a', http_x_user: 'b' }), { user: 'http_x_user' }), 'b');
  assert.is(inJson(json({ remote_user: 'a' }), { user: 'http_x_user' }), undefined);
});

test('where Clowder is known, the address of a page is whole', () => {
  const lines = [line({ request: `GET /clowder/datasets/${id}?key=s3cret&space=1 HTTP/1.1` })];
  const urlOf = (clowderUrl: string) =>
    count(lines, { kinds: ['views'], prefix: '/clowder', clowderUrl }).of('page_view')[0]?.url;
  const whole = `https://h.example/clowder/datasets/${id}?space=1`;
  assert.is(urlOf('https://h.example'), whole);
  assert.is(urlOf('https://h.example/clowder'), whole);
});

test('an address is kept only when that is wished', () => {
  const lines = [line({ request: `GET /datasets/${id} HTTP/1.1` })];
  assert.not(JSON.stringify(count(lines, { kinds: ['views'] }).events).includes('203.0.113.9'));
  assert.is(count(lines, { kinds: ['views'], keepIp: true }).of('page_view')[0]?.ip, '203.0.113.9');
});

test('the page of a file in Clowder 2 is one view, of its file and its dataset, whatever it asks for', () => {
  const page = `https://h.example/files/${id}?dataset=${dataset}&folder=`;
  const at = (second: number, path: string, referrer = page): string =>
    line({
      time: `05/Mar/2024:10:00:${String(second).padStart(2, '0')} +0000`,
      request: `GET ${path} HTTP/1.1`,
      referrer,
    });
  const lines = [
    at(1, `/files/${id}?dataset=${dataset}&folder=`, '-'),
    at(1, '/api/v2/users/me'),
    at(1, `/api/v2/files/${id}/summary`),
    at(1, `/api/v2/files/${id}/versions`),
    at(1, `/api/v2/datasets/${dataset}`),
    at(2, `/api/v2/files/${id}/summary`),
    at(3, `/api/v2/files/${id}?increment=False`),
    at(4, `/api/v2/files/${id}`),
    // One that is not there.
    at(40, `/files/${dataset}`, '-'),
    at(41, `/api/v2/files/${id}/summary`),
  ];
  const { of, window } = count(lines, { kinds: ['views', 'downloads', 'api'] });
  assert.equal(
    of('page_view').map(({ type, resource_id, dataset_id, url }) => [type, resource_id, dataset_id, url]),
    [
      ['file', id, dataset, `/files/${id}?dataset=${dataset}&folder=`],
      ['file', id, dataset, `/api/v2/files/${id}/summary`],
    ],
  );
  assert.equal(
    of('resource_download').map(({ type, resource_id, dataset_id, bytes }) => [type, resource_id, dataset_id, bytes]),
    [['file', id, dataset, 10]],
  );
  assert.is(of('api_call').length, 6);
  assert.equal(
    [window.page_views, window.downloads, window.api_calls, window.other_requests, window.requests],
    [2, 1, 6, 1, 10],
  );
});

test('how much each extractor fetched: by the name in its agent, or by the variable that says who it is', () => {
  const format = '$remote_addr [$time_local] "$request" $status $body_bytes_sent "$http_user_agent" "$extractor"';
  const of = (agent: string, bytes: number, named = '-', query = ''): string =>
    `h [05/Mar/2024:10:00:01 +0000] "GET /api/files/${id}/blob${query} HTTP/1.1" 200 ${bytes} "${agent}" "${named}"`;
  const key = '?key=s&tracking=false';
  const lines = [
    of('ncsa.wordcount/2.1 pyClowder/3.0', 100),
    of('python-requests/2.31.0', 7, '-', key),
    of('python-requests/2.31.0', 3, 'ncsa.image.preview', key),
    of('ncsa.wordcount/2.2 pyClowder/3.0', 200),
    of('something else', 5, 'ncsa.image.preview'),
    of('python-requests/2.31.0', 1_000),
    of(probeUserAgent, 10_000, 'ncsa.image.preview'),
  ];
  const { window, of: events } = count(lines, { format, kinds: ['downloads'], variables: { extractor: 'extractor' } });
  const sums = [
    { name: 'ncsa.wordcount', requests: 2, bytes: 300 },
    { name: 'python-requests', requests: 1, bytes: 7 },
    { name: 'ncsa.image.preview', requests: 2, bytes: 8 },
  ];
  assert.equal(window.extractors, sums);
  assert.equal([window.extractor_requests, window.extractor_bytes], [5, 315]);
  assert.equal(
    events('resource_download').map(({ agent_kind, extractor_name, bytes }) => [agent_kind, extractor_name, bytes]),
    [
      ['extractor', 'ncsa.wordcount', 100],
      ['extractor', 'python-requests', 7],
      ['extractor', 'ncsa.image.preview', 3],
      ['extractor', 'ncsa.wordcount', 200],
      ['extractor', 'ncsa.image.preview', 5],
      ['machine', undefined, 1_000],
    ],
  );
  assert.equal(count(lines, { format }).window.extractors, [
    sums[0],
    { name: 'python-requests', requests: 2, bytes: 10 },
  ]);
});

test('a bound on the names of extractors: in one window, and in all events', () => {
  const lines = Array.from({ length: 150 }, (_, number) =>
    line({ request: `GET /api/files/${id}/blob HTTP/1.1`, agent: `extractor-${number}/1.0 pyClowder/3.0`, bytes: 1 }),
  );
  const { window, of } = count(lines, { kinds: ['downloads'] });
  const names = (window.extractors as { name: string; requests: number }[]).map(({ name }) => name);
  assert.is(names.length, 51);
  assert.equal((window.extractors as unknown[]).at(-1), { name: 'other', requests: 100, bytes: 100 });
  assert.is(new Set(of('resource_download').map(({ extractor_name }) => extractor_name)).size, 101);
});

test('a variable that holds what a client sent has no more names than that', () => {
  const format = '$remote_addr [$time_local] "$request" $status $body_bytes_sent "$http_user_agent" "$http_x_name"';
  const lines = Array.from(
    { length: 150 },
    (_, number) =>
      `10.0.0.5 [06/Mar/2024:14:23:05 +0000] "GET /api/files/${id}/blob HTTP/1.1" 200 1 "pyClowder/3.0" "name-${number}"`,
  );
  const { of } = count(lines, { format, kinds: ['downloads'], variables: { extractor: 'http_x_name' } });
  const names = of('resource_download').map(({ extractor_name }) => extractor_name);
  assert.equal([names.length, new Set(names).size, names.at(-1)], [150, 101, 'other']);
});

test('who asks where no agent is said: a program, but where the format has none', () => {
  const request = `GET /datasets/${id} HTTP/1.1`;
  const kindIn = (text: string, format?: string) =>
    count([text], { kinds: ['views'], ...(format && { format }) }).of('page_view')[0]?.agent_kind;
  assert.is(kindIn(line({ request, agent: '-' })), 'machine');
  assert.is(kindIn(line({ request, agent: '' })), 'machine');
  assert.is(kindIn(line({ request })), 'person');
  assert.is(
    kindIn(`h [05/Mar/2024:10:00:01 +0000] "${request}" 200`, '$remote_addr [$time_local] "$request" $status'),
    'person',
  );
  assert.is(kindIn(JSON.stringify({ time: '2024-03-05T10:00:01Z', request, status: 200 }), 'json'), 'machine');
});

test("requests by Clowder's routes, whoever asks and however it ends", () => {
  const requests = [
    ...[
      `GET /datasets/${id}`,
      `GET /datasets/${id}?space=1`,
      `GET /api/files/${id}/blob`,
      `GET /api/files/${id}/new-thing`,
    ],
    ...[
      `DELETE /api/files/${id}`,
      `GET /clowder/datasets/${id}`,
      'GET /assets/a.js',
      'GET /assets/b.js',
      'GET /wp-login.php',
    ],
  ];
  const { window } = count(
    requests.map((request, number) => line({ request: `${request} HTTP/1.1`, status: number % 2 ? 200 : 404 })),
  );
  assert.equal(window.routes, [
    { route: 'GET /datasets/:id', requests: 2 },
    { route: 'GET /api/files/:id/blob', requests: 1 },
    { route: 'DELETE /api/files/:id', requests: 1 },
    { route: '/api/files/*', requests: 1 },
    { route: 'GET /assets/*', requests: 2 },
  ]);
});

const dataset = '657e70e5b3f40c57e22b6b42';
const space = '65eb658be991a8732dfe1339';

/** What facts of Clowder 1's and 2's routes say of storage: a request that went well, and the event of it. */
const stored: readonly (readonly [request: string, category: 'upload' | 'delete', type: string, more?: object])[] = [
  [
    `DELETE /api/files/${id}?dataset=${dataset}&space=${space}`,
    'delete',
    'file',
    { resource_id: id, dataset_id: dataset, space_id: space },
  ],
  [`POST /api/files/${id}/remove`, 'delete', 'file', { resource_id: id }],
  ['POST /api/files/bulkRemove', 'delete', 'file'],
  [`DELETE /api/datasets/${dataset}`, 'delete', 'dataset', { resource_id: dataset }],
  [`POST /api/datasets/${dataset}/detachdelete`, 'delete', 'dataset', { resource_id: dataset }],
  ['DELETE /api/datasets/emptyTrash', 'delete', 'dataset'],
  ['DELETE /api/datasets/clearOldDatasetsTrash', 'delete', 'dataset'],
  [`DELETE /api/collections/${id}`, 'delete', 'collection', { resource_id: id }],
  [`POST /api/collections/${id}/remove`, 'delete', 'collection', { resource_id: id }],
  [`DELETE /api/spaces/${space}`, 'delete', 'space', { resource_id: space }],
  [`DELETE /spaces/curations/${id}`, 'delete', 'curation', { resource_id: id }],
  [`DELETE /api/v2/files/${id}`, 'delete', 'file', { resource_id: id }],
  [`DELETE /api/v2/datasets/${dataset}`, 'delete', 'dataset', { resource_id: dataset }],
  [`DELETE /api/v2/datasets/${dataset}/folders/${id}`, 'delete', 'folder', { resource_id: id, dataset_id: dataset }],
  [`DELETE /api/v2/datasets/${dataset}/freeze/3`, 'delete', 'version', { dataset_id: dataset }],
  [
    `POST /api/uploadToDataset/${dataset}?space=${space}`,
    'upload',
    'file',
    { dataset_id: dataset, space_id: space, size: 700, bytes: 700 },
  ],
  [
    `POST /api/uploadToDataset/withFlags/${dataset}/x`,
    'upload',
    'file',
    { dataset_id: dataset, size: 700, bytes: 700 },
  ],
  [`POST /api/datasets/${dataset}/files`, 'upload', 'file', { dataset_id: dataset, size: 700, bytes: 700 }],
  [`POST /api/datasets/${dataset}/urls`, 'upload', 'file', { dataset_id: dataset }],
  ...['/api/files', '/api/files/withFlags/x', '/api/files/uploadIntermediate/x', '/upload', '/uploadDragDrop'].map(
    path => [`POST ${path}`, 'upload', 'file', { size: 700, bytes: 700 }] as const,
  ),
  ...['/uploadSelectQuery', '/extraction/upload', '/api/extractions/upload_file'].map(
    path => [`POST ${path}`, 'upload', 'file', { size: 700, bytes: 700 }] as const,
  ),
  [`POST /uploaddnd/${dataset}`, 'upload', 'file', { dataset_id: dataset, size: 700, bytes: 700 }],
  ['POST /api/extractions/upload_url', 'upload', 'file'],
  ['POST /api/extractions/multiple_uploadby_url', 'upload', 'file'],
  ...['/api/datasets', '/api/datasets/createempty', '/api/datasets/createfrombag', '/dataset/submit'].map(
    path => [`POST ${path}`, 'upload', 'dataset'] as const,
  ),
  ['POST /collection/submit', 'upload', 'collection'],
  ['POST /spaces/submit', 'upload', 'space'],
  [`POST /api/v2/datasets/${dataset}/files`, 'upload', 'file', { dataset_id: dataset, size: 700, bytes: 700 }],
  [`POST /api/v2/datasets/${dataset}/filesMultiple`, 'upload', 'file', { dataset_id: dataset, size: 700, bytes: 700 }],
  [`POST /api/v2/datasets/${dataset}/local_files`, 'upload', 'file', { dataset_id: dataset }],
  [`PUT /api/v2/files/${id}`, 'upload', 'file', { resource_id: id, size: 700, bytes: 700 }],
  ['POST /api/v2/datasets', 'upload', 'dataset'],
  ['POST /api/v2/datasets/createFromZip', 'upload', 'dataset'],
  [`POST /api/v2/datasets/${dataset}/folders`, 'upload', 'folder', { dataset_id: dataset }],
];

const storage = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent $content_length';

function storedBy(request: string, status = 200, setting: Setting = {}) {
  const text = `h - mira [05/Mar/2024:10:00:01 +0000] "${request} HTTP/1.1" ${status} 15 700`;
  const { events } = count([text], { format: storage, kinds: ['api'], ...setting });
  return events.filter(({ category }) => category !== 'connections');
}

for (const [request, category, type, more = {}] of stored) {
  test(`${request} is ${type} ${category === 'delete' ? 'deleted' : 'uploaded'}`, () => {
    const made = storedBy(request);
    const [path = ''] = request.split(' ')[1]!.split('?');
    assert.is(made.length, path.startsWith('/api/') ? 2 : 1, 'the call, and what it did');
    const { key, url, visitor, created, ...event } = made.at(-1)!;
    const [method] = request.split(' ');
    assert.equal(event, { category, type, ...more, user_id: 'mira', method, status: 200, agent_kind: 'person' });
    assert.is(storedBy(request, 403).filter(each => each.category === category).length, 0);
    assert.is(storedBy(request, 200, { kinds: ['views', 'downloads'] }).length, 0);
  });
}

test('what changes nothing that is stored is a call alone', () => {
  for (const request of [
    ...[`DELETE /api/datasets/${dataset}/${id}`, `POST /api/datasets/${dataset}/filesRemove/${id}/x`],
    ...[`PUT /api/datasets/restore/${dataset}`, `DELETE /api/files/${id}/tags`, `GET /api/files/${id}/metadata`],
    ...[`DELETE /api/files/${id}/extractions/m-1`, `POST /api/files/${id}/metadata`, 'DELETE /api/files/x'],
  ])
    assert.equal(
      storedBy(request).map(({ category }) => category),
      ['api_call'],
      request,
    );
});

test('what Clowder 1 publishes itself is not made again; Clowder 2 publishes nothing', () => {
  const made = (request: string): unknown =>
    storedBy(request, 200, { uploadsPublished: true }).map(({ category }) => category);
  assert.equal(made(`POST /api/uploadToDataset/${dataset}`), ['api_call']);
  assert.equal(made('POST /upload'), []);
  assert.equal(made('POST /api/datasets/createempty'), ['api_call', 'upload']);
  assert.equal(made(`DELETE /api/files/${id}`), ['api_call', 'delete']);
  assert.equal(made(`POST /api/v2/datasets/${dataset}/files`), ['api_call', 'upload']);
});

test('NGINX_PAGE_VIEWS=all: pages of no resource are views without a type', () => {
  const lines = ['/search?query=soil', '/datasets', `/datasets/${id}/users`, `/datasets/${id}`, '/assets/x.js'].map(
    path => line({ request: `GET ${path} HTTP/1.1` }),
  );
  const viewsOf = (allPages: boolean) =>
    count(lines, { kinds: ['views'], allPages })
      .of('page_view')
      .map(({ url, type, resource_id }) => [url, type, resource_id]);
  const dataset = [`/datasets/${id}`, 'dataset', id];
  assert.equal(viewsOf(false), [dataset]);
  assert.equal(viewsOf(true), [
    ['/search?query=soil', undefined, undefined],
    ['/datasets', undefined, undefined],
    [`/datasets/${id}/users`, undefined, id],
    dataset,
  ]);
});

test('json lines make the same events', () => {
  const json = JSON.stringify({
    time_iso8601: '2024-03-05T10:00:01+00:00',
    remote_addr: '203.0.113.9',
    request: `GET /clowder/datasets/${id}?x=é HTTP/1.1`,
    status: '200',
    body_bytes_sent: 10,
    http_user_agent: firefox,
    request_time: '0.250',
  });
  const { of } = count([json], { format: 'json', kinds: ['views'], prefix: '/clowder' });
  const { url, resource_id, status, bytes, duration, created } = of('page_view')[0] ?? {};
  assert.equal(
    [url, resource_id, status, bytes, duration, created],
    [`/clowder/datasets/${id}?x=é`, id, 200, 10, 0.25, Date.UTC(2024, 2, 5, 10, 0, 1)],
  );
});

test('the host that a client of a proxy sends is left out, arguments of their own are put in', () => {
  const { of } = count([line({ request: `GET http://h.example:80/datasets/${id}?a=http://x HTTP/1.1` })], {
    kinds: ['views'],
  });
  assert.is(of('page_view')[0]?.url, `/datasets/${id}?a=http://x`);
  const format = '$msec "$request_method" "$uri" "$args"';
  const split = count([`1709632801.250 "GET" "/datasets/${id}" "a=b&key=c"`], { format, kinds: ['views'] });
  assert.is(split.of('page_view')[0]?.url, `/datasets/${id}?a=b`);
  assert.is(split.of('page_view')[0]?.created, 1_709_632_801_250);
});

test('unparsed lines are shown in part', () => {
  const { counter, unparsed } = count(['x'.repeat(1000), line({ time: '45/Mar/2024:10:00:01 +0000' }), line()]);
  assert.is(unparsed[0]?.length, 300);
  assert.is(unparsed.length, 2);
  assert.equal(counter.totals, { requests: 1, unparsed: 2, oversized: 0 });
});

test('a time that no event can have makes a line unparsed', () => {
  const format = '$remote_addr $msec "$request" $status';
  const line = (time: string): string => `203.0.113.7 ${time} "GET / HTTP/1.1" 200`;
  const { counter, events } = count(['18446744073709551615', '9'.repeat(25), '1709632800.000'].map(line), { format });
  assert.equal(counter.totals, { requests: 1, unparsed: 2, oversized: 0 });
  assert.is(events.length, 1);
});

test.run();
