import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { processTerminal } from '../../src/cli/terminal.js';
import { fakeDaemon, invoke } from './invoke.js';

const deadLetter = (key: string) => ({
  key,
  sink: 'influxdb',
  id: `id-${key}`,
  reason: 'the field size is a string',
  fault: 'poison',
  attempts: 1,
  first_seen: 1_700_000_000_000,
  dead_at: 1_700_000_000_000,
  body: '{}',
});

test('all pages are listed, as lines or as a table', async () => {
  const daemon = await fakeDaemon(({ path }) => ({
    status: 200,
    body: path.includes('cursor=next')
      ? { dead_letters: [deadLetter('2')], next_cursor: null }
      : { dead_letters: [deadLetter('1')], next_cursor: 'next' },
  }));
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
  const lines = await invoke(['dead-letters', 'list', '--sink', 'influxdb', '--all'], { env });
  const shown = await invoke(['dead-letters', '--limit', '1'], { env, onTerminal: true });
  await daemon.close();
  assert.equal(
    lines.out.split('\n').map(line => JSON.parse(line).key),
    ['1', '2'],
  );
  assert.match(daemon.asked[0]?.path ?? '', 'sink=influxdb');
  assert.match(shown.out, /^KEY +SINK .*\n1 +influxdb +2023-11-14 22:13 +poison +the field size is a string/);
  assert.match(shown.out, '--all lists every one');
});

test('some or all are redriven or deleted', async () => {
  const daemon = await fakeDaemon(({ method }) => ({
    status: 200,
    body:
      method === 'POST'
        ? { redriven: 2, refused: [{ key: 'x', id: 'y', reason: 'too old' }], refused_count: 1 }
        : { removed: 1 },
  }));
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
  const redriven = await invoke(['dead-letters', 'redrive', '--sink', 'ga4', '--key', 'a', '--key', 'b'], { env });
  const all = await invoke(['dead-letters', 'redrive', '--sink', 'ga4', '--all'], { env, onTerminal: true });
  const removed = await invoke(['dead-letters', 'delete', '--sink', 'ga4', '--key', 'a&b'], { env });
  await invoke(['dead-letters', 'delete', '--sink', 'ga4', '--all'], { env });
  await daemon.close();
  assert.equal(JSON.parse(redriven.out).redriven, 2);
  assert.match(all.out, '2 events redriven');
  assert.match(all.out, '1 event left where they are; --force redrives them anyway:\n  too old');
  assert.equal(JSON.parse(removed.out), { sink: 'ga4', removed: 1 });
  assert.equal(
    daemon.asked.map(({ method, path, body }) => [method, path, body]),
    [
      ['POST', '/v1/dead-letters/redrive', '{"sink":"ga4","keys":["a","b"]}'],
      ['POST', '/v1/dead-letters/redrive', '{"sink":"ga4","dry_run":true}'],
      ['POST', '/v1/dead-letters/redrive', '{"sink":"ga4"}'],
      ['DELETE', '/v1/dead-letters?sink=ga4&key=a%26b', ''],
      ['DELETE', '/v1/dead-letters?sink=ga4&all=true', ''],
    ],
  );
});

test('many are redriven in portions, never more than there were, whatever dies again', async () => {
  const daemon = await fakeDaemon(({ body }) => {
    const { limit, dry_run } = JSON.parse(body) as { readonly limit?: number; readonly dry_run?: boolean };
    const redriven = dry_run === true ? 1_200 : (limit ?? 0);
    return { status: 200, body: { redriven, refused: [], refused_count: 0 } };
  });
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
  const { out } = await invoke(['dead-letters', 'redrive', '--sink', 'ga4', '--all', '--force'], { env });
  await daemon.close();
  assert.is(JSON.parse(out).redriven, 1_200);
  assert.equal(
    daemon.asked.map(({ body }) => JSON.parse(body).limit),
    [undefined, 500, 500, 200],
  );
});

test('what was not looked at is wanted too without a filter, and what was not in the end is said', async () => {
  const left = { found: 1_000, behind: 2_000 };
  const daemon = await fakeDaemon(({ body }) => {
    const { limit = 1_000, dry_run } = JSON.parse(body) as { readonly limit?: number; readonly dry_run?: boolean };
    const redriven = Math.min(limit, left.found);
    if (dry_run !== true) left.found -= redriven;
    const rest = redriven < limit || dry_run ? { not_reached: left.behind } : {};
    const answer = { redriven, refused: [], refused_count: 0, ...rest };
    // The next ones come in sight, but for 1,300 behind what stays.
    if (left.found === 0 && left.behind === 2_000) Object.assign(left, { found: 700, behind: 1_300 });
    return { status: 200, body: answer };
  });
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
  const all = await invoke(['dead-letters', 'redrive', '--sink', 'ga4', '--all'], { env, onTerminal: true });
  const limits = daemon.asked.slice(0).map(({ body }) => JSON.parse(body).limit);
  Object.assign(left, { found: 600, behind: 1_300 });
  const words = ['dead-letters', 'redrive', '--sink', 'ga4', '--all', '--reason', 'x'];
  const trial = await invoke([...words, '--dry-run'], { env });
  await daemon.close();
  assert.match(
    all.out,
    '1700 events redriven\n1300 events not looked at: of one sink, RabbitMQ shows the oldest thousand.',
  );
  assert.equal(limits, [undefined, 500, 500, 500, 500, 500]);
  assert.is(JSON.parse(trial.out).not_reached, 1_300);
});

test('a reason that acts on a terminal, and a time that is none, hide nothing of the list', async () => {
  const hostile = { ...deadLetter('1'), reason: 'a\u001b[2Jb\r\u009b1m\nc', dead_at: 1e300 };
  const daemon = await fakeDaemon(() => ({
    status: 200,
    body: { dead_letters: [hostile, deadLetter('2')], next_cursor: null },
  }));
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
  const { out } = await invoke(['dead-letters'], { env, onTerminal: true });
  await daemon.close();
  const [, first = '', second = ''] = out.split('\n');
  assert.match(first, /^1 +influxdb +1e\+300 +poison +a\\x1b\[2Jb\\x0d\\x9b1m\\x0ac$/);
  assert.match(second, /^2 +influxdb +2023-11-14 22:13 /);
});

test('what is printed on a terminal does not act on it; a program gets it to the letter', () => {
  const written: string[] = [];
  const stream = (isTTY: boolean) =>
    ({ isTTY, on: () => {}, write: (text: string) => written.push(text) }) as unknown as NodeJS.WriteStream;
  const { out, err } = processTerminal({ stdin: process.stdin, stdout: stream(true), stderr: stream(false) });
  out('a\u001b[31mb\nc');
  err('a\u001b[31mb');
  assert.equal(written, ['a\\x1b[31mb\nc\n', 'a\u001b[31mb\n']);
});

test.run();
