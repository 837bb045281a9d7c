// timeout: 240 s
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { UsageAudit, UsageLine, UsageReport } from '../../../openapi/api-types.js';
import { number } from '../../../src/page/elements/format.js';
import { monthInWords } from '../../../src/page/usage/calendar.js';
import { reasonOf } from '../../../src/page/usage/words.js';
import { startChromium } from '../../helpers/servers/chromium.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { openUsage } from '../../page/usage/stand-in.js';
import { Visit } from '../../page/visit.js';
import { numberPanels, panelQueries } from '../../usage/panels.js';
import { datasetId } from '../../usage/scene.js';
import {
  accessesOf,
  type Figures,
  figureNames,
  grouped,
  knownOf,
  linesOf,
  type Method,
  spaceNamed,
  sumsBy,
} from './log.js';
import { beforeAll, comparedWith, fromClowder, fromPages, resourceOf } from './others.js';
import { auditIn, columnsIn, columnsOf, lineOf, linesIn, printed } from './page.js';
import { countsOfJson, countsOfTable, type DatasetReport, figuresOf, figuresOfCsv, sorted } from './reports.js';
import { agents, script } from './script.js';
import { endTheHour, send, startSite } from './site.js';

/** By hand: `npm run proof -- known-traffic`, twenty thousand of them. */
const requests = Number(process.env.KNOWN_REQUESTS ?? 1_000);
const methods = ['regular', 'machine'] as const;
type Compared = ReturnType<typeof comparedWith>;

const browser = required('chromium', await startChromium());
const site = await startSite();
const { daemon, nginx, influxdb } = site;
const chains = script(requests);
const sent = chains.reduce((sum, chain) => sum + chain.requests.length, 0);
const statuses = await send(nginx, chains);
// nginx writes a line when the answer has gone out.
const lines = await until(() => {
  const found = linesOf(readFileSync(nginx.accessLog, 'utf8'));
  return found.length === sent && found;
}, 'a line for each request');
const accesses = accessesOf(lines);
const { figures, leftOut } = knownOf(accesses);
const months = [...new Set(figures.map(({ month }) => month))].sort();
const clowder = fromClowder(accesses);
const pages = fromPages(accesses);
const left = { ...leftOut, other_source: clowder.events.length + pages.events.length };

const byDataset = sumsBy(figures, ({ month, dataset }) => `${month} ${datasetId(dataset)}`);
const byMonth = sumsBy(figures, ({ month }) => month);
const all = sumsBy(figures, () => 'all');
const ofAll = (method: Method): Figures => all[`all ${method}`]!;

test.before(async () => {
  await site.publish(clowder.events);
  await site.sendPages(pages.events);
  await endTheHour(nginx, lines.at(-1)!.time);
  // What is missing shows in the tests, in numbers.
  await until(
    async () => JSON.stringify(sorted(await apiSums('month'))) === JSON.stringify(sorted(byMonth)),
    'all that is known',
    60_000,
    200,
  ).catch(() => undefined);
  await daemon.drained(60_000);
});

test.after(async () => {
  await browser.close();
  await site.stop();
});

async function answer<Answer>(path: string): Promise<Answer> {
  const response = await daemon.request(path);
  assert.is(response.status, 200, path);
  return (await response.json()) as Answer;
}

async function apiSums(by: 'dataset' | 'space' | 'month', month?: string): Promise<Record<string, Figures>> {
  const query = `by=${by}&limit=1000${month === undefined ? '' : `&month=${month}`}`;
  const { usage, next_cursor } = await answer<UsageReport>(`/v1/usage?${query}`);
  assert.is(next_cursor, null);
  return Object.fromEntries(usage.flatMap(line => figuresOf(String(line.id), line)));
}

test('nginx wrote what was asked for: people, machines, robots, extractors, parts, what was cached and what was not there', () => {
  const asked = (kind?: string): number =>
    chains
      .filter(({ agent }) => kind === undefined || agents[agent] === kind)
      .flatMap(chain => chain.requests.filter(({ isNone }) => isNone === undefined)).length;
  assert.is(accesses.length, asked());
  assert.equal([left.robot, left.extractor], [asked('robot'), asked('extractor')]);
  const written = grouped(lines, ({ status }) => String(status));
  assert.equal(sorted(Object.fromEntries([...written].map(([status, ones]) => [status, ones.length]))), statuses);
  assert.equal(Object.keys(statuses), ['200', '206', '304', '404']);
  assert.equal(new Set(lines.map(({ agent }) => agent)), new Set(Object.keys(agents)));
  for (const [reason, count] of Object.entries(left)) assert.ok(count > requests / 100, `${count} ${reason}`);
  for (const method of methods) assert.ok(ofAll(method).total_dataset_requests > requests / 10, method);
  const { total_dataset_requests: total, unique_dataset_requests: unique } = ofAll('regular');
  assert.ok(unique < total, 'several files of a dataset in one session');
});

test('GET /v1/usage by dataset, space and month', async () => {
  assert.equal(sorted(await apiSums('month')), sorted(byMonth));
  assert.equal(sorted(await apiSums('space')), sorted(sumsBy(figures, spaceNamed)));
  assert.equal(sorted(await apiSums('dataset')), sorted(sumsBy(figures, ({ dataset }) => datasetId(dataset))));
  for (const month of months) {
    const own = await apiSums('dataset', month);
    const named = Object.fromEntries(Object.entries(own).map(([key, sums]) => [`${month} ${key}`, sums]));
    const known = Object.entries(byDataset).filter(([key]) => key.startsWith(month));
    assert.equal(sorted(named), sorted(Object.fromEntries(known)));
  }
});

test('what was left out, by reason', async () => {
  const { months: found } = await answer<UsageReport>('/v1/usage?by=month');
  const sums: Record<string, number> = {};
  for (const { left_out } of found)
    for (const [reason, count] of Object.entries(left_out)) sums[reason] = (sums[reason] ?? 0) + count;
  assert.equal(sorted(sums), sorted(left));
});

test('GET /v1/usage/{id} and its badge, without a key', async () => {
  for (const [id, own] of grouped(figures, ({ dataset }) => datasetId(dataset))) {
    const response = await fetch(`${daemon.url}/v1/usage/${id}`);
    const one = (await response.json()) as UsageLine & { months: readonly (UsageLine & { month: string })[] };
    const inMonths = one.months.flatMap(line => figuresOf(`${line.month} ${id}`, line));
    assert.equal(
      Object.fromEntries(figuresOf(id, one)),
      sumsBy(own, () => id),
    );
    assert.equal(sorted(Object.fromEntries(inMonths)), sorted(sumsBy(own, ({ month }) => `${month} ${id}`)));
    const badge = await (await fetch(`${daemon.url}/v1/usage/${id}/badge.svg`)).text();
    const people = own.filter(({ method }) => method === 'regular');
    assert.match(badge, `>downloads: ${people.reduce((sum, line) => sum + line.total_dataset_requests, 0)}<`);
  }
});

const range = `begin-date=${months[0]}&end-date=${months.at(-1)}`;
const metrics = figureNames.slice(0, 4);

/** `2026-03 da…7 regular total_dataset_requests`, as the reports have them: none that is 0. */
const reported = Object.fromEntries(
  Object.entries(byDataset).flatMap(([key, sums]) =>
    metrics.flatMap(metric => (sums[metric] === 0 ? [] : [[`${key} ${metric}`, sums[metric]]])),
  ),
);

test('/counter/reports/dsr: JSON', async () => {
  const found = countsOfJson(await answer<DatasetReport>(`/counter/reports/dsr?${range}`));
  assert.is(found.length, Object.keys(reported).length);
  assert.equal(sorted(Object.fromEntries(found)), sorted(reported));
});

test('/counter/reports/dsr: TSV', async () => {
  const text = await (await daemon.request(`/counter/reports/dsr?${range}&format=tsv`)).text();
  const found = countsOfTable(text, months);
  assert.is(found.length, Object.keys(reported).length);
  assert.equal(sorted(Object.fromEntries(found)), sorted(reported));
});

test('the report of a month: JSON and CSV', async () => {
  for (const month of months) {
    const ofMonth = figures.filter(one => one.month === month);
    const known = sorted(sumsBy(ofMonth, ({ dataset }) => datasetId(dataset)));
    const spaces = sorted(sumsBy(ofMonth, spaceNamed));
    const report = await answer<{ total: UsageLine; datasets: UsageLine[]; spaces: UsageLine[] }>(
      `/v1/usage-reports/${month}.json`,
    );
    const named = (lines: readonly UsageLine[]): Record<string, Figures> =>
      sorted(Object.fromEntries(lines.flatMap(line => figuresOf(String(line.id), line))));
    assert.equal(named(report.datasets), known);
    assert.equal(named(report.spaces), spaces);
    const total = Object.fromEntries(figuresOf(month, report.total));
    assert.equal(
      total,
      Object.fromEntries(methods.map(method => [`${month} ${method}`, byMonth[`${month} ${method}`]])),
    );

    const csv = await (await daemon.request(`/v1/usage-reports/${month}.csv`)).text();
    assert.equal(sorted(Object.fromEntries(figuresOfCsv(csv, 'dataset'))), known);
    assert.equal(sorted(Object.fromEntries(figuresOfCsv(csv, 'space'))), spaces);
  }
});

test('the page', async () => {
  const visit = await Visit.begin(browser, daemon.url);
  const page = await openUsage(visit, daemon.key);
  await page.locator('#usage-datasets tbody tr').first().waitFor();
  await page.locator('#usage-spaces tbody tr').first().waitFor();
  for (const method of methods) {
    const large = page.locator(`.usage-group.${method} .usage-figures dd`);
    assert.equal(await large.allTextContents(), printed(ofAll(method)), method);
    assert.equal(await columnsIn(page, months, method), columnsOf(byMonth, months, method), `bars: ${method}`);
  }
  const table = (await linesIn(page.locator('#usage-table'))).filter(([, ...cells]) => !cells.includes('–'));
  assert.equal(
    table,
    months.map(month => [monthInWords(month), ...lineOf(byMonth, month, { all: true })]),
  );

  const own = sumsBy(figures, ({ dataset }) => datasetId(dataset));
  const found = await linesIn(page.locator('#usage-datasets'));
  const datasets = new Set(figures.map(({ dataset }) => dataset));
  assert.is(new Set(found.map(([title]) => title)).size, Math.min(25, datasets.size), 'the most requested, once each');
  for (const [title, ...cells] of found) {
    // Where Clowder's event has come through, the title is known.
    const id = title.startsWith('Dataset ') ? datasetId(Number(title.slice(8))) : title;
    assert.equal(cells, lineOf(own, id), title);
  }

  const spaces = sumsBy(figures, spaceNamed);
  const names = new Set(figures.map(spaceNamed));
  assert.equal(
    (await linesIn(page.locator('#usage-spaces'))).sort(),
    [...names].map(name => [name === 'null' ? 'In no known space' : name, ...lineOf(spaces, name)]).sort(),
  );

  const reasons = await page
    .locator('.usage-reasons > div')
    .evaluateAll(all =>
      all.map(one => [one.querySelector('dt')?.firstChild?.textContent, one.querySelector('dd')?.textContent]),
    );
  const known = Object.entries(left).map(([reason, count]) => [reasonOf(reason)[0], number(count)]);
  assert.equal(Object.fromEntries(reasons), Object.fromEntries(known));
  await visit.end();
  assert.equal(visit.complaints, []);
});

test('the audit on the page: the known sums, and each loss by its name', async () => {
  const visit = await Visit.begin(browser, daemon.url);
  const page = await openUsage(visit, daemon.key);
  await page.locator('.usage-audit').nth(1).waitFor();
  const found = await auditIn(page);
  for (const [name, { other, said }] of Object.entries({
    clowder: { other: 'Clowder', said: clowder },
    browser: { other: 'the pages', said: pages },
  })) {
    const panel = found.find(({ title }) => title === `The access log and ${other}`);
    const [views, downloads] = (['view', 'download'] as const).map(kind => comparedWith(name, accesses, said, kind));
    const line = (count: (one: Compared | undefined) => number | undefined): string[] =>
      [views, downloads].map(one => number(count(one) ?? -1));
    assert.equal(
      panel?.lines,
      [line(one => one?.matched), line(one => one?.counted.alone), line(one => one?.control.alone)],
      name,
    );
    const lost = said.lost.map(one => `${one.kind} ${resourceOf(one)} ${one.time}`);
    const named = panel?.named.filter(({ saidBy }) => saidBy === 'the access log') ?? [];
    const words = named.map(({ kind, resource, time }) => `${kind} ${resource} ${time}`);
    for (const one of words) assert.ok(lost.includes(one), one);
    for (const kind of ['view ', 'download ']) {
      const ofKind = (list: readonly string[]): number => list.filter(one => one.startsWith(kind)).length;
      assert.ok(ofKind(words) >= Math.min(20, ofKind(lost)), `${name}: ${ofKind(words)} of ${ofKind(lost)} ${kind}`);
    }
    assert.is((panel?.named.length ?? 0) - named.length, said.alone.view + said.alone.download, `alone: ${name}`);
  }
  // They can be seen.
  for (const words of [/days? on which they differ/, /^Which$/]) await page.getByText(words).first().click();
  await page.locator('.usage-examples li').first().waitFor();
  await visit.end();
  assert.equal(visit.complaints, []);
});

test('what Grafana adds up', async () => {
  const query = 'SELECT "added", "type", "access_method", "resource_id", "period", "reason" FROM "events"';
  const sums = async (): Promise<Record<string, number>> => {
    const found: Record<string, number> = {};
    for (const row of await influxdb.query(query, 'eventsink')) {
      const key =
        row.type === 'left_out'
          ? `left out ${row.reason}`
          : `${String(row.period).slice(0, 7)} ${row.resource_id} ${row.access_method} ${row.type}`;
      found[key] = (found[key] ?? 0) + Number(row.added);
    }
    // What was announced of a day and taken back: its only click had another soon after midnight.
    return sorted(Object.fromEntries(Object.entries(found).filter(([, sum]) => sum !== 0)));
  };
  const known: Record<string, number> = {};
  for (const [key, own] of Object.entries(byDataset))
    for (const name of figureNames) if (own[name] > 0) known[`${key} ${name}`] = own[name];
  for (const [reason, count] of Object.entries(left)) known[`left out ${reason}`] = count;
  await until(
    async () => JSON.stringify(await sums()) === JSON.stringify(sorted(known)),
    'all announced',
    60_000,
    200,
  ).catch(() => undefined);
  assert.equal(await sums(), sorted(known));

  const queriesOf = panelQueries(`time >= '2000-01-01' AND time < '2100-01-01'`);
  for (const [panel, figure, method] of numberPanels) {
    const [query = ''] = queriesOf(panel);
    const rows = await influxdb.query(query, 'eventsink');
    assert.is(
      rows.reduce((sum, row) => sum + Number(row.sum), 0),
      ofAll(method)[figure],
      panel,
    );
  }
});

test('the audit counts what Clowder and the pages lost and what the log has not, and names it', async () => {
  const first = new Date(beforeAll(accesses)).toISOString().slice(0, 10);
  const query = `from=${first}&to=${months.at(-1)}`;
  const { controls, days } = await answer<UsageAudit>(`/v1/usage/audit?${query}`);
  const others = { clowder, browser: pages };
  assert.equal(controls.map(({ control }) => control).sort(), ['browser', 'clowder']);
  for (const [name, said] of Object.entries(others)) {
    const total = controls.find(({ control }) => control === name);
    assert.equal(total?.views, comparedWith(name, accesses, said, 'view'), `views: ${name}`);
    assert.equal(total?.downloads, comparedWith(name, accesses, said, 'download'), `downloads: ${name}`);
    const examples = days.flatMap(day => day.controls).filter(({ control }) => control === name);
    const named = examples.flatMap(one => one.examples).filter(({ said_by }) => said_by === 'nginx');
    const lost = new Set(said.lost.map(one => `${one.kind} ${resourceOf(one)} ${one.time}`));
    for (const { kind, resource, time } of named) assert.ok(lost.has(`${kind} ${resource} ${time}`), resource);
    for (const kind of ['view', 'download'] as const) {
      const count = said.lost.filter(one => one.kind === kind).length;
      assert.ok(count > requests / 200, `${name} lost ${count}`);
      assert.ok(named.filter(one => one.kind === kind).length >= Math.min(20, count), `${name} ${kind}`);
    }
  }
});

test('the ledger is even', async () => {
  const { sinks } = await daemon.json('/v1/ledger');
  for (const { sink, difference, dead } of sinks) assert.equal([sink, difference, dead], [sink, 0, 0]);
  assert.equal(daemon.complaints, []);
});

test.run();
