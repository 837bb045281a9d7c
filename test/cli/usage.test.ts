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

const side = { accesses: 0, alone: 0, repeated: 0, incomparable: 0, left_out: {} };

test('the audit is a table a control, with what each side alone says by name', async () => {
  const views = { matched: 40, counted: { ...side, accesses: 42, alone: 2 }, control: { ...side, accesses: 40 } };
  const left = { robot: 3 };
  const downloads = {
    matched: 10,
    counted: { ...side, accesses: 10 },
    control: { ...side, accesses: 15, alone: 1, repeated: 1, left_out: left },
  };
  const nothing = { matched: 0, counted: side, control: side };
  const examples = Array.from({ length: 22 }, (_, n) => ({
    ...{ time: Date.UTC(2026, 2, 15, 10, 0, n), id: `event-${n}`, said_by: n === 0 ? 'clowder' : 'nginx' },
    ...{ kind: 'view', resource: `dataset ${n}`, dataset: null },
  }));
  const body = {
    source: 'nginx',
    controls: [
      {
        source: 'nginx',
        control: 'clowder',
        counted_alone: 'Clowder lost them',
        control_alone: 'they passed the proxy',
        views,
        downloads,
      },
    ],
    days: [
      { day: '2026-03-15', source: 'nginx', controls: [{ control: 'clowder', views, downloads, examples }] },
      {
        ...{ day: '2026-03-16', source: 'nginx' },
        controls: [{ control: 'clowder', views: nothing, downloads: nothing, examples: [] }],
      },
    ],
  };
  const daemon = await fakeDaemon(() => ({ status: 200, body }));
  const env = { EVENT_SINK_URL: daemon.url };
  const shown = await invoke(['usage', 'audit', '--from', '2026-03', '--to', '2026-03-16'], { env, onTerminal: true });
  const piped = await invoke(['usage', 'audit'], { env });
  const json = await invoke(['usage', 'audit', '--json'], { env, onTerminal: true });
  await daemon.close();
  assert.is(shown.code, 0);
  const lines = shown.out.split('\n');
  assert.match(lines[0]!, /^DAY +nginx +both +only nginx +clowder +only clowder +left out +repeated/);
  assert.match(lines[1]!, /^2026-03-15 +views +42 +40 +2 +40 +0 +0 +0/);
  assert.match(lines[2]!, /^2026-03-15 +downloads +10 +10 +0 +15 +1 +3 +1/);
  assert.match(lines[3]!, /^total +views +42/);
  assert.not.match(shown.out, '2026-03-16 ');
  assert.match(shown.out, 'only nginx: Clowder lost them');
  assert.match(shown.out, '2026-03-15 10:00:00  only clowder: view of dataset 0');
  assert.match(shown.out, 'and 2 more: --json');
  assert.equal([JSON.parse(piped.out), JSON.parse(json.out)], [body, body]);
  const path = '/v1/usage/audit';
  assert.equal(
    daemon.asked.map(asked => asked.path),
    [`${path}?from=2026-03&to=2026-03-16`, path, path],
  );
});

test('an audit with nothing to compare says so', async () => {
  const daemon = await fakeDaemon(() => ({ status: 200, body: { source: 'clowder', controls: [], days: [] } }));
  const { out } = await invoke(['usage', 'audit'], { env: { EVENT_SINK_URL: daemon.url }, onTerminal: true });
  await daemon.close();
  assert.is(out, 'clowder is the only source of accesses: nothing to compare it with');
});

test('how complete the months are, with each gap in words', async () => {
  const nothing = { complete: true, missing_hours: 0, gaps: [], waiting: 0, dead: 0, late: 0 };
  const [from, to] = [Date.UTC(2026, 2, 14, 10), Date.UTC(2026, 2, 14, 12)];
  const gaps = [
    { from, to, reason: 'stopped', means: 'the daemon was not running', seconds: 5000, missing: 0 },
    { from, to, reason: 'unread_lines', means: 'lines of the log could not be read', seconds: 0, missing: 7 },
  ];
  const months = [
    { month: '2026-02', closed: 1, sources: ['clowder', 'nginx'], completeness: nothing },
    {
      ...{ month: '2026-03', closed: null, sources: ['nginx'] },
      completeness: { ...nothing, complete: false, missing_hours: 2, gaps, waiting: 3, dead: 1, late: 4 },
    },
  ];
  const answers: unknown[] = [
    { source: 'nginx', months },
    { source: 'nginx', months },
    { source: 'nginx', months: [] },
  ];
  const daemon = await fakeDaemon(() => ({ status: 200, body: answers.shift() }));
  const env = { EVENT_SINK_URL: daemon.url };
  const shown = await invoke(['usage', 'completeness', '--from', '2026-02'], { env, onTerminal: true });
  const piped = await invoke(['usage', 'completeness'], { env });
  const none = await invoke(['usage', 'completeness'], { env, onTerminal: true });
  await daemon.close();
  assert.match(shown.out, /^MONTH +COUNTED FROM +HOURS MISSING +WAITING +DEAD +LATE/);
  assert.match(shown.out, /2026-02 +closed, complete +clowder, nginx +0 +0 +0 +0/);
  assert.match(shown.out, /2026-03 +open, in part +nginx +2 +3 +1 +4/);
  assert.match(shown.out, '2026-03-14 10:00 to 2026-03-14 12:00  the daemon was not running\n');
  assert.match(shown.out, 'lines of the log could not be read (7)');
  assert.match(shown.out, 'counted now is nginx; hours are UTC');
  assert.equal(
    piped.out.split('\n').map(line => JSON.parse(line)),
    months,
  );
  assert.is(none.out, 'nothing was counted yet');
  const path = '/v1/usage?by=month&limit=1&';
  assert.equal(
    daemon.asked.map(asked => asked.path),
    [`${path}from=2026-02`, path, path],
  );
});

test('a day is none of completeness, and a range must be one', async () => {
  const days = await invoke(['usage', 'completeness', '--from', '2026-03-15']);
  const audit = await invoke(['usage', 'audit', '--to', 'March']);
  assert.equal([days.code, audit.code], [2, 2]);
  assert.match(days.err, '--from must be a month, such as 2026-03, but is "2026-03-15"');
  assert.match(audit.err, '--to must be a day or a month, such as 2026-03-15 or 2026-03, but is "March"');
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
