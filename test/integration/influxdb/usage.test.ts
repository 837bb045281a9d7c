import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dayOf, monthOf, written } from '../../../src/calendar.js';
import { decode } from '../../../src/events/decode.js';
import type { Event } from '../../../src/events/event.js';
import { influxdbSink } from '../../../src/sinks/influxdb.js';
import type { UsageKind } from '../../../src/storage/usage-report.js';
import { figuresOf } from '../../../src/usage/figures.js';
import { startInfluxDB } from '../../helpers/servers/influxdb.js';
import { sinkTools } from '../../helpers/sink-session.js';
import { required } from '../../helpers/skip.js';
import { numberPanels, panelQueries } from '../../usage/panels.js';
import { datasetId, download, UsageScene, view } from '../../usage/scene.js';

const server = required('influxdb', await startInfluxDB());
const database = 'usage';
const never = new AbortController().signal;
const dayMs = 86_400_000;
const march = Date.UTC(2026, 2, 1);
const may = Date.UTC(2026, 4, 1);
const tags = ['author_id', 'category', 'extractor_name', 'healthy', 'type', 'user_id'];
const agents = [undefined, undefined, 'curl/8.5.0', 'Googlebot/2.1'];

type Figure = keyof ReturnType<typeof figuresOf>;
type Method = 'regular' | 'machine';

const scene = new UsageScene();

/** Some hundreds of accesses by a rule of thumb, from the first day on, each time others; some are clicked twice. */
function accesses(first: number, round: number): Event[] {
  return [0, 0, 10_000].flatMap((later, part) => accessesOf(first + later, round, part === 0 ? 0 : 200));
}

function accessesOf(first: number, round: number, from: number): Event[] {
  return Array.from({ length: 150 }, (_, index) => {
    const n = from + index;
    const number = n * 7 + round * 3;
    const time = first + (number % 28) * dayMs + ((number * 997) % 1440) * 60_000;
    const dataset = datasetId(number % 12);
    const agent = agents[number % agents.length];
    const place = number % 12 < 8 ? { space_id: `space-${number % 3}`, space_name: `Space ${number % 3}` } : {};
    const fields = {
      ...place,
      visitor: `visitor ${number % 5}`,
      ...(agent === undefined ? {} : { user_agent: agent }),
    };
    return number % 3 === 0
      ? download(time, { ...fields, dataset_id: dataset, bytes: 1000 + n }, number % 40)
      : view(time, { ...fields, resource_id: dataset, url: `/datasets/${dataset}` });
  });
}

test.before(async () => {
  await server.query(`CREATE DATABASE ${database}`);
  const { url } = server;
  const target = { version: 1, url, user: undefined, password: '', database, gzip: false } as const;
  const session = await influxdbSink.open({ server: target, measurement: 'events', tags }, sinkTools());
  scene.publish = async messages => {
    const events = messages.map(message => {
      const decoded = decode(message);
      if (decoded.kind !== 'event') throw new Error(message.body);
      return decoded.event;
    });
    // Each batch twice, as after a crash.
    for (let time = 0; time < 2; time += 1) assert.equal(await session.write(events, never), { rejected: [] });
  };
  scene.scratch.now = march;
  for (const round of [1, 2, 3]) {
    await scene.take(...accesses(march, round));
    await scene.usage.announce(never);
  }
  scene.scratch.now = may + 20 * dayMs;
  await scene.take(...accesses(may, 4));
  await scene.usage.announce(never);
  await scene.usage.closeMonths();
  await scene.take(...accesses(march, 5).slice(0, 20), ...accesses(may, 6));
  await scene.usage.announce(never);
  await session.close();
});

test.after(() => server.stop());

const queriesOf = panelQueries("time >= '2026-01-01' AND time < '2027-01-01'");

/** What `GET /v1/usage` says, by key and figure. */
async function usage(by: UsageKind, method: Method, figure: Figure): Promise<Record<string, number>> {
  const rows = await scene.usage.query({ by, from: 0, to: 99_999_999, limit: 1000, offset: 0 });
  const figures = rows.map(row => [String(row.key), figuresOf(row[method])[figure]] as const);
  return Object.fromEntries(figures.filter(([, count]) => count > 0));
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** What the columns of Grafana's table come to, as its transformations add them up; null where nothing is known. */
async function sums(query: string, keyOf: (row: Readonly<Record<string, unknown>>) => string, value: string) {
  const found: Record<string, number> = {};
  for (const row of await server.query(query, database))
    found[keyOf(row)] = (found[keyOf(row)] ?? 0) + Number(row[value]);
  return Object.fromEntries(Object.entries(found).filter(([, sum]) => sum !== 0));
}

const month = ({ time }: Readonly<Record<string, unknown>>): string => String(monthOf(dayOf(Date.parse(String(time)))));

test('the figures are of a month that is closed and one that is open, by people and machines', async () => {
  const months = await scene.usage.months();
  assert.equal(
    months.map(one => [written(one.month), one.closed !== null]),
    [
      ['2026-03', true],
      ['2026-05', false],
    ],
  );
  for (const method of ['regular', 'machine'] as const) {
    const requests = Object.values(await usage('month', method, 'total_dataset_requests'));
    assert.is(requests.filter(count => count > 5).length, 2, method);
  }
  const { late = 0, double_click: clicks = 0, robot = 0 } = await scene.leftOut();
  assert.ok(late > 0 && clicks > 0 && robot > 0, JSON.stringify({ late, clicks, robot }));
});

for (const [panel, figure, method] of numberPanels) {
  test(`${panel}: the number of GET /v1/usage`, async () => {
    const [query = ''] = queriesOf(panel);
    assert.equal(await sums(query, () => 'sum', 'sum'), { sum: total(await usage('month', method, figure)) });
  });
}

for (const [panel, figure] of [
  ['Requests', 'total_dataset_requests'],
  ['Investigations', 'total_dataset_investigations'],
  ['Sessions with investigations', 'unique_dataset_investigations'],
  ['Volume of requests', 'request_bytes'],
  ['Volume of investigations', 'bytes'],
] as const) {
  test(`${panel} by month: the numbers of GET /v1/usage`, async () => {
    const [people = '', machines = ''] = queriesOf(panel);
    assert.equal(await sums(people, month, 'sum'), await usage('month', 'regular', figure));
    assert.equal(await sums(machines, month, 'sum'), await usage('month', 'machine', figure));
  });
}

test('datasets and spaces: the numbers of GET /v1/usage, by every figure', async () => {
  for (const [panel, by, id] of [
    ['Most used datasets', 'dataset', 'resource_id'],
    ['Most used spaces', 'space', 'space_id'],
  ] as const) {
    for (const figure of ['total_dataset_requests', 'unique_dataset_investigations', 'request_bytes'] as const) {
      for (const method of ['regular', 'machine'] as const) {
        const [query = ''] = queriesOf(`${panel}, ${figure}, ${method}`);
        const shown = await sums(query, row => String(row[id]), 'added');
        assert.equal(shown, await usage(by, method, figure), `${panel} ${figure} ${method}`);
      }
    }
  }
});

test('what was left out, for which reason: the numbers of GET /v1/usage', async () => {
  const leftOut = await scene.leftOut();
  const shown: Record<string, number> = {};
  for (const query of queriesOf('Left out by reason')) {
    const [, reason = ''] = /"reason" = '(\w+)'/.exec(query) ?? [];
    const { sum } = await sums(query, () => 'sum', 'sum');
    if (sum !== undefined) shown[reason] = sum;
  }
  assert.equal(shown, leftOut);
  const [query = ''] = queriesOf('Left out');
  assert.equal(await sums(query, () => 'sum', 'sum'), { sum: total(leftOut) });
});

test.run();
