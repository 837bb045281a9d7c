import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Around, eventsIn, fakeDaemon, invoke, type Outcome } from './invoke.js';

const test = suite<{ dir: string }>('replay');
test.before.each(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'event-sink-replay-'));
});
test.after.each(context => rmSync(context.dir, { recursive: true }));

const line = (created: number, id = created): string => `{"created": ${created}, "category":"a", "id":"${id}"}`;

async function replay(words: readonly string[], around: Around = {}, hangUps = 0) {
  const daemon = await fakeDaemon((_, index) => (index < hangUps ? 'hang up' : undefined));
  const env = { EVENT_SINK_API_KEY: 'k', EVENT_SINK_URL: daemon.url };
  const outcome: Outcome = await invoke(['replay', ...words], { env, ...around });
  await daemon.close();
  return { ...outcome, asked: daemon.asked };
}

test('all at once: every line byte for byte, in order, marked as a replay', async ({ dir }) => {
  const [one, two] = [join(dir, 'one.ndjson'), join(dir, 'two.ndjson.gz')];
  writeFileSync(one, `${line(1_700_000_000_000)}\n${line(1_700_000_009_000)}`);
  writeFileSync(two, gzipSync(`${line(1_600_000_000_000)}\n\n`));
  const { code, out, asked, slept } = await replay(['--now', one, two]);
  assert.is(code, 0);
  assert.is(asked.length, 1);
  assert.is(asked[0]?.headers['event-source'], 'replay');
  assert.is(asked[0]?.body, [line(1_700_000_000_000), line(1_700_000_009_000), line(1_600_000_000_000)].join('\n'));
  assert.equal(slept, []);
  assert.equal(JSON.parse(out), { accepted: 3, duplicates: 0, seconds: 0 });
});

test('at the pace of the recording: what is due is sent before a wait', async ({ dir }) => {
  const file = join(dir, 'events.ndjson');
  writeFileSync(file, [line(1000_000_000_000, 1), line(1000_000_000_000, 2), line(1000_000_010_000, 3)].join('\n'));
  const { asked, slept } = await replay([file]);
  assert.equal(
    asked.map(one => eventsIn(one).map(event => event.id)),
    [['1', '2'], ['3']],
  );
  assert.is(
    slept.reduce((sum, ms) => sum + ms, 0),
    10_000,
  );

  const fast = await replay(['--speed', '10', file]);
  assert.is(
    fast.slept.reduce((sum, ms) => sum + ms, 0),
    1000,
  );
});

test('rebased, the newest is now and the distances stay', async ({ dir }) => {
  const file = join(dir, 'events.ndjson');
  writeFileSync(file, [line(1_000_000_005_000), line(1_000_000_000_000), '{"category":"timeless"}'].join('\n'));
  const { asked } = await replay(['--now', '--rebase', file]);
  const [newest, older, timeless] = asked.flatMap(eventsIn);
  assert.ok(Math.abs(Number(newest?.created) - Date.UTC(2024, 0, 1) - 1_000_000) <= 1);
  assert.is(Number(newest?.created) - Number(older?.created), 5000);
  assert.is(timeless?.created, undefined);
});

test('an event without an id has the same id in every replay, and equal lines have different ones', async () => {
  const input = '{"category":"a"}\n{"category":"b","created":1}\n{"category":"a"}\n{"category":"b","created":1}\n';
  const [first, again] = [await replay(['--now', '-'], { input }), await replay(['--now', '-'], { input })];
  const ids = (asked: typeof first.asked) => asked.flatMap(eventsIn).map(event => event.id);
  assert.equal(ids(first.asked), ids(again.asked));
  assert.is(new Set(ids(first.asked)).size, 4);
  assert.ok(first.asked[0]?.body.startsWith('{"category":"a","id":"'));
});

test('a broken connection is tried again with the same bytes', async () => {
  const input = `${line(1_700_000_000_000)}\n`;
  const { code, asked } = await replay(['--now', '-'], { input }, 2);
  assert.is(code, 0);
  assert.is(asked.length, 3);
  assert.is(new Set(asked.map(one => one.body)).size, 1);
});

test('requests stay below their limits of events and bytes', async () => {
  const long = 'x'.repeat(300_000);
  const input = Array.from({ length: 5 }, (_, id) => `{"category":"a","id":"${id}","text":"${long}"}`).join('\n');
  const { asked } = await replay(['--now', '-'], { input });
  assert.equal(
    asked.map(one => eventsIn(one).length),
    [3, 2],
  );
});

test('a line that is no JSON ends it, and says which; what came before is sent', async ({ dir }) => {
  const file = join(dir, 'events.ndjson');
  writeFileSync(file, `${line(1)}\noops\n`);
  const { code, err } = await replay(['--now', file]);
  assert.is(code, 1);
  assert.match(err, 'events.ndjson, line 2, is not JSON');
});

test('a file in another encoding ends it at the line that is not UTF-8; a letter cut by a chunk is none', async ({
  dir,
}) => {
  const file = join(dir, 'latin.ndjson');
  const good = Array.from({ length: 3_000 }, (_, id) => `{"category":"ä€😀","id":"${id}"}\n`).join('');
  writeFileSync(file, Buffer.concat([Buffer.from(good), Buffer.from('{"category":"M\u00fcll","id":"x"}\n', 'latin1')]));
  const { code, err, asked } = await replay(['--now', file]);
  assert.is(code, 1);
  assert.match(err, 'latin.ndjson, line 3001, is not UTF-8');
  const sent = asked.flatMap(eventsIn);
  assert.ok(sent.length > 0);
  for (const event of sent) assert.is(event.category, 'ä€😀');
});

test('a file that cannot be read is reported in words, before anything is sent', async ({ dir }) => {
  const file = join(dir, 'events.ndjson');
  writeFileSync(file, line(1));
  for (const [path, reason] of [
    [join(dir, 'gone'), 'no such file'],
    [dir, 'it is a folder'],
  ] as const) {
    const { code, err, asked } = await replay(['--now', file, path]);
    assert.is(code, 1);
    assert.is(err.trim(), `event-sink: cannot read ${path}: ${reason}`);
    assert.is(asked.length, 0);
  }
});

test('a terminal gets a bar and a sentence', async ({ dir }) => {
  const file = join(dir, 'events.ndjson');
  writeFileSync(file, [line(1_000_000_000_000), line(1_000_000_060_000)].join('\n'));
  const { out, err } = await replay([file], { onTerminal: true });
  assert.match(out, '2 events accepted in 60 s');
  assert.match(err, /\[█+·*\] \d+ % {2}1 events .*next in \d+ s/);
});

test.run();
