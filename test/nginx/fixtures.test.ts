import { appendFileSync, copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFormat } from '../../src/nginx/lines/format.js';
import type { NginxConfig } from '../../src/nginx/nginx-config.js';
import { plainConfig, Scene } from './scene.js';

const fixtures = fileURLToPath(new URL('../../../fixtures/nginx/', import.meta.url));
const main =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for" $pid $connection $request_time';

const test = suite<{ scenes: Scene[] }>('recorded logs');

test.before.each(context => {
  context.scenes = [];
});
test.after.each(async ({ scenes }) => {
  for (const scene of scenes) await scene.remove();
});

function prepare(scenes: Scene[], format: string): Scene {
  const config: NginxConfig = {
    ...plainConfig,
    format: parseFormat(format),
    trafficEvents: ['views', 'downloads', 'api'],
  };
  const scene = new Scene({ config });
  scenes.push(scene);
  return scene;
}

async function read(scene: Scene): Promise<Scene> {
  await scene.start();
  await scene.read();
  return scene;
}

/** What is in every window, whatever its parts. */
function sums(scene: Scene): Record<string, number> {
  const total: Record<string, number> = {};
  for (const event of scene.store.events('connections'))
    for (const [name, value] of Object.entries(event))
      if (typeof value === 'number' && !/^(?:window|created|part|connections|visitors)/.test(name))
        total[name] = (total[name] ?? 0) + value;
  return total;
}

const expected = {
  ...{ requests: 20, bytes_sent: 1_738_725 },
  ...{ status_1xx: 0, status_2xx: 14, status_3xx: 2, status_4xx: 3, status_5xx: 1 },
  ...{
    method_get: 17,
    method_head: 0,
    method_post: 1,
    method_put: 0,
    method_patch: 0,
    method_delete: 1,
    method_other: 1,
  },
  ...{
    page_views: 4,
    downloads: 2,
    api_calls: 2,
    assets: 5,
    other_requests: 7,
    bot_requests: 3,
    extractor_requests: 2,
    extractor_bytes: 204_863,
    failed_uploads: 0,
  },
};

test('the same requests in three formats are the same counts and events', async ({ scenes }) => {
  const logs = [];
  for (const [file, format] of [
    ['combined.log', 'combined'],
    ['main.log', main],
    ['json.log', 'json'],
  ] as const) {
    const scene = prepare(scenes, format);
    copyFileSync(`${fixtures}${file}`, scene.path);
    logs.push(await read(scene));
    assert.equal(scene.store.checkpoint.totals, { requests: 20, unparsed: 0, oversized: 0 }, file);
    assert.equal(sums(scene), expected, file);
    const made = ['page_view', 'resource_download', 'api_call'].map(category => scene.store.events(category).length);
    assert.equal(made, [4, 3, 2], file);
  }
  const [combined, withPid, json] = logs.map(({ store }) =>
    store.events('connections').map(({ requests, connections }) => [requests, connections]),
  );
  assert.equal(withPid, json);
  // Where the format does not tell connections apart, an address with an agent is one.
  assert.is.not(String(combined), String(json));
  assert.not(logs.some(({ store }) => store.messages.some(({ body }) => body.includes('invented-key'))));
});

test('rotated, the older ones compressed: read on from the oldest', async ({ scenes }) => {
  const scene = prepare(scenes, 'combined');
  const oldest = gunzipSync(readFileSync(`${fixtures}rotated/access.log.3.gz`));
  const torn = oldest.indexOf('\n', 300);
  writeFileSync(scene.path, oldest.subarray(0, torn));
  await read(scene);
  await scene.kill();
  appendFileSync(scene.path, oldest.subarray(torn));
  scene.rename();
  cpSync(`${fixtures}rotated`, scene.folder.path, { recursive: true });
  await read(scene);
  assert.equal(sums(scene), expected);
});

test('torn lines and lines of others are passed over, each counted', async ({ scenes }) => {
  const scene = prepare(scenes, 'combined');
  copyFileSync(`${fixtures}torn.log`, scene.path);
  await read(scene);
  assert.equal(scene.store.checkpoint.totals, { requests: 12, unparsed: 3, oversized: 0 });
});

test.run();
