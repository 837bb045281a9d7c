import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Running, run } from './running.js';

const nobody = { 'x-api-key': '' };
let daemon: Running;

test.before(async () => {
  daemon = await run();
});
test.after(() => daemon.close());

test('the documentation is served from here alone, under a strict policy', async () => {
  const response = await daemon.request('/docs', { headers: nobody });
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.match(policy, "default-src 'none'");
  assert.match(policy, "script-src 'self';");
  const page = await response.text();
  assert.not.match(page, /https?:|<script>|\son\w+=/);
  for (const [, path] of page.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)) {
    const asset = await daemon.request(`/${path}`, { headers: nobody });
    assert.is(asset.status, 200, path);
    assert.ok((await asset.arrayBuffer()).byteLength > 0);
  }
});

test('the document needs no key', async () => {
  const response = await daemon.request('/openapi.json', { headers: nobody });
  assert.is(((await response.json()) as { openapi: string }).openapi, '3.0.3');
});

test('an asset is asked for again but not sent again', async () => {
  const first = await daemon.request('/docs/swagger-ui.css');
  await first.text();
  const headers = { 'if-none-match': first.headers.get('etag')! };
  const connection = await daemon.connect();
  connection.send(
    `GET /docs/swagger-ui.css HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIf-None-Match: ${headers['if-none-match']}\r\n\r\n`,
  );
  assert.match(await connection.ended(), /^HTTP\/1\.1 304 /);
});

test('an asset is packed for those who can unpack it', async () => {
  const response = await daemon.request('/docs/swagger-ui-bundle.js', { headers: { 'accept-encoding': 'gzip' } });
  assert.is(response.headers.get('content-encoding'), 'gzip');
  assert.is(response.headers.get('vary'), 'Accept-Encoding');
  const plain = await daemon.request('/docs/swagger-ui-bundle.js', { headers: { 'accept-encoding': 'identity' } });
  assert.is(plain.headers.get('content-encoding'), null);
  assert.is((await response.text()).length, (await plain.text()).length);
});

test.run();
