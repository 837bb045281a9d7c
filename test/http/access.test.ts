import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildDocument } from '../../src/http/document.js';
import { type Scope, scopes } from '../../src/keys/keys.js';
import { keys, post, type Running, run } from './running.js';

/**
 * Every route of the OpenAPI document with every scope alone. What a route needs is written here once more, on purpose:
 * as it was promised, not as the code declares it.
 */
function needed(method: string, path: string): Scope | undefined {
  if (['/healthz', '/readyz', '/openapi.json', '/docs', '/', '/snippet.js', '/status'].includes(path)) return undefined;
  // Its key is in the body: test/http/collect.test.ts.
  if (['/2/httpapi', '/batch'].includes(path)) return undefined;
  if (path === '/v1/session') return 'read';
  if (path.startsWith('/v1/keys') || path.startsWith('/v1/people')) return 'admin';
  if (method === 'POST' && ['/v1/events', '/v1/service-status', '/v1/heartbeats/{name}'].includes(path))
    return 'publish';
  if (method === 'POST' && path.startsWith('/v1/events/')) return 'publish';
  return method === 'GET' || method === 'HEAD' ? 'read' : 'admin';
}

const keyOf: Readonly<Record<Scope, string>> = {
  publish: keys.publish,
  read: keys.read,
  admin: keys.admin,
  collect: keys.collect,
};

const bodies: Readonly<Record<string, unknown>> = {
  '/v1/events': { category: 'upload' },
  '/v1/service-status': { service_name: 'clowder', status: 'up' },
  '/v1/keys': { name: 'portal', scopes: ['publish'] },
  '/v1/publish': { queue: 'q', message: {} },
  '/v1/dead-letters/redrive': { sink: 'mongodb' },
};

const operations = Object.entries(buildDocument().paths).flatMap(([path, item]) =>
  Object.entries({ GET: item.get, HEAD: item.get, POST: item.post, DELETE: item.delete }).flatMap(
    ([method, operation]) => (operation === undefined ? [] : [{ path, method }]),
  ),
);

let daemon: Running;

test.before.each(async () => {
  daemon = await run({ failedAttempts: 1000 });
});
test.after.each(() => daemon.close());

async function statusOf(method: string, path: string, key: string): Promise<number> {
  const target =
    path === '/v1/dead-letters' && method === 'DELETE'
      ? `${path}?sink=mongodb&all=true`
      : path.replace('{name}', 'portal');
  const body = bodies[path];
  const { headers, ...init } = method === 'POST' && body !== undefined ? post(body) : { headers: {} };
  const response = await daemon.request(target, { ...init, method, headers: { ...headers, 'x-api-key': key } });
  await response.body?.cancel();
  return response.status;
}

for (const { path, method } of operations) {
  const scope = needed(method, path);
  test(`${method} ${path} needs ${scope ?? 'nothing'}`, async () => {
    for (const own of scopes) {
      const status = await statusOf(method, path, keyOf[own]);
      if (scope === undefined || own === scope) assert.ok(![401, 403].includes(status), `${own}: ${status}`);
      else assert.is(status, 403, own);
    }
    const nobody = await statusOf(method, path, '');
    if (scope === undefined) assert.not.equal(nobody, 401);
    else assert.is(nobody, 401);
  });
}

test('who may not, changes nothing', async () => {
  for (const { path, method } of operations) {
    const scope = needed(method, path);
    const others = ['', keys.none, 'unknown', ...scopes.filter(own => own !== scope).map(own => keyOf[own])];
    if (method === 'POST' || method === 'DELETE') for (const key of others) await statusOf(method, path, key);
  }
  const { published, sent, selections, reloads } = daemon.backend;
  assert.equal([...published, ...sent, ...selections, ...reloads], []);
});

test('no method beside the documented ones does anything', async () => {
  const known = new Set(operations.map(({ method, path }) => `${method} ${path}`));
  for (const path of new Set(operations.map(one => one.path))) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      if (!known.has(`${method} ${path}`)) assert.is(await statusOf(method, path, keys.all), 405, `${method} ${path}`);
    }
  }
});

test('keys cannot be guessed faster where no key is needed', async () => {
  await daemon.close();
  daemon = await run({ failedAttempts: 3 });
  const ask = async (key: string): Promise<number> => statusOf('GET', '/page/session', key);
  assert.equal(await Promise.all(['', '', '', ''].map(ask)), [200, 200, 200, 200]);
  const guesses = [await ask('a'), await ask('b'), await ask('c'), await ask('d')];
  assert.equal(guesses, [200, 200, 200, 429]);
  assert.is(await statusOf('GET', '/v1/status', 'e'), 429);
  assert.is(await ask(keys.read), 200);
});

test('pages run no script but their own, and stand in no frame', async () => {
  for (const path of ['/', '/docs']) {
    const { headers } = await daemon.request(path, { headers: { 'x-api-key': '' } });
    const policy = headers.get('content-security-policy') ?? '';
    const scripts = /script-src ([^;]+)/.exec(policy)?.[1] ?? '';
    assert.match(scripts, "'self'", path);
    assert.not.match(scripts, /unsafe|https?:|\*/, path);
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) {
      assert.match(policy, part, path);
    }
    assert.is(headers.get('x-frame-options'), 'SAMEORIGIN', path);
    assert.is(headers.get('x-content-type-options'), 'nosniff', path);
    assert.is(headers.get('referrer-policy'), 'no-referrer', path);
  }
});

test.run();
