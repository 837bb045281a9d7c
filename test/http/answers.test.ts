import { Ajv } from 'ajv';
import { default as addFormats } from 'ajv-formats';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IdConflictError, SetupError, TransientError, UnroutableError, UnsupportedError } from '../../src/errors.js';
import { buildDocument } from '../../src/http/document.js';
import type { HttpSettings } from '../../src/http/settings.js';
import { SettingsError } from '../../src/settings/problems.js';
import { keys, post, type Running, run } from './running.js';

/**
 * Every route × every status that the OpenAPI document has for it. The list of cases comes from the document: a status
 * without a case fails, and so does an answer that the document does not describe.
 */
interface Case {
  readonly settings?: Partial<HttpSettings>;
  send(daemon: Running, sample: Sample): Promise<Response>;
}

/** A request that is right. */
interface Sample {
  readonly path: string;
  readonly init: RequestInit;
}

const past: RequestInit = {
  method: 'POST',
  headers: { 'content-type': 'application/x-ndjson' },
  body: '{"id":"a","event":{"category":"upload","created":1}}',
};

const samples: Readonly<Record<string, Sample>> = {
  'POST /v1/events': { path: '/v1/events', init: post({ category: 'upload' }) },
  'POST /v1/events/{category}': { path: '/v1/events/upload', init: post({ size: 3 }) },
  'POST /v1/events/{category}/{type}': { path: '/v1/events/download/file', init: post({ size: 3 }) },
  'POST /v1/service-status': { path: '/v1/service-status', init: post({ service_name: 'clowder', status: 'up' }) },
  'POST /v1/import': { path: '/v1/import', init: past },
  'POST /v1/explain': { path: '/v1/explain', init: post({ category: 'download', type: 'file' }) },
  'POST /v1/heartbeats/{name}': { path: '/v1/heartbeats/nightly-backup', init: post({ status: 'start' }) },
  'POST /2/httpapi': { path: '/2/httpapi', init: upload(keys.collect) },
  'GET /snippet.js': { path: '/snippet.js', init: {} },
  'POST /batch': { path: '/batch', init: upload(keys.collect) },
  'GET /v1/events': { path: '/v1/events?limit=1', init: {} },
  'GET /v1/dead-letters': { path: '/v1/dead-letters?sink=mongodb', init: {} },
  'POST /v1/dead-letters/redrive': { path: '/v1/dead-letters/redrive', init: post({ sink: 'mongodb', keys: ['a'] }) },
  'DELETE /v1/dead-letters': { path: '/v1/dead-letters?sink=mongodb&all=true', init: { method: 'DELETE' } },
  'POST /v1/publish': { path: '/v1/publish', init: post({ queue: 'q', message: { a: 1 } }) },
  'GET /v1/status': { path: '/v1/status', init: {} },
  'GET /v1/ledger': { path: '/v1/ledger', init: {} },
  'POST /v1/reload': { path: '/v1/reload', init: { method: 'POST' } },
  'POST /v1/ledger/acknowledge': { path: '/v1/ledger/acknowledge', init: post({ sink: 'mongodb' }) },
  'GET /status': { path: '/status', init: {} },
  'GET /v1/availability': { path: '/v1/availability?from=2024-03&to=2024-03-04', init: {} },
  'GET /v1/series': { path: '/v1/series?step=60000', init: {} },
  'GET /v1/stream': { path: '/v1/stream', init: {} },
  'GET /v1/usage': { path: '/v1/usage?by=month&from=2026-01', init: {} },
  'GET /v1/usage/audit': { path: '/v1/usage/audit?from=2026-03&to=2026-03-15', init: {} },
  'GET /v1/usage/{id}': { path: '/v1/usage/dataset-1', init: {} },
  'GET /v1/usage/{id}/badge.svg': { path: '/v1/usage/dataset-1/badge.svg', init: {} },
  'POST /v1/session': { path: '/v1/session', init: { method: 'POST' } },
  'DELETE /v1/session': { path: '/v1/session', init: { method: 'DELETE' } },
  'GET /v1/keys': { path: '/v1/keys', init: {} },
  'POST /v1/keys': { path: '/v1/keys', init: post({ name: 'portal', scopes: ['publish'] }) },
  'DELETE /v1/keys/{name}': { path: '/v1/keys/portal', init: { method: 'DELETE' } },
  'POST /v1/people/export': { path: '/v1/people/export', init: post({ ids: ['user-of-ada'] }) },
  'POST /v1/people/erase': { path: '/v1/people/erase', init: post({ ids: ['user-of-ada'] }) },
  'GET /v1/people/erasures': { path: '/v1/people/erasures', init: {} },
  'POST /v1/usage/months/{month}/recompute': {
    path: '/v1/usage/months/2026-03/recompute',
    init: { method: 'POST' },
  },
  'POST /v1/usage/months/{month}/accesses': { path: '/v1/usage/months/2026-03/accesses', init: past },
  'POST /v1/usage/months/{month}/finish': { path: '/v1/usage/months/2026-03/finish', init: { method: 'POST' } },
  'GET /v1/usage-reports': { path: '/v1/usage-reports', init: {} },
  'GET /v1/usage-reports/{month}': { path: '/v1/usage-reports/2026-03.json', init: {} },
  'POST /v1/usage/months/{month}/submit': { path: '/v1/usage/months/2026-03/submit', init: { method: 'POST' } },
  'GET /counter/status': { path: '/counter/status', init: {} },
  'GET /counter/reports': { path: '/counter/reports', init: {} },
  'GET /counter/reports/{report}': { path: '/counter/reports/dsr?begin-date=2024-03&end-date=2024-03', init: {} },
  'GET /metrics': { path: '/metrics', init: {} },
  'GET /healthz': { path: '/healthz', init: {} },
  'GET /readyz': { path: '/readyz', init: {} },
};

const right: Case = { send: (daemon, { path, init }) => daemon.request(path, init) };

/** The same for every route, unless `special` has another. */
const general: Readonly<Record<number, Case>> = {
  200: right,
  201: right,
  202: right,
  204: right,
  400: {
    send: (daemon, { path, init }) =>
      init.body === undefined
        ? daemon.request(`${path}${path.includes('?') ? '&' : '?'}nonsense=1`, init)
        : daemon.request(path, { ...init, body: '{' }),
  },
  401: { send: (daemon, { path, init }) => daemon.request(path, withKey(init, '')) },
  403: { send: (daemon, { path, init }) => daemon.request(path, withKey(init, keys.none)) },
  404: {
    send: (daemon, { path, init }) =>
      init.body === undefined
        ? daemon.request(path.replace('mongodb', 'other'), init)
        : daemon.request(path, { ...init, body: '{"sink":"other"}' }),
  },
  408: { settings: { bodyTimeoutMs: 50 }, send: sendHalf },
  409: failing(new SetupError('there is no queue q: declare it first')),
  413: {
    send: (daemon, { path, init }) => daemon.request(path, { ...init, body: JSON.stringify('x'.repeat(1 << 20)) }),
  },
  415: {
    send: (daemon, { path, init }) =>
      daemon.request(path, { ...init, headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
  },
  422: failing(new IdConflictError(['a'])),
  429: {
    settings: { failedAttempts: 1 },
    send: async (daemon, { path, init }) => {
      await (await daemon.request(path, withKey(init, 'wrong'))).text();
      return daemon.request(path, withKey(init, 'wrong'));
    },
  },
  431: {
    send: (daemon, { path, init }) =>
      daemon.request(path, { ...init, headers: { ...(init.headers as object), 'x-much': 'x'.repeat(20_000) } }),
  },
  500: {
    send: (daemon, { path, init }) => {
      daemon.breakKeys();
      return daemon.request(path, init);
    },
  },
  501: failing(new UnsupportedError('the local store is switched off')),
  503: failing(new TransientError('the broker is down')),
};

const special: Readonly<Record<string, Case>> = {
  'POST /v1/explain 400': { send: daemon => daemon.request('/v1/explain?as=xml', post({})) },
  'POST /v1/import 400': { send: daemon => daemon.request('/v1/import?sinks=nowhere', past) },
  'POST /v1/usage/months/{month}/accesses 400': {
    send: daemon => daemon.request('/v1/usage/months/march/accesses', past),
  },
  'POST /v1/usage/months/{month}/finish 409': {
    send: daemon => daemon.request('/v1/usage/months/2026-01/finish', { method: 'POST' }),
  },
  'POST /v1/usage/months/{month}/recompute 400': {
    send: daemon => daemon.request('/v1/usage/months/march/recompute', { method: 'POST' }),
  },
  'POST /v1/usage/months/{month}/recompute 409': {
    send: daemon => daemon.request('/v1/usage/months/2026-01/recompute', { method: 'POST' }),
  },
  'GET /v1/usage-reports/{month} 404': { send: daemon => daemon.request('/v1/usage-reports/2019-03') },
  'POST /v1/usage/months/{month}/submit 409': {
    send: daemon => daemon.request('/v1/usage/months/2026-01/submit', { method: 'POST' }),
  },
  'GET /counter/reports/{report} 400': { send: daemon => daemon.request('/counter/reports/dsr') },
  'GET /counter/reports/{report} 404': { send: daemon => daemon.request('/counter/reports/tr') },
  ...forBrowsers('POST /2/httpapi'),
  ...forBrowsers('POST /batch'),
  'POST /v1/people/erase 200': {
    send: daemon => daemon.request('/v1/people/erase', post({ ids: ['user-of-ada'], dry_run: true })),
  },
  'POST /v1/reload 422': failing(new SettingsError([{ name: 'PORT', message: 'must be a whole number' }])),
  'POST /v1/publish 422': failing(new UnroutableError('there is no queue called q')),
  'POST /v1/session 400': {
    send: async (daemon, { path, init }) => {
      const cookie = (await daemon.request(path, init)).headers.get('set-cookie')!.split(';')[0]!;
      return daemon.request(path, { ...init, headers: { 'x-api-key': '', cookie, 'x-requested-with': 'test' } });
    },
  },
  'GET /v1/stream 503': { settings: { maxStreams: 0 }, send: right.send },
  'GET /status 404': {
    send: (daemon, { path }) => {
      daemon.backend.statusPage = undefined;
      return daemon.request(path);
    },
  },
  'GET /status 500': failing(new Error('something is broken')),
  'GET /readyz 503': {
    send: (daemon, { path, init }) => {
      daemon.backend.isReady = false;
      return daemon.request(path, init);
    },
  },
  'POST /v1/keys 409': {
    send: daemon => daemon.request('/v1/keys', post({ name: 'taken', scopes: ['publish'] })),
  },
  'DELETE /v1/keys/{name} 400': { send: (daemon, { init }) => daemon.request('/v1/keys/a%20b', init) },
  'DELETE /v1/keys/{name} 404': { send: (daemon, { init }) => daemon.request('/v1/keys/other', init) },
  'DELETE /v1/keys/{name} 409': { send: (daemon, { init }) => daemon.request('/v1/keys/taken', init) },
  'GET /v1/keys 503': { send: sendWhileClosing },
  'POST /v1/keys 503': { send: sendWhileClosing },
  'DELETE /v1/keys/{name} 503': { send: sendWhileClosing },
  'POST /v1/session 503': { send: sendWhileClosing },
  'DELETE /v1/session 503': { send: sendWhileClosing },
};

const document = buildDocument();
const ajv = new Ajv({ strict: false, validateSchema: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(closed(JSON.parse(JSON.stringify(document))) as object, 'api');

/** One for each kind of event, all made from the template `/v1/events/{category}`. */
const kindPaths = Object.keys(document.paths).filter(path => /^\/v1\/events\/[a-z]/.test(path));

const operations = Object.entries(document.paths)
  .filter(([path]) => !kindPaths.includes(path))
  .flatMap(([path, item]) =>
    Object.entries({ GET: item.get, POST: item.post, DELETE: item.delete }).flatMap(([method, operation]) =>
      operation === undefined ? [] : [{ path, method, responses: operation.responses }],
    ),
  );

for (const { path, method, responses } of operations) {
  for (const status of Object.keys(responses).map(Number)) {
    test(`${method} ${path} ${status}`, async () => {
      const sample = samples[`${method} ${path}`];
      const chosen = special[`${method} ${path} ${status}`] ?? general[status];
      if (sample === undefined) throw new Error(`add a sample request for ${method} ${path} to \`samples\``);
      if (chosen === undefined)
        throw new Error(`the document has an answer ${status} that no case brings about: add it to \`special\``);
      const daemon = await run(chosen.settings);
      try {
        const response = await chosen.send(daemon, sample);
        assert.is(response.status, status);
        await matchesDocument(response, method, path);
      } finally {
        await daemon.close();
      }
    });
  }

  test(`${method} ${path}: odd requests get no answer that is not documented`, async () => {
    const sample = samples[`${method} ${path}`]!;
    const daemon = await run({ failedAttempts: 3 });
    const headers = { 'content-type': 'application/json' };
    const odd: RequestInit[] = [
      { method, headers: { authorization: 'Bearer x', 'x-api-key': '' } },
      { method, headers: { authorization: 'Basic eDp5', 'x-api-key': '' } },
      { method, headers: { cookie: 'event_sink_session=x', 'x-api-key': '' } },
      { method, headers: { 'idempotency-key': '\u00e9', 'event-source': 'x', 'content-length': '0' } },
      ...['', 'null', '[]', '7', '"x"', '[[]]', '{"__proto__":{}}', '{"category":{}}', '['.repeat(100_000)].map(body =>
        method === 'GET' ? { method, headers } : { method, headers, body },
      ),
    ];
    try {
      for (const init of odd) {
        const response = await daemon.request(sample.path, init);
        assert.ok(responses[response.status], `${response.status} for ${JSON.stringify(init).slice(0, 200)}`);
        await matchesDocument(response, method, path);
      }
    } finally {
      await daemon.close();
    }
  });
}

test('a path of one kind answers as the template that it is made from', () => {
  const template = document.paths['/v1/events/{category}']!.post!;
  for (const path of kindPaths) {
    const { responses, security } = document.paths[path]!.post!;
    assert.equal(security, template.security, path);
    assert.equal(Object.keys(responses), Object.keys(template.responses), path);
    for (const [status, response] of Object.entries(responses)) {
      const { $ref } = response as { $ref: string };
      const shared = document.components!.responses![$ref.slice('#/components/responses/'.length)];
      assert.equal(shared, template.responses[status], `${path} ${status}`);
    }
  }
});

test('every documented route has a sample, and every sample its route', () => {
  assert.equal(operations.map(({ path, method }) => `${method} ${path}`).sort(), Object.keys(samples).sort());
});

/** Status, headers, type and body are as the document says. */
async function matchesDocument(response: Response, method: string, path: string): Promise<void> {
  const { status, headers } = response;
  const described = document.paths[path]?.[method.toLowerCase() as 'get']?.responses[status] as Described;
  for (const [name, { required }] of Object.entries(described.headers ?? {})) {
    assert.ok(!required || headers.has(name), `${name} is missing`);
  }
  const type = headers.get('content-type')?.split(';')[0];
  if (type === 'text/event-stream') return response.body?.cancel();
  const text = await response.text();
  if (described.content === undefined) return assert.is(text, '');
  assert.ok(type !== undefined && type in described.content, `${type} is not documented`);
  if (!/[/+]json$/.test(type)) return;
  const pointer = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'];
  const reference = pointer.map(part => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  const validate = ajv.compile({ $ref: `api#/${reference}` });
  assert.ok(validate(JSON.parse(text)), `${ajv.errorsText(validate.errors)}: ${text}`);
}

interface Described {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

/** The same schema, but a field that it does not name is an error. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  if (copy.type === 'object' && copy.properties !== undefined) copy.additionalProperties ??= false;
  return copy;
}

function upload(key: string): RequestInit {
  return post({ api_key: key, events: [{ event_type: 'search' }] });
}

/** Where the key stands in the body. */
function forBrowsers(operation: string): Record<string, Case> {
  return {
    [`${operation} 401`]: { send: (daemon, { path }) => daemon.request(path, upload('wrong')) },
    [`${operation} 403`]: { send: (daemon, { path }) => daemon.request(path, upload(keys.none)) },
    [`${operation} 415`]: {
      send: (daemon, { path, init }) => daemon.request(path, { ...init, headers: { 'content-type': 'text/html' } }),
    },
    [`${operation} 429`]: {
      settings: { failedAttempts: 1 },
      send: async (daemon, { path }) => {
        await (await daemon.request(path, upload('wrong'))).text();
        return daemon.request(path, upload('wrong'));
      },
    },
  };
}

function failing(error: Error): Case {
  return {
    send: (daemon, { path, init }) => {
      daemon.backend.fails = error;
      return daemon.request(path, init);
    },
  };
}

function withKey(init: RequestInit, key: string): RequestInit {
  return { ...init, headers: { ...(init.headers as Record<string, string> | undefined), 'x-api-key': key } };
}

/** Headers that promise more than comes. */
async function sendHalf(daemon: Running, { path, init }: Sample): Promise<Response> {
  const connection = await daemon.connect();
  const type = new Headers(init.headers).get('content-type') ?? 'application/json';
  connection.send(
    `${init.method ?? 'GET'} ${path} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.all}\r\nContent-Type: ${type}\r\nContent-Length: 100\r\n\r\n{`,
  );
  return responseFrom(await connection.ended());
}

/** A connection that was busy when the server began to close brings one more request. */
async function sendWhileClosing(daemon: Running, { path, init }: Sample): Promise<Response> {
  let open = (): void => {};
  daemon.backend.gate = new Promise(resolve => {
    open = resolve;
  });
  const connection = await daemon.connect();
  const body = '{"category":"x"}';
  const head = `Host: x\r\nX-API-Key: ${keys.all}\r\nContent-Type: application/json\r\n`;
  connection.send(`POST /v1/events HTTP/1.1\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`);
  while ((await daemon.request('/metrics').then(response => response.text())).includes('in_flight_bytes 0')) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  const closed = daemon.server.close(2000);
  connection.send(`${init.method ?? 'GET'} ${path} HTTP/1.1\r\n${head}\r\n`);
  // Both ends are in this process: the request is read within a few turns of the loop, however late they come.
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve));
  open();
  const text = await connection.ended();
  await closed;
  return responseFrom(text.slice(text.lastIndexOf('HTTP/1.1 ')));
}

function responseFrom(text: string): Response {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
  return new Response(text.slice(end + 4), {
    status: Number(first.split(' ')[1]),
    headers: headers as [string, string][],
  });
}

test.run();
