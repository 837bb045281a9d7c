import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../helpers/temporary.js';
import { fakeDaemon, invoke } from './invoke.js';

test('asks for the last month that is over as a table, or for what is said, and writes it where it is said', async () => {
  const daemon = await fakeDaemon(() => ({ status: 200, body: ['a table'] }));
  const folder = temporaryFolder();
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
  const file = join(folder.path, 'usage.json');
  const { out } = await invoke(['usage', 'report'], { env });
  const range = ['--from', '2026-01', '--to', '2026-03', '--format', 'json', '--dataset', '10.5072/CORN'];
  const written = await invoke(['usage', 'report', ...range, '--out', file], { env });
  await daemon.close();
  assert.is(out, '["a table"]');
  assert.equal([written.code, written.out, readFileSync(file, 'utf8')], [0, '', '["a table"]']);
  folder.remove();
  assert.equal(
    daemon.asked.map(({ path }) => path),
    [
      // The clock of these tests stands in January 2024.
      '/counter/reports/dsr?begin-date=2023-12&end-date=2023-12&format=tsv',
      '/counter/reports/dsr?begin-date=2026-01&end-date=2026-03&format=json&dataset-id=10.5072%2FCORN',
    ],
  );
});

test('a month is counted again, and both figures are shown', async () => {
  const counts = { total_dataset_investigations: 7, total_dataset_requests: 3, request_bytes: 300 };
  const after = { ...counts, total_dataset_requests: 2 };
  const body = {
    month: '2026-03',
    before: { regular: counts, machine: counts },
    after: { regular: after, machine: counts },
  };
  const daemon = await fakeDaemon(() => ({ status: 200, body }));
  const env = { EVENT_SINK_URL: daemon.url };
  const shown = await invoke(['usage', 'recompute', '2026-03'], { env, onTerminal: true });
  const piped = await invoke(['usage', 'recompute', '2026-03'], { env });
  await daemon.close();
  assert.match(shown.out, /regular +total_dataset_requests +3 +2\n/);
  assert.equal(JSON.parse(piped.out), body);
  const { method, path } = daemon.asked[0]!;
  assert.equal([method, path], ['POST', '/v1/usage/months/2026-03/recompute']);
});

test('the report for people is that of one month, as CSV or as a page', async () => {
  const daemon = await fakeDaemon(() => ({ status: 200, body: 'a report' }));
  const env = { EVENT_SINK_URL: daemon.url };
  await invoke(['usage', 'report', '--month', '2026-03', '--format', 'html'], { env });
  await invoke(['usage', 'report', '--format', 'csv'], { env });
  await invoke(['usage', 'report', '--month', '2026-03'], { env });
  await daemon.close();
  assert.equal(
    daemon.asked.map(({ path }) => path),
    [
      '/v1/usage-reports/2026-03.html',
      '/v1/usage-reports/2023-12.csv',
      '/counter/reports/dsr?begin-date=2026-03&end-date=2026-03&format=tsv',
    ],
  );
});

test('a month is submitted, the last that is over by default', async () => {
  const daemon = await fakeDaemon(() => ({ status: 202, body: { month: '2026-03', id: 'event-1' } }));
  const env = { EVENT_SINK_URL: daemon.url };
  const piped = await invoke(['usage', 'submit', '--month', '2026-03', '--report-id', 'a b'], { env });
  const shown = await invoke(['usage', 'submit'], { env, onTerminal: true });
  await daemon.close();
  assert.equal(JSON.parse(piped.out), { month: '2026-03', id: 'event-1' });
  assert.match(shown.out, 'the report of 2026-03 waits for the hub');
  assert.equal(
    daemon.asked.map(({ method, path }) => `${method} ${path}`),
    ['POST /v1/usage/months/2026-03/submit?report_id=a+b', 'POST /v1/usage/months/2023-12/submit'],
  );
});

test('what the daemon refuses is said in its words', async () => {
  const body = { code: 3020, severity: 'error', message: 'Invalid Date Arguments', data: '2026-03 is closed' };
  const daemon = await fakeDaemon(() => ({ status: 400, body }));
  const { code, err } = await invoke(['usage', 'report'], { env: { EVENT_SINK_URL: daemon.url } });
  await daemon.close();
  assert.is(code, 1);
  assert.match(err, '2026-03 is closed');
});

test('a command line that is wrong is said to be', async () => {
  for (const words of [
    [],
    ['report', 'x'],
    ['report', '--from', '2026-13'],
    ['report', '--from', '2026-02', '--to', '2026-01'],
    ['report', '--format', 'xml'],
    ['report', '--format', 'html', '--from', '2026-01', '--to', '2026-02'],
    ['report', '--format', 'csv', '--dataset', 'x'],
    ['report', '--month', '2026-01', '--from', '2026-01'],
    ['submit', '2026-03'],
    ['submit', '--month', '2026-13'],
    ['recompute'],
    ['recompute', 'march'],
  ]) {
    assert.is((await invoke(['usage', ...words], {})).code, 2, words.join(' '));
  }
});

test.run();
