import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { agentKind, showsKey } from '../../../src/nginx/traffic/agents.js';
import { RequestClassifier, type RequestKind } from '../../../src/nginx/traffic/requests.js';

const id = '5fad53bfe4b00dcab417b69c';
const other = '657e70e5b3f40c57e22b6b42';

function kindOf(request: string, status = 200, prefix = ''): RequestKind {
  const [method = '', target = ''] = request.split(' ');
  const [path = '', query = ''] = target.split('?');
  return new RequestClassifier(prefix).kindOf({ method, path, query, status });
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

test('the resource and its type', () => {
  const classifier = new RequestClassifier('/c');
  const of = (kind: RequestKind, path: string) => {
    const { type, id: found } = classifier.resourceOf(kind, `/c${path}`);
    return [type, found];
  };
  assert.equal(of('page view', `/collection/${id}`), ['collection', id]);
  assert.equal(of('page view', `/spaces/${id}`), ['space', id]);
  assert.equal(of('page view', `/files/${id}`), ['file', id]);
  assert.equal(of('download', `/files/${id}/blob`), ['file', id]);
  assert.equal(of('download', `/api/files/${id}`), ['file', id]);
  assert.equal(of('download', `/api/datasets/${id}/downloadFolder`), ['dataset', id]);
  assert.equal(of('download', `/api/collections/${id}/download`), ['collection', id]);
  // A link has an id of its own, which is not the file's.
  assert.equal(of('download', `/files/links/${id}`), ['file', undefined]);
  assert.equal(of('API call', `/api/datasets/${id}/files/${other}`), [undefined, id]);
  assert.equal(of('API call', '/api/status'), [undefined, undefined]);
});

test('any path is of some kind', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.webPath(), fc.integer(), (method, query, path, status) => {
      const kind = new RequestClassifier('').kindOf({ method, path, query, status });
      assert.ok(['page view', 'download', 'API call', 'asset', 'other'].includes(kind));
    }),
  );
});

test('people, their programs, crawlers and extractors', () => {
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0';
  for (const agent of ['', '-', firefox]) assert.is(agentKind(agent), 'person', agent);
  for (const agent of [
    'curl/8.5.0',
    'Wget/1.21',
    'Python/3.11 aiohttp/3.9',
    'R (4.3.1 x86_64)',
    'Java/17',
    'okhttp/4.9',
  ])
    assert.is(agentKind(agent), 'person', agent);
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

test.run();
