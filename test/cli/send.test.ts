import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventsIn, fakeDaemon, invoke } from './invoke.js';

const test = suite<{ dir: string }>('send');
test.before.each(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'event-sink-send-'));
});
test.after.each(context => rmSync(context.dir, { recursive: true }));

const env = { EVENT_SINK_API_KEY: 'es_test' };

test('one event as an argument', async () => {
  const daemon = await fakeDaemon();
  const { code, out } = await invoke(
    ['send', '{"category":"upload", "created":1.0,"id":"7"}', '--url', `${daemon.url}/`],
    { env },
  );
  await daemon.close();
  assert.is(code, 0);
  assert.equal(JSON.parse(out), { accepted: 1, duplicates: 0, ids: ['7'], durability: 'embedded' });
  const [asked] = daemon.asked;
  assert.is(asked?.path, '/v1/events');
  assert.is(asked?.headers['x-api-key'], 'es_test');
  assert.is(asked?.headers['content-type'], 'application/x-ndjson');
  assert.is(asked?.body, '{"category":"upload", "created":1.0,"id":"7"}');
});

test('a list, lines, one file, standard input', async ({ dir }) => {
  const file = join(dir, 'events.json');
  writeFileSync(file, '[\n{"category":"a","id":"1"},\n{"category":"b","id":"2"}\n]\n');
  const input = '{"category":"a","id":"1"}\n\n{"category":"b","id":"2"}\n';
  const daemon = await fakeDaemon();
  const at = { ...env, EVENT_SINK_URL: daemon.url };
  for (const [words, text] of [
    [[file], undefined],
    [['-'], input],
    [[], input],
  ] as const) {
    const { code } = await invoke(['send', ...words], text === undefined ? { env: at } : { env: at, input: text });
    assert.is(code, 0);
  }
  await daemon.close();
  for (const asked of daemon.asked)
    assert.equal(
      eventsIn(asked).map(event => event.id),
      ['1', '2'],
    );
  assert.is(daemon.asked.length, 3);
});

test('a file in another encoding is not sent: its line is named', async ({ dir }) => {
  const file = join(dir, 'latin.json');
  writeFileSync(file, '[{"category":"a"},\n{"category":"M\u00fcll"}]', 'latin1');
  const daemon = await fakeDaemon();
  const { code, err } = await invoke(['send', file, '--url', daemon.url], { env });
  await daemon.close();
  assert.is(code, 1);
  assert.match(err, 'latin.json, line 2, is not UTF-8');
  assert.is(daemon.asked.length, 0);
});

test('an event without an id gets one, and is sent again under the same', async () => {
  const daemon = await fakeDaemon((_, index) => (index === 0 ? 'hang up' : undefined));
  const { code } = await invoke(['send', '{"category":"upload","created":1}', '--url', daemon.url], { env });
  await daemon.close();
  assert.is(code, 0);
  assert.is(daemon.asked.length, 2);
  assert.is(daemon.asked[0]?.body, daemon.asked[1]?.body);
  assert.match(daemon.asked[0]?.body ?? '', /"id":"[0-9a-f-]{36}"/);
});

test('a daemon that asks for patience gets it', async () => {
  const daemon = await fakeDaemon((_, index) =>
    index < 2
      ? { status: index === 0 ? 429 : 503, headers: { 'retry-after': '7' }, body: { title: 'Later' } }
      : undefined,
  );
  const { code, slept, err } = await invoke(['send', '{"category":"upload","created":1}', '--url', daemon.url], {
    env,
  });
  await daemon.close();
  assert.is(code, 0);
  assert.is(slept.length, 2);
  assert.ok(slept.every(ms => ms >= 7000));
  assert.match(err, /waiting 7 s: .*429: Later/);
});

test('a refusal is reported in words, and nothing is tried again', async () => {
  const errors = [{ index: 0, field: 'created', message: 'must be a time' }];
  const daemon = await fakeDaemon(() => ({
    status: 400,
    body: { title: 'Bad', detail: 'One event is wrong', errors },
  }));
  const { code, err } = await invoke(['send', '{"category":"upload","created":1}', '--url', daemon.url], { env });
  await daemon.close();
  assert.is(code, 1);
  assert.match(err, '400: One event is wrong; event 0, created: must be a time');
  assert.is(daemon.asked.length, 1);
});

test('with a wrong or missing key, the command says how to fix it', async ({ dir }) => {
  const daemon = await fakeDaemon(() => ({ status: 401, body: { title: 'Unknown key' } }));
  const without = await invoke(['send', '{"category":"a"}', '--url', daemon.url], { env: { DATA_DIR: dir } });
  assert.match(without.err, 'Set EVENT_SINK_API_KEY');
  const withKey = await invoke(['send', '{"category":"a"}', '--url', daemon.url], { env });
  assert.match(withKey.err, 'the key of this daemon?');
  assert.not.match(withKey.err, 'es_test');
  await daemon.close();
});

test('the key of the first start serves when none is given', async ({ dir }) => {
  const key = `es_${'k'.repeat(43)}`;
  writeFileSync(join(dir, 'api-key'), `${key}\n`);
  const daemon = await fakeDaemon();
  await invoke(['send', '{"category":"a"}', '--url', daemon.url], { env: { DATA_DIR: dir } });
  await daemon.close();
  assert.is(daemon.asked[0]?.headers['x-api-key'], key);
});

test('where nobody listens, it says so after a few tries', async () => {
  const daemon = await fakeDaemon();
  await daemon.close();
  const { code, err, slept } = await invoke(['send', '{"category":"a"}', '--url', daemon.url], { env });
  assert.is(code, 1);
  assert.match(err, 'does the daemon run there?');
  assert.is(slept.length, 5);
});

test('what is no event is not sent', async () => {
  for (const [input, said] of [
    ['nonsense', 'standard input is not JSON'],
    ['{"a":1}\nnonsense', 'line 2, is not JSON'],
    ['[1]', 'item 1, is not a JSON object'],
    ['', 'there is no event in'],
  ] as const) {
    const { code, err } = await invoke(['send'], { env, input });
    assert.ok(code > 0);
    assert.match(err, said);
  }
});

test('many events go in requests of at most 500', async () => {
  const daemon = await fakeDaemon();
  const input = Array.from({ length: 1001 }, (_, id) => `{"category":"a","id":"${id}"}`).join('\n');
  const { out } = await invoke(['send', '--url', daemon.url], { env, input, onTerminal: true });
  await daemon.close();
  assert.equal(
    daemon.asked.map(asked => eventsIn(asked).length),
    [500, 500, 1],
  );
  assert.match(out, '1001 events accepted');
});

test.run();
