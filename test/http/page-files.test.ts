import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keys, type Running, run } from './running.js';

const nobody = { 'x-api-key': '' };
let daemon: Running;

test.before(async () => {
  daemon = await run();
});
test.after(() => daemon.close());

test('the page runs only what its policy knows', async () => {
  const [first, second] = await Promise.all([daemon.request('/', { headers: nobody }), daemon.request('/')]);
  const policy = first.headers.get('content-security-policy') ?? '';
  assert.match(policy, "default-src 'none'");
  assert.match(policy, "require-trusted-types-for 'script'");
  assert.not.match(policy, 'unsafe');
  assert.not.equal(second.headers.get('content-security-policy'), policy, 'a nonce is used once');
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
  const page = await first.text();
  assert.is(first.headers.get('cache-control'), 'no-store');
  const inline = [...page.matchAll(/<script(?![^>]*\bsrc=)[^>]*>/g)].map(([tag]) => tag);
  assert.equal(inline, [`<script type="importmap" nonce="${nonce}">`]);
  assert.not.match(page, /https?:|\son\w+=|style=/);
  await second.text();
});

test('everything that the page names is here, without a key, and by a relative path', async () => {
  const page = await (await daemon.request('/', { headers: nobody })).text();
  const linked = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
  const { imports } = JSON.parse(/<script type="importmap"[^>]*>(.*?)<\/script>/.exec(page)?.[1] ?? '{}') as {
    imports: Record<string, string>;
  };
  const paths = [...linked.filter(path => /^(?:page|status)\//.test(path)), ...Object.values(imports)];
  assert.ok(paths.includes('status/actor-paths.js'));
  assert.ok(paths.length > 30);
  for (const path of paths) {
    const asset = await daemon.request(`/${path.replace('./', '')}`, { headers: nobody });
    assert.is(asset.status, 200, path);
    assert.is(asset.headers.get('x-content-type-options'), 'nosniff');
    assert.ok((await asset.arrayBuffer()).byteLength > 0, path);
  }
  assert.equal(
    linked.filter(path => path.startsWith('/')),
    [],
  );
});

test('each module that one of the page imports is here: the page does not begin without it', async () => {
  const page = await (await daemon.request('/', { headers: nobody })).text();
  const found = new Set([...page.matchAll(/(?:src|href)="([^"]+\.js)"/g)].map(([, path]) => `/${path}`));
  assert.ok(found.size > 30);
  for (const path of found) {
    const response = await daemon.request(path, { headers: nobody });
    assert.is(response.status, 200, path);
    const imported = [...(await response.text()).matchAll(/\bfrom\s*['"](\.[^'"]+)['"]/g)];
    for (const [, relative = ''] of imported) found.add(new URL(relative, `http://page${path}`).pathname);
  }
});

test('who is signed in can be asked without a refusal', async () => {
  const ask = async (headers: Record<string, string>): Promise<unknown> => {
    const response = await daemon.request('/page/session', { headers });
    assert.is(response.status, 200);
    assert.is(response.headers.get('cache-control'), 'no-store');
    return response.json();
  };
  assert.equal(await ask(nobody), { session: null });
  const signedIn = await daemon.request('/v1/session', { method: 'POST', headers: { 'x-api-key': keys.read } });
  await signedIn.text();
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  assert.equal(await ask({ ...nobody, cookie }), { session: { name: keys.read, scopes: ['read'] } });
});

test.run();
