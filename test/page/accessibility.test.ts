import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startChromium } from '../helpers/servers/chromium.js';
import { required } from '../helpers/skip.js';
import { until } from '../helpers/wait.js';
import { appearances, violations, widthOf } from './appearances.js';
import { type Installation, install, Visit } from './visit.js';

const browser: Browser = required('chromium', await startChromium());
let here: Installation;
let visit: Visit;

/** Two hours with something to see everywhere. */
function sampleEvents(now: number): object[] {
  const minutes = Array.from({ length: 120 }, (_, index) => now - index * 60_000);
  const wave = (at: number): number => Math.round(50 + 30 * Math.sin(at / 900_000));
  return [
    ...minutes.map(created => ({
      category: 'connections',
      log: 'access.log',
      window_start: created,
      window_seconds: 60,
      requests: 10 * wave(created),
      connections: wave(created),
      visitors: Math.round(wave(created) / 3),
      bytes_sent: 1,
      status_2xx: 1,
      status_3xx: 0,
      status_4xx: 0,
      status_5xx: 0,
      created,
    })),
    ...['clowder', 'elasticsearch'].flatMap((service_name, at) =>
      minutes.map(created => ({
        category: 'health',
        type: 'http',
        service_name,
        healthy: true,
        response_time_avg: (wave(created) * (at + 1)) / 1000,
        created: created + at,
      })),
    ),
    ...minutes
      .filter((_, index) => index % 3 === 0)
      .map(created => ({
        category: 'view_resource',
        type: 'dataset',
        resource_name: 'Prairie soil moisture 2023',
        user_name: 'Mira Quillfeather',
        created,
      })),
    ...minutes
      .filter((_, index) => index % 7 === 0)
      .map(created => ({
        category: 'download',
        type: 'file',
        resource_name: 'moisture_plot_07.csv',
        size: 204_811,
        created,
      })),
    ...['up', 'degraded', 'up', 'down', 'up', 'maintenance', 'up'].map((type, index) => ({
      category: 'service_status',
      type,
      service_name: index % 2 === 0 ? 'clowder' : 'elasticsearch',
      created: now - (7 - index) * 9 * 60_000,
    })),
    { category: 'upload', resource_name: 'awkward.csv', size: 12 },
    { category: 'upload', resource_name: 'awkward.tif', size: 13 },
  ];
}

test.before(async () => {
  here = await install();
  here.influxdb.refuses = ({ fields }) =>
    String(fields.resource_name?.value).startsWith('awkward')
      ? 'field type conflict: input field "size" is type float, already exists as type integer'
      : undefined;
  const events = sampleEvents(Date.now());
  for (let from = 0; from < events.length; from += 500) await here.daemon.post(events.slice(from, from + 500));
  await here.daemon.drained();
});
test.after(async () => {
  await browser.close();
  await here.remove();
});
test.after.each(async () => {
  const { complaints } = visit;
  await visit.end();
  assert.equal(complaints, []);
});

for (const { name, ...options } of appearances) {
  test(`everybody can use it, ${name}`, async () => {
    visit = await Visit.begin(browser, here.daemon.url, { ...options, reducedMotion: 'reduce' });
    const { page } = visit;
    await page.getByLabel('API key').waitFor();
    assert.equal(await violations(page), [], 'signed out');
    await visit.signIn(here.daemon.key);
    await visit.headline('One thing needs attention');
    await page.locator('.dead-letter').first().waitFor();
    await page.locator('.service-bar').first().waitFor();
    await page.locator('.legend').nth(2).waitFor();
    await visit.picture(name);
    await page.locator('.event-name').first().click();
    await page.getByRole('button', { name: 'Show event' }).first().click();
    assert.equal(await violations(page), [], 'signed in');
    const fits = async (): Promise<boolean> => (await widthOf(page)) <= options.viewport.width;
    await until(fits, 'no scrolling sideways');
    await page.getByRole('button', { name: 'Delete all' }).click();
    await page.getByRole('dialog').waitFor();
    assert.equal(await violations(page), [], 'with a dialog');
    await page.getByRole('button', { name: 'Cancel' }).last().click();
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByText('For web pages').click();
    assert.equal(await violations(page), [], 'with the form of a key');
    await page.getByLabel('Name').fill(name);
    await page.getByText('For programs and people').click();
    await page.locator('#keys').screenshot({ path: `test-output/page/keys-form-${name}.png` });
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.locator('.made-key').waitFor();
    await page.getByRole('rowheader', { name }).waitFor();
    assert.equal(await violations(page), [], 'with a new key');
    await page.locator('#keys').screenshot({ path: `test-output/page/keys-${name}.png` });
    await until(fits, 'no scrolling sideways with a new key');
  });
}

test('the keyboard is enough', async () => {
  visit = await Visit.begin(browser, here.daemon.url);
  const { page } = visit;
  const focused = (): Promise<unknown> =>
    page.evaluate('document.activeElement.textContent.trim() || document.activeElement.id');
  await page.locator('#key:focus').waitFor();
  await page.keyboard.type(here.daemon.key);
  await page.keyboard.press('Enter');
  await visit.headline('One thing needs attention');
  await page.locator('.dead-letter').first().waitFor();
  await page.keyboard.press('Tab');
  assert.is(await focused(), 'Skip to the content');
  await page.keyboard.press('Enter');
  await page.locator('#main:focus').waitFor();

  await page.getByRole('button', { name: 'Delete all' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  assert.is(await focused(), 'Cancel');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.is(await focused(), 'Delete all');

  await page.locator('.event-name').first().focus();
  await page.keyboard.press('Enter');
  await page.locator('.inspector').waitFor();
});

test.run();
