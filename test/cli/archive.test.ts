import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { archiveLines } from '../sinks/archive/archived.js';
import { eventsIn, fakeDaemon, invoke } from './invoke.js';

const test = suite<{ folder: TemporaryFolder; place: string; env: Record<string, string> }>('archive');
const line = (id: string, day: number) =>
  `{"id":"${id}","category":"x","created":${Date.UTC(2026, 2, day, 12)},"n":1.50,"_source":"nginx","_received":5}`;

test.before.each(async context => {
  context.folder = temporaryFolder();
  context.place = join(context.folder.path, 'archive');
  context.env = { ARCHIVE_URL: pathToFileURL(context.place).href, DATA_DIR: context.folder.path };
  await archiveLines(context.place, '2026-03-15', [line('a', 15), line('b', 15)]);
  await archiveLines(context.place, '2026-03-15', [line('b', 15)]);
  await archiveLines(context.place, '2026-03-16', [line('c', 16)]);
  await archiveLines(context.place, '2026-03-17', [line('d', 17)]);
});
test.after.each(({ folder }) => folder.remove());

const receipt = {
  ...{ accepted: 0, durability: 'embedded', already_there: null, sinks: ['mongodb'], refused: [], too_old: {} },
  ...{ closed: {}, reopened: [] },
};

test('replay: events of the time, each once, under their ids and to one sink', async ({ env }) => {
  const daemon = await fakeDaemon(() => ({ status: 200, body: receipt }));
  const settings = { ...env, EVENT_SINK_URL: daemon.url };
  const range = ['--from', '2026-03-15', '--until', '2026-03-17'];
  const { code, out } = await invoke(['archive', 'replay', '--to', 'mongodb', ...range], { env: settings });
  await daemon.close();
  assert.is(code, 0, out);
  assert.equal(
    daemon.asked.map(({ path }) => path),
    ['/v1/import?sinks=mongodb'],
  );
  assert.equal(
    daemon.asked.flatMap(eventsIn).map(({ id }) => id),
    ['a', 'b', 'c'],
  );
  assert.match(daemon.asked[0]!.body, '"n":1.50}');
  assert.not.match(daemon.asked[0]!.body, '_source');
});

test('replay: a file that is not as it was written is named, and the others are sent', async ({ env, place }) => {
  const name = await archiveLines(place, '2026-03-15', [line('e', 15)]);
  writeFileSync(join(place, name), 'x'.repeat(500));
  const daemon = await fakeDaemon(() => ({ status: 200, body: receipt }));
  const settings = { ...env, EVENT_SINK_URL: daemon.url };
  const { code, out } = await invoke(['archive', 'replay', '--to', 'mongodb'], { env: settings });
  await daemon.close();
  assert.is(code, 1);
  assert.match(out, name);
  assert.equal(
    daemon.asked.flatMap(eventsIn).map(({ id }) => id),
    ['a', 'b', 'c', 'd'],
  );
});

test('verify: a line for each day, what is wrong by name, and the exit code', async ({ env, place }) => {
  const whole = await invoke(['archive', 'verify'], { env });
  assert.is(whole.code, 0, whole.err);
  assert.equal(
    whole.out.split('\n').map(text => JSON.parse(text).day),
    ['2026-03-15', '2026-03-16', '2026-03-17'],
  );
  const name = await archiveLines(place, '2026-03-16', [line('e', 16)]);
  writeFileSync(join(place, name), 'x'.repeat(500));
  const wrong = await invoke(['archive', 'verify'], { env, onTerminal: true });
  assert.is(wrong.code, 1);
  assert.match(wrong.err, `2026-03-16: ${name}: its bytes are not those that were written`);
  assert.match(wrong.out, 'not as it was written: 2026-03-16');
  assert.is((await invoke(['archive', 'verify', '--until', '2026-03-16'], { env })).code, 0);
});

test('a command line that cannot be meant', async ({ env }) => {
  for (const words of [[], ['verify', 'x'], ['verify', '--to', 'mongodb'], ['replay'], ['verify', '--from', 'then']])
    assert.is((await invoke(['archive', ...words], { env })).code, 2, words.join(' '));
  const { code, err } = await invoke(['archive', 'verify', '--archive', 'archive.cold'], { env });
  assert.is(code, 2);
  assert.match(err, 'must be one of archive');
  const none = await invoke(['archive', 'verify'], { env: { DATA_DIR: env.DATA_DIR! } });
  assert.match(none.err, 'set ARCHIVE_URL');
});

test.run();
