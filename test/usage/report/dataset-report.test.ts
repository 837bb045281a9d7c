import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DatasetReport, datasetReport } from '../../../src/usage/report/dataset-report.js';
import { reportAsJson } from '../../../src/usage/report/json.js';
import { type Parameters, readReportRequest } from '../../../src/usage/report/request.js';
import { reportAsTsv } from '../../../src/usage/report/tsv.js';
import { skipped } from '../../helpers/skip.js';
import { datasetId, download, fileId, UsageScene, usageConfig, view } from '../scene.js';

const schemaFile = '../shared/data/datacite-usage-report.schema.json';
const march = Date.UTC(2026, 2, 10);
const april = Date.UTC(2026, 3, 10);
const june = Date.UTC(2026, 5, 15);

const config = {
  ...usageConfig,
  platform: 'Example Archive',
  publisher: 'Example University',
  publisherId: 'grid:grid.9999.9',
  clowderUrl: 'https://clowder.example.org',
};

/** Two datasets and a lone file in March and April. */
async function twoMonths(): Promise<UsageScene> {
  const scene = new UsageScene(config);
  scene.scratch.now = june;
  const known = { resource_name: 'Corn\tand\nsoy', doi: 'https://doi.org/10.5072/CORN', author_name: 'Ada Example' };
  await scene.take(
    view(march, known),
    view(march + 60_000),
    ...[1, 2, 3, 4].map(n => download(march + n * 3_600_000, { country: 'us', visitor: `v${n}` }, n)),
    ...[1, 2].map(n => download(march + n * 60_000, { country: 'de', visitor: `v${n}` }, n)),
    download(april, { user_agent: 'curl/8.5.0' }),
    view(april, { resource_id: datasetId(2), resource_name: '=SUM(A1)', url: '/datasets/2' }),
    download(april, { dataset_id: undefined }, 9),
    download(april, { dataset_id: undefined, resource_id: undefined, type: undefined, url: '/files/links/x' }),
  );
  return scene;
}

async function made(scene: UsageScene, parameters: Parameters, withoutCountries = false): Promise<DatasetReport> {
  const clock = { now: () => scene.scratch.now };
  const request = readReportRequest(parameters, clock.now());
  if ('code' in request) throw new Error(`${request.code} ${request.data}`);
  const report = await datasetReport(scene.usage, request, clock, withoutCountries);
  if ('code' in report) throw new Error(`${report.code} ${report.data}`);
  return report;
}

async function textOf(parts: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}

const both = { 'begin-date': '2026-03', 'end-date': '2026-04' };
const asJson = async (scene: UsageScene, parameters: Parameters = both) =>
  JSON.parse(await textOf(reportAsJson(await made(scene, parameters), config)));
const codes = (report: { 'report-header': { exceptions: { code: number }[] } }): number[] =>
  report['report-header'].exceptions.map(({ code }) => code);

test('JSON: what is known of each dataset, and its counts by month', async () => {
  const { 'report-header': header, 'report-datasets': datasets } = await asJson(await twoMonths());
  assert.equal([header['report-id'], header.release, header['created-by']], ['DSR', 'rd1', 'Example Archive']);
  assert.equal(header['reporting-period'], { 'begin-date': '2026-03-01', 'end-date': '2026-04-30' });
  assert.equal(header.exceptions, []);
  const titles = datasets.map((one: { 'dataset-title': string }) => one['dataset-title']);
  assert.equal(titles, ['Corn and soy', '=SUM(A1)', fileId(9)]);
  const [corn, sum] = datasets;
  assert.equal(corn['dataset-id'], [
    { type: 'doi', value: '10.5072/CORN' },
    { type: 'proprietary', value: datasetId(1) },
  ]);
  assert.equal(corn['dataset-contributors'], [{ type: 'name', value: 'Ada Example' }]);
  assert.equal(corn['publisher-id'], [{ type: 'grid', value: 'grid.9999.9' }]);
  assert.equal([corn.platform, corn.publisher, corn.yop], ['Example Archive', 'Example University', '0001']);
  assert.is(corn.uri, 'https://doi.org/10.5072/CORN');
  assert.is(sum.uri, `https://clowder.example.org/datasets/${datasetId(2)}`);
  const counts = (method: string, numbers: readonly number[], countries: readonly object[] = []) =>
    [
      'total-dataset-investigations',
      'total-dataset-requests',
      'unique-dataset-investigations',
      'unique-dataset-requests',
    ].map((metric, index) => ({
      'metric-type': metric,
      'access-method': method,
      count: numbers[index],
      ...(countries[index] === undefined ? {} : { 'country-counts': countries[index] }),
    }));
  assert.equal(corn.performance, [
    {
      period: { 'begin-date': '2026-03-01', 'end-date': '2026-03-31' },
      // Two users in Germany are too few to be named.
      instance: counts('regular', [8, 6, 7, 6], [{ us: 4 }, { us: 4 }, { us: 4 }, { us: 4 }]),
    },
    {
      period: { 'begin-date': '2026-04-01', 'end-date': '2026-04-30' },
      instance: counts('machine', [1, 1, 1, 1]),
    },
  ]);
  assert.is(sum.performance.length, 1);
  assert.equal(
    sum.performance[0].instance.map((one: { 'metric-type': string }) => one['metric-type']),
    ['total-dataset-investigations', 'unique-dataset-investigations'],
  );
});

test('JSON: countries of enough users for each metric, and of whole months alone', async () => {
  const scene = new UsageScene(config);
  scene.scratch.now = june;
  await scene.take(
    ...[1, 2, 3].map(n => view(march + n * 60_000, { country: 'de', visitor: `v${n}` })),
    ...[0, 1, 2].map(n => download(march + n * 3_600_000, { country: 'de', visitor: 'v1' })),
  );
  const countries = async (parameters: Parameters) => {
    const { 'report-datasets': datasets } = await asJson(scene, parameters);
    return datasets[0].performance[0].instance.map((one: Record<string, unknown>) => one['country-counts'] ?? null);
  };
  // One of three downloaded, in three sessions: only what all of them did is shown.
  assert.equal(await countries(both), [{ de: 6 }, null, { de: 5 }, null]);
  const none = [null, null, null, null];
  assert.equal(await countries({ 'begin-date': '2026-03-01', 'end-date': '2026-03-30' }), none);
  assert.equal(await countries({ 'begin-date': '2026-03-02', 'end-date': '2026-04-30' }), none);
});

if (existsSync(schemaFile)) {
  test("JSON: by the receiver's schema", async () => {
    // Draft 4 with a few words of its own: `items` and `properties` mean the same in the draft that ajv speaks.
    const { Ajv } = await import('ajv');
    const schema = JSON.parse(readFileSync(schemaFile, 'utf8'));
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    const validate = ajv.compile({ definitions: schema.definitions, $ref: '#/definitions/counter_dataset_report' });
    const report = await asJson(await twoMonths());
    const isValid = (value: unknown): boolean => validate(value);
    assert.ok(isValid(report), JSON.stringify(validate.errors, undefined, 1));
    assert.is(report['report-datasets'].length, 3);
    report['report-datasets'][0].performance[0].instance[0]['metric-type'] = 'Total_Dataset_Investigations';
    assert.not(isValid(report), 'the schema judges');
  });
} else skipped("the receiver's schema of usage reports", `${schemaFile} is not there`);

test('TSV: ten rows of what it is, an empty one, and a table', async () => {
  const text = await textOf(reportAsTsv(await made(await twoMonths(), both), config));
  const rows = text
    .trimEnd()
    .split('\n')
    .map(row => row.split('\t'));
  assert.equal(
    rows.slice(0, 10).map(([name]) => name),
    [
      'Report_Name',
      'Report_ID',
      'Release',
      'Metric_Types',
      'Report_Filters',
      'Report_Attributes',
      'Exceptions',
      'Reporting_Period',
      'Created',
      'Created_By',
    ],
  );
  assert.equal(
    rows.slice(0, 3).map(([, value]) => value),
    ['Dataset Master Report', 'DSR', 'RD1'],
  );
  assert.is(rows[7]?.[1], 'begin_date=2026-03-01; end_date=2026-04-30');
  assert.equal(rows[10], ['']);
  assert.equal(rows[11]?.slice(-5), ['Access_Method', 'Metric_Type', 'Reporting_Period_Total', 'Mar-2026', 'Apr-2026']);
  assert.ok(
    rows.slice(11).every(row => row.length === 15),
    'every row has every column',
  );
  const table = rows.slice(12).map(row => [row[0], row[6], ...row.slice(10)].join(' | '));
  assert.equal(table.slice(0, 2), [
    'Corn and soy | 10.5072/CORN | Regular | Total_Dataset_Investigations | 8 | 8 | 0',
    'Corn and soy | 10.5072/CORN | Regular | Total_Dataset_Requests | 6 | 6 | 0',
  ]);
  assert.ok(table.includes("'=SUM(A1) |  | Regular | Unique_Dataset_Investigations | 1 | 0 | 1"));
  assert.ok(table.includes(' |  | Regular | Total_Dataset_Requests | 1 | 0 | 1'), 'an unknown title is blank');
});

test('TSV: the table is the same where countries are not read', async () => {
  const scene = await twoMonths();
  await scene.take(...['us', 'us', 'us', 'fr'].map((country, n) => download(march, { country, visitor: `u${n}` }, n)));
  const [all, without] = [await made(scene, both), await made(scene, both, true)];
  const countriesOf = async ({ datasets }: DatasetReport): Promise<number> => {
    let count = 0;
    for await (const part of datasets)
      for (const { months } of part) count += months.filter(([, , , country]) => country !== '').length;
    return count;
  };
  assert.ok((await countriesOf(all)) >= 2);
  assert.is(await countriesOf(without), 0);
  const texts = [await made(scene, both), await made(scene, both, true)].map(report =>
    textOf(reportAsTsv(report, config)),
  );
  assert.is(await texts[0], await texts[1]);
});

test('filters leave out metrics, methods and datasets, and are said', async () => {
  const scene = await twoMonths();
  const filters = { 'metric-type': 'total-dataset-requests', 'access-method': 'machine', 'dataset-id': '10.5072/CORN' };
  const { 'report-header': header, 'report-datasets': datasets } = await asJson(scene, { ...both, ...filters });
  assert.equal(header['report-filters'], [
    { name: 'metric-type', value: 'total-dataset-requests' },
    { name: 'access-method', value: 'machine' },
    { name: 'dataset-id', value: '10.5072/CORN' },
  ]);
  assert.is(datasets.length, 1);
  assert.equal(
    datasets[0].performance.map(({ instance }: { instance: object[] }) => instance),
    [[{ 'metric-type': 'total-dataset-requests', 'access-method': 'machine', count: 1 }]],
  );
  const underscored = await asJson(scene, { ...both, metric_type: 'Total_Dataset_Requests' });
  assert.is(underscored['report-datasets'].length, 2);
  assert.equal(codes(await asJson(scene, { ...both, customer_id: 'x' })), [3050]);
});

test('a part of a month that is open', async () => {
  const scene = await twoMonths();
  const report = await asJson(scene, { 'begin-date': '2026-03-10', 'end-date': '2026-03-31' });
  assert.equal(report['report-datasets'][0].performance[0].period, {
    'begin-date': '2026-03-10',
    'end-date': '2026-03-31',
  });
  assert.equal(codes(await asJson(scene, { 'begin-date': '2026-03-11', 'end-date': '2026-03-31' })), [3030]);
});

test('a closed month is there as a whole, and as a whole only', async () => {
  const scene = await twoMonths();
  const before = await asJson(scene);
  scene.scratch.now += 40 * 86_400_000;
  await scene.take(view(june + 30 * 86_400_000));
  await scene.usage.closeMonths();
  await scene.take(view(march + 86_400_000, {}, 'late'));
  const after = await asJson(scene);
  assert.equal(after['report-datasets'], before['report-datasets']);
  assert.equal(codes(after), [3040]);
  assert.match(after['report-header'].exceptions[0].data, '2026-03: 1 accesses came after');
  for (const [begin, end] of [
    ['2026-03-02', '2026-03-31'],
    ['2026-03-01', '2026-03-30'],
  ]) {
    const error = await made(scene, { 'begin-date': begin, 'end-date': end }).catch(thrown => thrown);
    assert.match(error.message, /^3020 2026-03 is closed/);
  }
});

test('what is missing is said', async () => {
  const scene = await twoMonths();
  scene.scratch.now = Date.UTC(2026, 3, 20);
  scene.waiting = { pending: 3, dead: 2 };
  const report = await asJson(scene, { 'begin-date': '2026-01', 'end-date': '2026-04' });
  const said = report['report-header'].exceptions.map(
    ({ code, data }: { code: number; data: string }) => `${code} ${data}`,
  );
  assert.equal(said, [
    '3040 nothing was counted before 2026-03',
    '3040 2026-04-20 is not over',
    '3040 2 events could not be counted: they are dead letters of the sink usage',
    '3040 3 events are still to be counted',
  ]);
});

test('what waits or is a dead letter is said of the months that it may belong to', async () => {
  const scene = await twoMonths();
  await scene.months();
  assert.ok(scene.scratch.write('closeUsageMonth', { month: 202603 }));
  scene.waiting = {
    ...{ pending: 3, dead: 4 },
    deadOf: new Map([
      [202604, 1],
      [202605, 2],
    ]),
  };
  const said = async (begin: string, end = begin): Promise<string[]> => {
    const report = await asJson(scene, { 'begin-date': begin, 'end-date': end });
    const exceptions: { code: number; data: string }[] = report['report-header'].exceptions;
    return exceptions.filter(({ code }) => code === 3040).map(({ data }) => data);
  };
  const dead = 'events could not be counted: they are dead letters of the sink usage';
  const waits = '3 events are still to be counted';
  assert.equal(await said('2026-03'), []);
  assert.equal(await said('2026-03', '2026-04'), [`2026-04: 1 ${dead}`, `1 ${dead}`, waits]);
  // Nothing was counted of May: it is known by its dead letters alone.
  assert.equal(await said('2026-05'), [`2026-05: 2 ${dead}`, `1 ${dead}`, waits]);
  const complete = await scene.usage.completeness({ from: 20260300, to: 20260599 });
  assert.equal(
    complete.map(one => [one.month, one.waiting, one.dead]),
    [
      [202603, 0, 0],
      [202604, 3, 2],
      [202605, 3, 3],
    ],
  );
});

for (const [parameters, code] of [
  [{}, 1030],
  [{ 'begin-date': '2026-03' }, 1030],
  [{ 'begin-date': '2026-13', 'end-date': '2026-14' }, 3020],
  [{ 'begin-date': '2026-02-30', 'end-date': '2026-03' }, 3020],
  [{ 'begin-date': '2026-04', 'end-date': '2026-03' }, 3020],
  [{ 'begin-date': '2027-01', 'end-date': '2027-02' }, 3031],
  [{ ...both, 'metric-type': 'clicks' }, 3060],
  [{ ...both, 'access-method': 'robot' }, 3060],
] as const) {
  test(`${JSON.stringify(parameters)} is refused with ${code}`, () => {
    const request = readReportRequest(parameters, june);
    assert.is('code' in request ? request.code : 0, code);
  });
}

test('hundreds of datasets come a part at a time, each once', async () => {
  const scene = new UsageScene(config);
  scene.scratch.now = june;
  await scene.take(
    ...Array.from({ length: 230 }, (_, n) =>
      view(march + n * 1000, { resource_id: datasetId(n), url: `/datasets/${n}` }),
    ),
  );
  const parts: number[] = [];
  for await (const part of (await made(scene, both)).datasets) parts.push(part.length);
  assert.equal(parts, [50, 50, 50, 50, 30]);
  const report = await asJson(scene);
  const ids = report['report-datasets'].map(
    (one: { 'dataset-id': { value: string }[] }) => one['dataset-id'][0]?.value,
  );
  assert.is(new Set(ids).size, 230);
});

test.run();
