import { mkdirSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { availabilityAsHtml } from '../src/availability/html.js';
import { reportOf, type ServiceReport } from '../src/availability/report.js';
import { bucketOf } from '../src/availability/response-times.js';
import { dayOf } from '../src/calendar.js';
import { systemClock } from '../src/clock.js';
import { html as mailAsHtml } from '../src/notify/html.js';
import { laidOver } from '../src/spans.js';
import { statusAsHtml } from '../src/status-page/html.js';
import { StatusPage } from '../src/status-page/status-page.js';
import type { Correction } from '../src/storage/availability.js';
import { startChromium } from './helpers/servers/chromium.js';
import { required } from './helpers/skip.js';
import { change, at as noticedAt, notification } from './notify/messages.js';
import { violations, widthOf } from './page/appearances.js';

const browser: Browser = required('chromium', await startChromium());
/** To be looked at. */
const pictures = 'test-output/printed';
mkdirSync(pictures, { recursive: true });
test.after(() => browser.close());

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2026, 2, 1);
const now = start + 14.5 * day;
const long = 'previews.of.drone-surveys.and-other-large-files.of-the-prairie.clowder.example.org';

const days = Array.from({ length: 15 }, (_, index) => {
  const from = start + index * day;
  return { day: dayOf(from), from, until: from + day };
});

function reported(service: string, outages: readonly (readonly [from: number, until: number, reason: string])[]) {
  const down = outages.map(([from, until, reason]) => ({
    ...{ from: start + from * hour, until: start + until * hour, state: 'down', reason },
  }));
  const up = { from: start + 30 * hour, until: now, state: 'up' };
  const said = { by: 'operations', at: start + 110 * hour };
  const corrections: Correction[] = [
    {
      ...{ ...said, id: 'a', from: start + 100 * hour, until: start + 104 * hour, state: 'maintenance' },
      message: 'New disks, and a look at the ones beside them',
    },
    { ...said, id: 'b', from: start + 200 * hour, until: start + 200 * hour, state: 'maintenance', message: 'A move' },
    { ...said, id: 'c', from: start + 200 * hour, until: start + 200 * hour, state: 'withdrawn', message: 'Not now' },
  ];
  const record = {
    observed: laidOver([up], down),
    maintenance: [],
    corrections,
    times: [{ day: 20260302, counts: [[bucketOf(120), 900] as const, [bucketOf(4_000), 12] as const] }],
  };
  const report = reportOf(service, record, { from: start, until: now, days }, now);
  const expected = { mean: 12_105.3, min: 9_950, max: 14_150 };
  const cost = (from: number, until: number) => ({
    ...{ from, until, weeks: 3, leftOut: [{ from: from - 7 * day, reason: 'down' as const }] },
    requests: { counted: 3_016, expected },
    visitors: { counted: 0.5, expected: { mean: 41.2, min: 39, max: 44 } },
    downloads: { counted: 0, expected: { mean: 210, min: 180, max: 260 } },
    failedUploads: { counted: 14, expected: { mean: 0.3, min: 0, max: 1 } },
  });
  return {
    ...report,
    outages: report.outages.map(one => ({ ...one, cost: cost(one.from, one.until ?? now) })),
  } satisfies ServiceReport;
}

const reports = [
  reported('clowder', [
    [50, 51.5, 'HTTP 502 of https://clowder.example.org/healthz/with/a/path/that/has/no/place/to/break/at/all'],
    [210, 216, 'connection refused'],
  ]),
  reported(long, [[60, 60.2, 'connection timed out']]),
];

async function statusPage(): Promise<string> {
  const names = ['clowder', 'search', long];
  const page = new StatusPage({
    name: 'Prairie Data, the repository of the grasslands',
    targets: () =>
      names.map(name => ({ name, group: name === 'clowder' ? undefined : 'Behind it', windows: () => [] })),
    services: async () =>
      names.map((service_name, index) => ({
        service_name,
        state: (['up', 'down', 'degraded'] as const)[index] ?? 'unknown',
        since: now - index * hour,
      })),
    availability: async () => reports,
    announced: async () => [
      {
        ...{
          id: 'p',
          service: 'search',
          from: now + day,
          until: now + day + hour,
          state: 'maintenance',
          by: 'ann',
          at: now,
        },
        message: `A new index, see https://${long}/notes/2026/03/index`,
      },
    ],
    clock: { ...systemClock, now: () => now },
  });
  return statusAsHtml(await page.view());
}

const mails = {
  one: [change('clowder', { target: `https://${long}/healthz?check=everything`, message: 'connection refused' })],
  many: Array.from({ length: 40 }, (_, index) => change(index === 3 ? long : `service-${index + 1}`)),
};

const pages: Readonly<Record<string, () => Promise<string> | string>> = {
  status: statusPage,
  availability: () =>
    availabilityAsHtml(reports, { name: 'Prairie Data', first: 20260301, last: 20260315, zone: 'UTC', created: now }),
  'mail-one': () => mailAsHtml(notification('notify.email', 'id', mails.one), 'host-1'),
  'mail-many': () => mailAsHtml(notification('notify.email', 'id', mails.many), 'host-1'),
  'mail-end': () => {
    const cost = '16 requests instead of 1,105 (60 to 2,150), 1 failed upload';
    const end = { state: 'up', level: 'ok', severity: 'info', outageSeconds: 1_800, until: noticedAt, cost } as const;
    const { message: _message, ...well } = change('clowder', { ...end, since: noticedAt - 1_800_000 });
    return mailAsHtml(notification('notify.email', 'id', [well]), 'host-1');
  },
};

for (const [name, written] of Object.entries(pages))
  test(`${name}: nothing lies beside a phone of 360 px`, async () => {
    const text = await written();
    const page = await browser.newPage({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
    await page.setContent(text);
    assert.is(await widthOf(page), 360);
    assert.equal(await page.evaluate(beside), []);
    await page.screenshot({ path: `${pictures}/${name}-phone.png`, fullPage: true });
    if (!name.startsWith('mail')) {
      await page.emulateMedia({ colorScheme: 'light' });
      // A page that is glanced at, and has no script, loads itself anew.
      const found = (await violations(page)).filter(one => !one.startsWith('meta-refresh:'));
      assert.equal(found, [], 'what axe finds');
      await page.setViewportSize({ width: 1_100, height: 800 });
      await page.screenshot({ path: `${pictures}/${name}-desktop-light.png`, fullPage: true });
    }
    await page.close();
  });

/** Elements that can be scrolled sideways, or end beyond the window; heads of tables are for the ear alone there. */
const beside = `[...document.body.querySelectorAll(':not(thead, thead *)')]
  .filter(one => one.getBoundingClientRect().right > 360.5 || (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'auto'))
  .map(one => one.tagName + ' ' + one.textContent.slice(0, 60))`;

test('the availability report fits on A4, with the heads of its tables', async () => {
  const page = await browser.newPage({ viewport: { width: 680, height: 1_000 } });
  await page.setContent(await (pages.availability as () => string)());
  await page.emulateMedia({ media: 'print' });
  assert.is(await widthOf(page), 680);
  assert.ok(await page.locator('thead').first().isVisible());
  await page.screenshot({ path: `${pictures}/availability-paper.png`, fullPage: true });
  await page.close();
});

test.run();
