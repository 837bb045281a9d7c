import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import type { UsageCounts, UsageLine, UsageReport } from '../../../openapi/api-types.js';
import { number, volume } from '../../../src/page/elements/format.js';
import { monthInWords } from '../../../src/page/usage/calendar.js';
import { TestDaemon } from '../../helpers/daemon.js';
import { until } from '../../helpers/wait.js';
import { datasetId, firefox } from '../../usage/scene.js';
import { violations } from '../appearances.js';
import { type Installation, pageSuite, Visit } from '../visit.js';
import { datasetCount, openUsage, standIn } from './stand-in.js';

const test = await pageSuite('usage on the page', { USAGE: 'on', USAGE_SOURCE: 'nginx' });

const dayMs = 86_400_000;
const monthOf = (time: number): string => new Date(time).toISOString().slice(0, 7);
const now = Date.now();
/** The middle of the month before the last, so that all of it is over. */
const before = Date.parse(`${monthOf(Date.parse(`${monthOf(now)}-01`) - 40 * dayMs)}-15`);

/** Three datasets in two spaces, used by people, a machine and a robot, twice at once, and from three countries. */
function accesses(): object[] {
  const common = { status: 200, method: 'GET', user_agent: firefox, visitor: 'v0', country: 'de' };
  const dataset = (n: number): object => ({
    ...{
      dataset_id: datasetId(n),
      dataset_name: `Dataset ${n}`,
      space_id: `space-${n % 2}`,
      space_name: `Space ${n % 2}`,
    },
  });
  const download = (n: number, created: number, fields: object): object => ({
    ...{
      ...common,
      ...dataset(n),
      category: 'resource_download',
      type: 'file',
      resource_id: `file-${n}`,
      bytes: 1000 * n,
    },
    ...{ url: `/files/file-${n}/blob`, created, ...fields },
  });
  const people = [1, 2, 3].flatMap(n =>
    Array.from({ length: 4 * n }, (_, at) =>
      download(n, before + at * 3_600_000, { visitor: `v${at}`, country: at % 5 === 0 ? 'fr' : 'us' }),
    ),
  );
  const view = {
    ...common,
    ...dataset(1),
    category: 'page_view',
    type: 'dataset',
    resource_id: datasetId(1),
    url: '/datasets/1',
  };
  return [
    ...people,
    { ...view, created: before },
    { ...view, created: before + 10_000 },
    { ...view, created: now - 1000, visitor: 'v9' },
    download(2, before, { user_agent: 'curl/8.5.0', visitor: 'v98' }),
    download(2, before, { user_agent: 'Googlebot/2.1 (+http://www.google.com/bot.html)' }),
  ];
}

const usageOf = async ({ daemon }: Installation, query: string): Promise<UsageReport> =>
  (await daemon.request(`/v1/usage?${query}`)).json() as Promise<UsageReport>;

/** The figures of a line as the page shows them. */
function figuresIn({ regular, machine }: UsageLine): string[] {
  return [regular, machine].flatMap(found => {
    if (typeof found === 'string') return [found];
    const counts = found as UsageCounts;
    return [
      ...[counts.total_dataset_requests, counts.unique_dataset_requests, counts.total_dataset_investigations].map(
        number,
      ),
      volume(counts.request_bytes),
    ];
  });
}

const rowsOf = (page: Page, section: string): Promise<string[][]> =>
  page
    .locator(`#${section} tbody tr`)
    .evaluateAll(rows =>
      rows.map(row => [...row.querySelectorAll('td:not(.whose)')].map(cell => cell.textContent ?? '')),
    );

async function downloaded(page: Page, link: string | RegExp): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: link }).click()]);
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test('without a figure it says where figures come from', async ({ here, visit }) => {
  const page = await openUsage(visit, here.daemon.key);
  await visit.sees('Nothing was counted in these months');
  await visit.sees(/NGINX_ACCESS_LOG/);
  const links = page.getByRole('link', { name: 'Completeness' });
  assert.is(await links.count(), 0, 'no link leads to a section that is not there');
  assert.equal(await violations(page), []);
  await visit.picture('usage-empty');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 375, height: 812 });
  assert.equal(await violations(page), []);
  await visit.picture('usage-empty-phone-dark');
});

test('every figure is that of the API, and so are the files', async ({ here, visit }) => {
  await here.daemon.post(accesses());
  await here.daemon.drained();
  await until(async () => (await usageOf(here, 'by=month')).usage.length === 2, 'both months are counted');
  const page = await openUsage(visit, here.daemon.key);
  await page.locator('#usage-datasets tbody tr').nth(2).waitFor();
  await page.locator('#usage-countries tbody tr').first().waitFor();
  await page.locator('#usage-spaces tbody tr').first().waitFor();
  assert.is(await page.getByRole('link', { name: 'Completeness' }).count(), 1);
  for (const [section, by] of [
    ['usage-datasets', 'dataset'],
    ['usage-spaces', 'space'],
    ['usage-countries', 'country'],
  ]) {
    const { usage } = await usageOf(here, `by=${by}`);
    assert.equal(await rowsOf(page, section ?? ''), usage.map(figuresIn), by);
  }
  const { usage: byMonth, months } = await usageOf(here, 'by=month');
  const large = await page.locator('.usage-figures').first().locator('dd').allTextContents();
  const sum = (name: keyof UsageCounts): number =>
    byMonth.reduce((sum, { regular }) => sum + (regular as UsageCounts)[name], 0);
  assert.is(sum('total_dataset_requests'), 24);
  assert.equal(large, [
    ...(['total_dataset_requests', 'unique_dataset_requests', 'total_dataset_investigations'] as const).map(name =>
      number(sum(name)),
    ),
    volume(sum('request_bytes')),
  ]);
  assert.equal(months[0]?.left_out, { double_click: 1, robot: 1 });
  assert.equal(
    await page.locator('.usage-reasons dt').evaluateAll(all => all.map(one => one.firstChild?.textContent)),
    ['Double clicks', 'Robots'],
  );
  for (const { month, completeness } of months) {
    const { missing_hours: hours, dead, late } = completeness;
    const said = page.locator('.usage-verdicts li', { hasText: monthInWords(month) }).locator('.chip');
    assert.is((await said.textContent())?.trim() === 'incomplete', hours + dead + late > 0, month);
  }

  await page.getByRole('combobox', { name: /^Space/ }).selectOption({ label: 'Space 1' });
  await page.getByRole('combobox', { name: /^Month/ }).selectOption(monthOf(before));
  const narrowed = await usageOf(here, `by=dataset&space=space-1&month=${monthOf(before)}`);
  assert.is(narrowed.usage.length, 2);
  const expected = JSON.stringify(narrowed.usage.map(figuresIn));
  await until(async () => JSON.stringify(await rowsOf(page, 'usage-datasets')) === expected, 'the two of this space');
  assert.match(page.url(), `month=${monthOf(before)}&space=space-1#usage`);

  const month = monthOf(before);
  const table = await downloaded(page, 'TSV');
  const asked = `/counter/reports/dsr?begin-date=${month}&end-date=${month}&format=tsv`;
  const dataOf = (text: string): string => text.slice(text.indexOf('Dataset_Title'));
  assert.match(dataOf(table), 'Dataset 3');
  assert.is(dataOf(table), dataOf(await (await here.daemon.request(asked)).text()));
  const csv = await downloaded(page, /^Report of .* as CSV$/);
  assert.match(csv, 'Dataset 3');
  assert.is(csv, await (await here.daemon.request(`/v1/usage-reports/${month}.csv`)).text());
});

test('both views have an address, and the keyboard leads from one to the other', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  const views = page.getByRole('navigation', { name: 'Views' });
  const current = (): Promise<string | null> => views.locator('[aria-current=page]').textContent();
  assert.is(await current(), 'Operations');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('#usage:focus').waitFor();
  assert.is(await current(), 'Usage');
  assert.is(await page.title(), 'Usage · event-sink');
  assert.is(await page.locator('.banner').count(), 0);
  await page.getByText('24 months').click();
  await until(() => page.url().endsWith('/?months=24#usage'), 'what is chosen in the address');
  await page.reload();
  await page.getByRole('radio', { name: '24 months', checked: true }).waitFor();
  await page.getByRole('link', { name: 'Operations' }).press('Enter');
  await page.locator('#main:focus').waitFor();
  await visit.headline('All is well');
  assert.is(new URL(page.url()).search, '');
  await page.goBack();
  await page.locator('#usage:focus').waitFor();
  await page.getByRole('radio', { name: '24 months', checked: true }).waitFor();
  await page.getByRole('link', { name: 'Reports' }).press('Enter');
  await until(async () => (await page.evaluate('location.hash')) === '#usage-reports', 'the section');
  assert.is(await current(), 'Usage');
});

test('ten thousand datasets are searched and put in order; their titles are text', async ({ here, visit }) => {
  await standIn(visit.page);
  const page = await openUsage(visit, here.daemon.key);
  const rows = page.locator('#usage-datasets tbody tr');
  await rows.first().waitFor();
  await until(async () => (await rows.count()) === 25, 'the first of them');
  await page.getByRole('button', { name: 'Show more datasets' }).click();
  await until(async () => (await rows.count()) === 125, 'a hundred more');
  await page.getByLabel('Search').fill('PLOT 9998,');
  await until(async () => (await rows.count()) === 1, 'the one');
  await page.getByLabel('Search').fill('');
  await page.getByLabel('Order').selectOption({ label: 'volume, machines' });
  await visit.sees(`125 of ${number(datasetCount)}`);
  assert.is(await page.evaluate('window.harmed'), undefined);
  assert.is(await page.locator('#page img, #page script').count(), 0);
  await page.locator('#usage-datasets bdi', { hasText: 'onerror' }).waitFor();
  assert.equal(await page.locator('#usage-countries .few').allTextContents(), []);
  await page.getByRole('button', { name: 'Show all countries' }).click();
  const few = page.locator('#usage-countries .few');
  await until(async () => (await few.count()) === 2, 'the small ones');
  assert.equal(await few.allTextContents(), ['< 3', '< 3']);
});

test('the audit and the hours that are missing are said in words', async ({ here, visit }) => {
  await standIn(visit.page);
  const page = await openUsage(visit, here.daemon.key);
  const audit = page.locator('.usage-audit');
  const lost = audit.getByRole('row', { name: /Only the access log/ });
  await lost.getByText('Clowder lost them: the proxy served them, and Clowder published nothing.').waitFor();
  assert.equal(await lost.getByRole('cell').allTextContents(), ['38', '5']);
  await audit.getByText('How these figures add up').click();
  await audit.getByText(/^Clowder says 7,081 downloads: 7,020 are said by both, 2 by it alone,/).waitFor();
  await audit.getByText('2 days on which they differ').click();
  await audit.getByText('Which', { exact: true }).click();
  await audit.getByText(/view of 65a89edca4bbe9b699000000, said by the access log/).waitFor();
  const month = page.locator('.usage-verdicts li', { hasText: 'incomplete' });
  await month.getByText(/In 26 hours something may have been missed. 17 accesses came too late./).waitFor();
  await month.getByText('Which hours, and why').click();
  await month.getByText(/12 \w+ \d+, 04:00 to 06:00 UTC: lines of the log could not be read, 12 known/).waitFor();
});

test('a fault is said, and can be tried again', async ({ here, visit }) => {
  const { page } = visit;
  await page.route('**/v1/usage?*', route => route.fulfill({ status: 503, json: { detail: 'The disk is slow.' } }));
  await openUsage(visit, here.daemon.key);
  await visit.sees('The disk is slow.');
  await page.unroute('**/v1/usage?*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('#usage-months').waitFor();
  // The browser complains about any answer of 503.
  await until(() => visit.complaints.length > 0, 'a complaint');
  assert.ok(visit.complaints.splice(0).length > 0);
});

test('where usage is off, the page says how to switch it on, and asks nothing in vain', async ({ browser }) => {
  const bare = new TestDaemon({ env: { USAGE: 'off' } });
  const other = await Visit.begin(browser, `${(await bare.start()).url}/#usage`);
  try {
    await other.signIn(bare.key);
    await other.sees('Usage is not counted here');
    await other.sees(/USAGE=on/);
    await other.picture('usage-off');
    assert.not.ok(other.asked.some(({ pathname }) => pathname === '/v1/usage'));
    assert.equal(other.complaints, []);
  } finally {
    await other.end();
    await bare.remove();
  }
});

test.run();
