import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Explanation } from '../../../src/explain/explanation.js';
import { type TemporaryFolder, temporaryFolder } from '../../helpers/temporary.js';
import { fakeDaemon, invoke } from '../invoke.js';

const test = suite<{ folder: TemporaryFolder; env: Record<string, string> }>('event-sink explain');
test.before.each(context => {
  context.folder = temporaryFolder();
  context.env = { DATA_DIR: context.folder.path, AMPLITUDE_API_KEY: 'the-key', AMPLITUDE_CATEGORIES: 'download' };
});
test.after.each(({ folder }) => folder.remove());

const event = '{"category":"upload","id":"u","resource_name":"scan.tif","created":1704067200000}';

test('shows what every sink makes of an event, and leaves nothing', async ({ folder, env }) => {
  const { code, out, err } = await invoke(['explain', event], { env });
  assert.is(code, 0, err);
  const [first, ...rest] = out.split('\n');
  assert.is(first, 'upload of 2024-01-01T00:00:00.000Z from http, id u');
  assert.ok(rest.includes('  amplitude  filtered: AMPLITUDE_CATEGORIES leaves out upload'), out);
  assert.ok(rest.includes('  local      delivered'), out);
  assert.ok(rest.includes('      resource_name: "scan.tif"'), out);
  assert.equal(readdirSync(folder.path), []);
  assert.not.match(out, 'the-key');
});

test('as JSON, one explanation a line, from standard input and a file alike', async ({ env }) => {
  const { out } = await invoke(['explain', '-', '--json'], { env, input: `${event}\n${event}\n` });
  const found = out.split('\n').map(line => JSON.parse(line) as Explanation);
  assert.equal(
    found.map(({ sinks }) => sinks.amplitude?.outcome),
    ['filtered', 'filtered'],
  );
  const lines = await invoke(['explain', 'fixtures/events/requested.ndjson', '--json'], { env });
  assert.is(lines.out.split('\n').length, 7);
});

test('what is refused ends with 1, what cannot be read or is set wrong with 2', async ({ env }) => {
  const refused = await invoke(['explain', '{"type":"x"}'], { env });
  assert.equal([refused.code, refused.out], [1, 'refused\n  category: category is missing']);
  assert.is((await invoke(['explain', '{'], { env })).code, 2);
  assert.is((await invoke(['explain', event, '--as', 'xml'], { env })).code, 2);
  const wrong = await invoke(['explain', event], { env: { ...env, PORT: 'x' } });
  assert.equal([wrong.code, /PORT/.test(wrong.err)], [2, true]);
});

test('a daemon is asked with --url, for lines and lists too', async ({ env }) => {
  const one = { event: null, refused: [{ field: '', message: 'why' }], sinks: {} };
  const daemon = await fakeDaemon((_asked, index) => ({
    status: 200,
    body: index === 0 ? one : { explanations: [one, one] },
  }));
  const single = await invoke(['explain', event, '--url', daemon.url], { env });
  const lines = await invoke(['explain', '-', '--as', 'nginx', '--url', daemon.url], { env, input: 'a\nb\n' });
  const list = await invoke(['explain', '-', '--url', daemon.url], { env, input: `${event}\n${event}` });
  await daemon.close();
  assert.equal([single.code, single.out], [1, 'refused\n  why']);
  assert.is(lines.out, 'refused\n  why\nrefused\n  why');
  assert.is(list.code, 1);
  assert.equal(
    daemon.asked.map(({ path, headers, body }) => [path, headers['content-type'], body]),
    [
      ['/v1/explain?as=event', 'application/json', event],
      ['/v1/explain?as=nginx', 'application/json', '"a\\nb\\n"'],
      ['/v1/explain?as=event', 'application/x-ndjson', `${event}\n${event}`],
    ],
  );
});

test.run();
