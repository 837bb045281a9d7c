import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type AgentKind, agentKind, extractorName, showsKey } from '../../../src/agents.js';
import { isFailedUpload, RequestClassifier, type RequestKind } from '../../../src/nginx/traffic/requests.js';
import { RouteMemory } from '../../../src/nginx/traffic/route-memory.js';
import { routes } from '../../../src/nginx/traffic/route-table.js';

const id = '5fad53bfe4b00dcab417b69c';
const other = '657e70e5b3f40c57e22b6b42';

function asked(request: string, status = 200, prefix = '') {
  const [method = '', target = ''] = request.split(' ');
  const [path = '', query = ''] = target.split('?');
  return { method, path, query, status, route: routes[new RouteMemory(prefix).find(method, path)]! };
}

function kindOf(request: string, status = 200, prefix = '', agent: AgentKind = 'person'): RequestKind {
  return new RequestClassifier(false).kindOf(asked(request, status, prefix), agent);
}

const table: readonly [request: string, kind: RequestKind, status?: number][] = [
  [`GET /datasets/${id}`, 'page view'],
  [`GET /datasets/${id}?space=${other}`, 'page view'],
  [`GET /files/${id}`, 'page view'],
  [`GET /files/${id}`, 'page view', 304],
  [`GET /collections/${id}`, 'page view'],
  [`GET /collection/${id}`, 'page view'],
  [`GET /spaces/${id.toUpperCase()}`, 'page view'],
  [`GET /datasets/${id}`, 'other', 404],
  [`GET /datasets/${id}`, 'other', 303],
  [`GET /datasets/${id}/`, 'other'],
  [`GET /datasets/${id}/edit`, 'other'],
  [`GET /datasets/${id}0`, 'other'],
  [`GET /datasets/${id.slice(1)}`, 'other'],
  ['GET /datasets', 'other'],
  [`POST /datasets/${id}`, 'other'],
  [`HEAD /datasets/${id}`, 'other'],
  [`GET /users/${id}`, 'other'],
  ['GET /', 'other'],
  [`GET /files/${id}/blob`, 'download'],
  [`GET /files/${id}/blob`, 'download', 206],
  [`GET /files/${id}/blob`, 'other', 304],
  [`GET /files/${id}/blob`, 'other', 403],
  [`HEAD /files/${id}/blob`, 'other'],
  [`GET /files/${id}/download/jpg`, 'download'],
  [`GET /files/${id}/download`, 'other'],
  [`GET /files/links/${id}`, 'download'],
  ['GET /files/links/some-link', 'download'],
  [`GET /api/files/${id}/blob`, 'download'],
  [`GET /api/files/${id}`, 'download'],
  [`GET /api/files/${id}?key=abc`, 'download'],
  [`GET /api/datasets/${id}/download`, 'download'],
  [`GET /api/datasets/${id}/downloadPartial?fileList=1`, 'download'],
  [`GET /api/datasets/${id}/downloadFolder`, 'download'],
  [`GET /api/collections/${id}/download`, 'download'],
  [`GET /file_by_section/${id}`, 'page view'],
  [`GET /spaces/curations/${id}`, 'page view'],
  [`GET /metadata/${id}`, 'page view'],
  ['GET /files/metadataSearch', 'other'],
  [`GET /files/${id}/blob?tracking=false`, 'other'],
  [`GET /files/${id}/blob?a=b&tracking=false&c=d`, 'other'],
  [`GET /files/${id}/blob?tracking=falsely`, 'download'],
  [`GET /api/files/${id}/blob?tracking=false`, 'API call'],
  [`GET /api/files/${id}/blob`, 'API call', 404],
  [`GET /api/files/${id}/metadata`, 'API call'],
  [`DELETE /api/files/${id}`, 'API call'],
  ['POST /api/datasets', 'API call'],
  [`PUT /api/datasets/${id}/title`, 'API call'],
  ['GET /api/status', 'API call', 500],
  ['OPTIONS /api/files', 'API call'],
  ['GET /apiary', 'other'],
  ['GET /healthz', 'asset'],
  ['HEAD /healthz', 'asset'],
  ['GET /assets/javascripts/app.js', 'asset'],
  ['GET /javascripts/previewers/x.js', 'asset', 404],
  ['GET /stylesheets/main.css', 'asset'],
  ['GET /images/logo.png', 'asset'],
  [`GET /files/${id}/thumbnail`, 'asset'],
  [`GET /fileThumbnail/${id}/blob`, 'asset'],
  [`POST /api/files/${id}/thumbnails/${other}`, 'API call'],
];

test('the URLs of Clowder', () => {
  for (const [request, kind, status] of table) assert.is(kindOf(request, status), kind, `${request} ${status ?? ''}`);
});

test('under a prefix, and beside it', () => {
  for (const [request, kind, status] of table)
    assert.is(kindOf(request.replace(' /', ' /clowder/'), status, '/clowder'), kind, request);
  assert.is(kindOf(`GET /datasets/${id}`, 200, '/clowder'), 'other');
  assert.is(kindOf(`GET /clowderly/datasets/${id}`, 200, '/clowder'), 'other');
});

test('a log without statuses takes all for well', () => {
  assert.is(kindOf(`GET /datasets/${id}`, Number.NaN), 'page view');
  // Nobody knows whether anything was sent.
  assert.is(kindOf(`GET /files/${id}/blob`, Number.NaN), 'other');
  assert.is(kindOf(`GET /api/files/${id}/blob`, Number.NaN), 'API call');
});

const clowder2: readonly [request: string, kind: RequestKind, status?: number][] = [
  [`GET /api/v2/files/${id}/summary`, 'page view'],
  [`GET /api/v2/public_files/${id}/summary`, 'page view'],
  [`GET /api/v2/files/${id}/summary`, 'API call', 404],
  [`GET /api/v2/files/${id}/versions`, 'API call'],
  [`GET /api/v2/datasets/${id}`, 'page view'],
  [`GET /api/v2/public_datasets/${id}`, 'page view'],
  [`GET /api/v2/datasets/${id}`, 'API call', 403],
  [`GET /api/v2/datasets/${id}/freeze`, 'API call'],
  ['GET /api/v2/datasets', 'API call'],
  [`GET /api/v2/files/${id}`, 'download'],
  [`GET /api/v2/files/${id}?version=2`, 'download', 206],
  [`GET /api/v2/files/${id}?version=2&increment=true`, 'download'],
  [`GET /api/v2/files/${id}?increment=false`, 'API call'],
  [`GET /api/v2/files/${id}?increment=False`, 'API call'],
  [`GET /api/v2/files/${id}`, 'API call', 401],
  [`GET /api/v2/files/${id}/url/?expires_in_seconds=60`, 'download'],
  [`GET /api/v2/files/${id}/url`, 'API call', 307],
  [`GET /api/v2/public_files/${id}`, 'download'],
  [`GET /api/v2/datasets/${id}/download`, 'download'],
  [`GET /api/v2/public_datasets/${id}/download`, 'download'],
  [`GET /api/v2/visualizations/${id}/bytes`, 'API call'],
  [`GET /api/v2/visualizations/${id}/url/`, 'API call'],
  [`GET /api/v2/files/${id}/thumbnail`, 'asset'],
  [`GET /api/v2/thumbnails/${id}`, 'asset'],
  [`GET /public_thumbnails/${id}`, 'asset'],
  // The page that is sent for any path.
  [`GET /public_files/${id}`, 'other'],
  [`GET /public_datasets/${id}`, 'other'],
  ['GET /', 'other'],
];

test("Clowder 2's URLs", () => {
  for (const [request, kind, status] of clowder2)
    assert.is(kindOf(request, status), kind, `${request} ${status ?? ''}`);
});

test('an extractor is asked for before tracking=false, and views nothing', () => {
  for (const request of [`GET /api/files/${id}/blob?tracking=false&key=x`, `GET /api/v2/files/${id}?increment=False`])
    assert.is(kindOf(request, 200, '', 'extractor'), 'download', request);
  assert.is(kindOf(`GET /api/v2/files/${id}/summary`, 200, '', 'extractor'), 'API call');
});

/** Pages that are none of a resource, as Clowder 1's and Clowder 2's own routes have them. */
const pages = [
  ...['/files', '/files/new', '/files/metadataSearch', '/files/generalMetadataSearch', '/files/following'],
  ...[`/files/${id}/similar`, `/files/${id}/metadata`, `/files/${id}/extractions`, `/files/${id}/share`],
  ...['/datasets', '/datasets/sorted', '/datasets/new', '/datasets/createStep2', '/datasets/metadataSearch'],
  ...['/datasets/generalMetadataSearch', '/datasets/following', `/datasets/${id}/users`, `/datasets_by_section/${id}`],
  ...[`/datasets/${id}/addFiles`, `/datasets/${id}/${other}/addFiles`, `/datasets/${id}/metadata`],
  ...[`/datasets/${id}/extractions`, `/datasets/submit/${id}`, '/collections', '/collections/sorted'],
  ...['/collections/listChildCollections', '/collections/new', '/collections/following'],
  ...[`/collections/${id}/newchildCollection`, `/collections/${id}/previews`, `/collection/${id}/users`],
  ...[`/collection/${id}/datasets`, `/collection/${id}/childCollections`, '/spaces', '/spaces/new'],
  ...['/spaces/following', `/spaces/${id}/updateSpace`, `/spaces/${id}/addRequest`, `/spaces/${id}/users`],
  ...[`/spaces/${id}/extractors`, `/spaces/${id}/metadata`, `/spaces/${id}/stagingArea`, '/space/curations'],
  ...[`/dataset/${id}/curations/new`, `/spaces/curations/${id}/edit`, `/spaces/curations/${id}/compareToRepository`],
  ...[`/spaces/curations/${id}/sendToRepository`, `/spaces/curations/${id}/matchmaker`, '/publishedData'],
  ...[`/publishedData/${id}`, '/metadata/search', '/extractors', '/extractors/ncsa.wordcount'],
  ...['/extractors/ncsa.wordcount/metrics', '/extractors/ncsa.wordcount/logs', '/extractors/ncsa.wordcount/history'],
  ...['/profile/9f8d-4a', '/profile/viewProfile', '/profile/viewProfile/9f8d-4a', '/search', '/tags/list/ordered'],
  ...['/tags/list/weighted', '/geostreams', '/geostreams/sensors', '/', '/public', '/profile', '/manage-users'],
  ...['/apikeys', '/metadata-definitions', `/metadata-definitions/${id}`, '/create-dataset/', '/auth', '/auth/login'],
  ...['/auth/register', '/auth/logout', '/groups', `/groups/${id}`, '/public_search', '/extractions', '/feeds'],
  ...[`/feeds/${id}`, '/listeners', '/forbidden'],
];

test('a failed upload is one that was refused, that failed, or that the client gave up', () => {
  const upload = `POST /api/uploadToDataset/${id}`;
  for (const status of [400, 401, 403, 408, 413, 499, 500, 502, 504]) assert.ok(isFailedUpload(asked(upload, status)));
  for (const status of [200, 201, 303, Number.NaN]) assert.not(isFailedUpload(asked(upload, status)), String(status));
  assert.ok(isFailedUpload(asked(`POST /api/v2/datasets/${id}/files`, 502)));
  assert.not(isFailedUpload(asked(`GET /datasets/${id}`, 502)), 'no upload');
});

test('with NGINX_PAGE_VIEWS=all every page counts, and nothing that is none', () => {
  const every = (request: string, status = 200): RequestKind =>
    new RequestClassifier(true).kindOf(asked(request, status), 'person');
  for (const page of pages) {
    assert.is(every(`GET ${page}?a=b`), 'page view', page);
    assert.is(kindOf(`GET ${page}`), 'other', page);
    assert.is(every(`POST ${page}`), 'other', page);
  }
  assert.is(every(`GET /files/${id}`), 'page view');
  for (const none of ['/datasets/launchTool', '/rss', '/assets/app.js', '/wp-login.php', `/public_files/${id}`])
    assert.is.not(every(`GET ${none}`), 'page view', none);
  assert.is(every('GET /datasets', 303), 'other');
  assert.is(every('POST /datasets'), 'other');
  assert.is(every('GET /datasets', 304), 'page view');
});

test('any path is of some kind', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.webPath(), fc.integer(), (method, query, path, status) => {
      const request = { method, path, query, status, route: routes[new RouteMemory('').find(method, path)]! };
      const kind = new RequestClassifier(true).kindOf(request, 'person');
      assert.ok(['page view', 'download', 'API call', 'asset', 'other'].includes(kind));
    }),
  );
});

test('people, their programs, crawlers and extractors', () => {
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0';
  assert.is(agentKind(firefox), 'person');
  for (const agent of ['', '-']) assert.is(agentKind(agent), 'machine', agent);
  for (const agent of [
    'curl/8.5.0',
    'Wget/1.21',
    'Python/3.11 aiohttp/3.9',
    'R (4.3.1 x86_64)',
    'Java/17',
    'okhttp/4.9',
  ])
    assert.is(agentKind(agent), 'machine', agent);
  for (const agent of [
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
    'facebookexternalhit/1.1',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36',
  ])
    assert.is(agentKind(agent), 'crawler', agent);
  assert.is(agentKind('pyClowder/3.0.7'), 'extractor');
  assert.is(agentKind('python-requests/2.31.0'), 'extractor with key');
  assert.ok(showsKey('key=abc') && showsKey('a=b&key=') && !showsKey('monkey=1') && !showsKey('a=key'));
});

test('the name that an extractor gives itself', () => {
  for (const [agent, name] of [
    ['ncsa.wordcount/2.1 pyClowder/3.0', 'ncsa.wordcount'],
    ['pyClowder/3.0 ncsa.wordcount', 'ncsa.wordcount'],
    ['pyClowder/3.0.7 (Linux; x86_64)', 'pyClowder'],
    ['python-requests/2.31.0', 'python-requests'],
    ['python-requests/2.31.0 pyclowder', 'python-requests'],
    ['(pyclowder)', 'unknown'],
  ] as const)
    assert.is(extractorName(agent), name, agent);
});

test.run();
