import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MonthlyReport, MonthlyReports, UsageReport } from '../../../openapi/api-types.js';
import { TestDaemon } from '../../helpers/daemon.js';
import { freePort } from '../../helpers/ports.js';
import { HubServer } from '../../helpers/servers/hub.js';
import { until } from '../../helpers/wait.js';
import { datasetId, fileId, firefox } from '../../usage/scene.js';
import { countsOfJson, type DatasetReport, figuresOf, sorted } from './reports.js';
import { type Chain, pageBytes, sizeOf } from './script.js';
import { send, startPages } from './site.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const publisherId = 'grid:grid.9999.9';
/**
 * The daemon's clock, this much ahead; and it looks at its months at once, and often. How far a log was read is written
 * down every half minute: so much passes once in a moment.
 */
const later = (ms: number): string =>
  `data:text/javascript,${encodeURIComponent(
    `const now = Date.now, wait = globalThis.setTimeout; Date.now = () => now() + ${ms} + (process.uptime() < 4 ? 0 : 40_000); globalThis.setTimeout = (work, ms, ...given) => wait(work, ms === 300_000 || ms === 900_000 ? 200 : ms, ...given);`,
  )}`;

const [page, file] = [`/datasets/${datasetId(1)}`, `/files/${fileId(0)}/blob?dataset=${datasetId(1)}`];
const zip = `/api/datasets/${datasetId(2)}/download`;
let addresses = 0;
const asks = (agent: string, ...paths: readonly string[]): Chain => {
  addresses += 1;
  return { address: `10.1.1.${addresses}`, agent, requests: paths.map(path => ({ path })) };
};
/** Three who look, one of whom clicks twice, two who download, a script and a robot; and what is not there. */
const chains = [
  ...[asks(firefox, page), asks(firefox, page), asks(firefox, page, page)],
  ...[asks(firefox, file), asks(firefox, file)],
  asks('curl/8.5.0', zip),
  asks('Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', page, file),
  asks(firefox, '/nowhere'),
];
const people = {
  total_dataset_investigations: 5,
  unique_dataset_investigations: 5,
  total_dataset_requests: 2,
  unique_dataset_requests: 2,
  bytes: 3 * pageBytes + 2 * sizeOf(0),
  request_bytes: 2 * sizeOf(0),
};

const pages = await startPages();
const hub = new HubServer();
await hub.start();
const daemon = new TestDaemon({ port: await freePort() });
Object.assign(daemon.env, {
  NGINX_ACCESS_LOG: pages.nginx.accessLog,
  USAGE: 'on',
  USAGE_CLOSE_DAYS: '1',
  USAGE_PLATFORM: 'Example Archive',
  USAGE_PUBLISHER: 'Example University',
  USAGE_PUBLISHER_ID: publisherId,
  USAGE_HUB_URL: hub.origin,
  USAGE_HUB_TOKEN: hub.token,
  GEOIP_DATABASE: 'off',
});

test.after(async () => {
  await daemon.remove();
  await Promise.all([pages.stop(), hub.stop()]);
});

const answer = async <Answer>(path: string): Promise<Answer> => (await daemon.request(path)).json() as Promise<Answer>;

test('from the log of nginx to one report of its month at the hub', async () => {
  await daemon.start();
  // Nobody clicks twice over the end of an hour.
  await until(() => Date.now() % hourMs < hourMs - 20_000, 'another hour', 60_000, 100);
  const month = new Date().toISOString().slice(0, 7);
  assert.equal(await send(pages.nginx, chains), { 200: 9, 404: 1 });
  const counted = async (): Promise<UsageReport> => answer(`/v1/usage?by=dataset&month=${month}`);
  await until(async () => (await counted()).usage.length === 2, 'both datasets');
  await daemon.drained();
  const { usage, months } = await counted();
  const figures = sorted(Object.fromEntries(usage.flatMap(line => figuresOf(String(line.id), line))));
  assert.equal(figures[`${datasetId(1)} regular`], people);
  assert.is(figures[`${datasetId(2)} machine`]?.total_dataset_requests, 1);
  assert.equal(months[0]?.left_out, { double_click: 1, robot: 2 });
  await daemon.kill('SIGTERM');

  // The month is over, and its log is read to the end.
  await daemon.start({ NODE_OPTIONS: `--import=${later(70 * dayMs)}` });
  await until(() => hub.reports.size > 0, 'a report at the hub');
  await daemon.drained();
  const { reports } = await answer<MonthlyReports>('/v1/usage-reports');
  assert.equal(
    reports.map(({ month: name, closed, kept }) => [name, closed !== null, kept]),
    [[month, true, true]],
  );

  const report = await answer<MonthlyReport>(`/v1/usage-reports/${month}.json`);
  const datasets = report.datasets.flatMap(line => figuresOf(String(line.id), line));
  assert.equal(sorted(Object.fromEntries(datasets)), figures);
  assert.is(report.source, 'nginx');

  const [submitted] = [...hub.reports.values()] as unknown as readonly DatasetReport[];
  const wanted = Object.entries(figures).flatMap(([key, counts]) =>
    Object.entries(counts)
      .filter(([name, count]) => name.endsWith('s') && name.includes('dataset') && count > 0)
      .map(([name, count]) => [`${month} ${key} ${name}`, count]),
  );
  assert.equal(sorted(Object.fromEntries(countsOfJson(submitted!))), sorted(Object.fromEntries(wanted)));
  assert.equal([hub.months(), hub.methods().filter(method => method !== 'GET')], [[month], ['POST']]);
  assert.equal(daemon.complaints, []);
});

test.run();
