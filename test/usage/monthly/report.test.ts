import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { monthlyReport } from '../../../src/usage/monthly/report.js';
import { datasetId } from '../scene.js';
import { hostile, june, reportOf, threeMonths } from './scene.js';

test('the sums of the month, with those of the month before and of the year before', async () => {
  const report = await reportOf(await threeMonths());
  assert.equal([report.month, report.platform, report.source], ['2026-03', 'Example Archive', 'nginx']);
  assert.equal(report.total.regular.total_dataset_requests, 7);
  assert.equal(report.total.machine.total_dataset_requests, 1);
  assert.equal(
    [report.month_before, report.year_before].map(one => [one?.month, one?.regular.total_dataset_requests]),
    [
      ['2026-02', 1],
      ['2025-03', 2],
    ],
  );
  assert.equal(
    report.months.map(({ month }) => month),
    ['2025-03', '2026-02', '2026-03'],
  );
});

test('they are the figures of the query layer, and so of /v1/usage', async () => {
  const scene = await threeMonths();
  const report = await reportOf(scene);
  const range = { from: 20260300, to: 20260399, limit: 1000, offset: 0 };
  const [month] = await scene.usage.query({
    by: 'month',
    from: 202603 * 100,
    to: 202603 * 100 + 99,
    limit: 10,
    offset: 0,
  });
  assert.is(month?.regular.requests, report.total.regular.total_dataset_requests);
  const rows = await scene.usage.query({ by: 'dataset', ...range });
  assert.equal(
    rows.map(row => [row.key, row.regular.investigations, row.machine.requestBytes]),
    report.datasets.map(line => [line.id, line.regular.total_dataset_investigations, line.machine.request_bytes]),
  );
  const sum = report.datasets.reduce((all, line) => all + line.regular.total_dataset_requests, 0);
  assert.is(sum, report.total.regular.total_dataset_requests);
});

test('by space, dataset and owner, with names where they are known', async () => {
  const { spaces, datasets, owners } = await reportOf(await threeMonths());
  assert.equal(
    spaces.map(line => [line.id, line.title, line.datasets, line.regular.total_dataset_investigations]),
    [
      ['space-1', 'Plants', 2, 8],
      [null, null, 1, 1],
      ['space-2', 'Soils', 1, 1],
    ],
  );
  assert.equal(
    datasets.map(line => [line.id, line.title, line.doi, line.kind]),
    [
      [datasetId(1), 'Corn, "soy" and wheat', '10.5072/CORN', 'dataset'],
      [null, null, null, null],
      [datasetId(2), hostile, null, 'dataset'],
      [datasetId(3), null, null, 'dataset'],
    ],
  );
  assert.equal(
    owners.map(line => [line.id, line.title, line.datasets]),
    [
      ['owner-1', 'Ada Example', 2],
      [null, null, 1],
      ['owner-2', null, 1],
    ],
  );
});

test('users are a number, those of a country only where they are three or more, and nobody is named', async () => {
  const report = await reportOf(await threeMonths());
  assert.is(report.total.users.regular, 7);
  assert.equal(
    report.countries.map(({ id, regular }) => [
      id,
      typeof regular === 'object' ? regular.total_dataset_requests : regular,
    ]),
    [
      ['us', 4],
      ['de', '< 3'],
    ],
  );
  assert.not.match(JSON.stringify(report), /"(?:v|w)[1-4]"|visitor/);
});

test('what was left out, and what is missing', async () => {
  const scene = await threeMonths();
  const whole = await reportOf(scene);
  assert.is(whole.left_out.robot, 1);
  assert.equal([whole.complete, whole.missing], [true, []]);
  scene.waiting = { pending: 4, dead: 2 };
  const partial = await reportOf(scene);
  assert.is(partial.complete, false);
  assert.match(partial.missing.join('\n'), '2 events could not be counted');
  scene.scratch.now = Date.UTC(2026, 2, 20);
  assert.match((await reportOf(scene)).missing.join('\n'), '2026-03-20 is not over');
});

test('a month without a use is one of zeros, one of which nothing can be known is none', async () => {
  const scene = await threeMonths();
  const may = await reportOf(scene, 202605);
  assert.is(may.total.regular.total_dataset_investigations, 0);
  assert.equal([may.datasets, may.month_before], [[], null]);
  const clock = { now: () => june };
  for (const month of [202502, 202607]) assert.is(await monthlyReport(scene.usage, month, clock), undefined);
});

test('a closed month has the figures that it had', async () => {
  const scene = await threeMonths();
  const { created: _, closed: open, ...before } = await reportOf(scene);
  scene.scratch.write('closeUsageMonth', { month: 202603 });
  const { created: __, closed, ...after } = await reportOf(scene);
  assert.is(open, null);
  assert.is(closed, june);
  assert.equal(after, before);
});

test.run();
