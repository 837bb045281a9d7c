import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFormat } from '../../../src/nginx/lines/format.js';
import { Scene } from '../scene.js';

const id = '65e6f0a1e4b0c7d2f8a91b33';

/** The views that are made of these lines. */
async function viewsOf(format: string, lines: readonly string[], keepIp = false): Promise<Record<string, unknown>[]> {
  const scene = new Scene({ config: { format: parseFormat(format), trafficEvents: ['views'], keepIp } });
  try {
    scene.write(...lines);
    await scene.start();
    await scene.read();
    await scene.stop();
    return scene.store.events('page_view');
  } finally {
    scene.folder.remove();
  }
}

const lineOf = (address: string, languages: string): string =>
  `${address} [05/Mar/2024:10:00:01 +0000] "GET /datasets/${id} HTTP/1.1" 200 10 "Mozilla/5.0 Firefox/123.0" "${languages}"\n`;

test('events say country and language, and not the address', async () => {
  const format =
    '$remote_addr [$time_local] "$request" $status $body_bytes_sent "$http_user_agent" "$http_accept_language"';
  const lines = [
    lineOf('81.2.69.142', 'de-CH,de;q=0.9,en;q=0.8'),
    lineOf('81.2.70.1', 'en'),
    lineOf('81.2.69.143', '-'),
    lineOf('81.2.69.144', '*'),
    lineOf('81.2.69.145', `${'x'.repeat(2000)}`),
    lineOf('81.2.69.146', '\\x22><script>'),
  ];
  const views = await viewsOf(format, lines);
  assert.equal(
    views.map(({ country, language }) => [country, language]),
    [
      ['GB', 'de-CH'],
      [undefined, 'en'],
      ['GB', undefined],
      ['GB', undefined],
      ['GB', undefined],
      ['GB', undefined],
    ],
  );
  assert.not.match(JSON.stringify(views), /81\.2\./);
  const [kept] = await viewsOf(format, lines.slice(0, 1), true);
  assert.equal([kept?.country, kept?.ip], ['GB', '81.2.69.142']);
});

test('a JSON log has the language under the names of nginx, Caddy and Traefik', async () => {
  const common = { remote_addr: '81.2.69.142', time: '2024-03-05T10:00:01Z', status: 200 };
  const request = `GET /datasets/${id} HTTP/1.1`;
  const lines = [
    { ...common, request, http_accept_language: 'fr' },
    { ...common, request, accept_language: 'fr;q=0.5' },
    { ...common, request: { method: 'GET', uri: `/datasets/${id}`, headers: { 'Accept-Language': ['fr,en'] } } },
    { ...common, request, 'request_Accept-Language': 'fr' },
  ];
  const views = await viewsOf(
    'json',
    lines.map(line => `${JSON.stringify(line)}\n`),
  );
  assert.equal(
    views.map(({ language }) => language),
    ['fr', 'fr', 'fr', 'fr'],
  );
});

test.run();
