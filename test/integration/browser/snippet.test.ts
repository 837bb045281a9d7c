// timeout: 180 s
import type { BrowserContext, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../../../openapi/api-types.js';
import { startChromium } from '../../helpers/servers/chromium.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { startSite } from './site.js';

/** In the page. */
declare const window: { eventSink: { track(name: string, properties?: object): void } };
declare const history: { pushState(...args: unknown[]): void; replaceState(...args: unknown[]): void; back(): void };
declare const location: { hash: string };
declare const navigator: object;
declare const document: { querySelector(selector: string): { click(): void } | null };

const browser = required('chromium', await startChromium());
const site = await startSite();
const { daemon } = site;
const dataset = '65fd8f8b72b6e319f3c4706e';
const file = '65a3dea71616158972863493';
site.pages.set(
  '',
  `<!doctype html><title>Clowder</title>
<script defer src="${daemon.url}/snippet.js" data-key="${site.collectKey}"></script>
<a id="blob" href="/files/${file}/blob">Download</a>
<a id="api" href="/api/v2/datasets/${dataset}/download"><b>All files</b></a>
<a id="attribute" href="/exports/today" download>Export</a>
<a id="ending" href="/static/plots.ZIP?x=1">Plots</a>
<a id="page" href="/files/${file}">The file</a>
<script>addEventListener('click', event => event.preventDefault())</script>`,
);
const test = suite<{ context: BrowserContext; page: Page; complaints: string[] }>('the snippet');

test.before.each(async given => {
  given.complaints = [];
  given.context = await browser.newContext({ locale: 'fr-FR' });
  given.page = await given.context.newPage();
  given.page.on('pageerror', error => given.complaints.push(String(error)));
});
test.after.each(async ({ context, complaints }) => {
  assert.equal(await context.cookies(), [], 'no cookie');
  await context.close();
  assert.equal(complaints, []);
});
test.after(async () => {
  await browser.close();
  await site.remove();
});

let visits = 0;

/** A path that no other test has, so that its events are known from those of others. */
function path(more = ''): string {
  visits += 1;
  return `/datasets/${visits.toString(16).padStart(24, '0')}${more}`;
}

/** Waits for as many events as are meant to come, and then for one that must not. */
async function eventsOf(category: string, own: (url: string) => boolean, count: number): Promise<StoredEvent[]> {
  const found = async (): Promise<StoredEvent[]> =>
    (await daemon.stored(category)).filter(({ url }) => own(String(url)));
  await until(async () => (await found()).length >= count, `${count} events ${category}`, 60_000, 50);
  await daemon.drained();
  return (await found()).reverse();
}

const at = (url: string) => (seen: string) => seen.startsWith(`${site.origin}${url}`);

test('a page that is shown is a view, with what the server adds and without an id of the visitor', async ({ page }) => {
  const url = path('?key=secret&page=2');
  await page.goto(`${site.origin}${url}`, { referer: `${site.origin}/search` });
  const [view, ...more] = await eventsOf('browser_page_view', at(url.split('?')[0] ?? ''), 1);
  assert.equal(more, []);
  assert.is(view?._source, 'browser');
  assert.is(view?.source, 'browser');
  assert.is(view?.url, `${site.origin}${url.replace('key=secret&', '')}`);
  assert.is(view?.referrer, `${site.origin}/search`);
  assert.is(view?.type, 'dataset');
  assert.is(view?.resource_id, url.slice('/datasets/'.length).split('?')[0]);
  assert.is(view?.language, 'fr-FR');
  assert.match(String(view?.visitor), /^[0-9a-f]{16}$/);
  for (const name of ['device_id', 'user_id', 'session_id', 'ip']) assert.is(view?.[name], undefined, name);
});

test('an application that changes its address shows pages, too; a place within one is no other page', async ({
  page,
}) => {
  const [first, second, third] = [path(), path(), path()];
  await page.goto(`${site.origin}${first}`);
  await page.evaluate(
    ([one, two]) => {
      history.pushState({}, '', one);
      history.pushState({}, '', one);
      location.hash = 'comments';
      history.replaceState({}, '', two);
    },
    [second, third],
  );
  await page.evaluate(() => history.back());
  const own = (url: string): boolean => [first, second, third].some(one => at(one)(url));
  const views = await eventsOf('browser_page_view', own, 4);
  const addresses = views.sort((a, b) => a.created - b.created).map(({ url }) => String(url).slice(site.origin.length));
  assert.equal(addresses, [first, second, third, second]);
  const referrers = views.map(({ referrer }) => String(referrer));
  assert.equal(
    referrers.slice(1),
    [first, second, third].map(one => `${site.origin}${one}`),
  );
});

test('downloads that are clicked are events, and other links are not', async ({ page }) => {
  const url = path();
  await page.goto(`${site.origin}${url}`);
  for (const id of ['blob', 'api b', 'attribute', 'page', 'ending'])
    await page.evaluate(selector => document.querySelector(selector)?.click(), `#${id}`);
  const downloads = (await eventsOf('browser_download', () => true, 4)).filter(({ referrer }) =>
    at(url)(String(referrer)),
  );
  const links = downloads.map(event => String(event.url).slice(site.origin.length));
  assert.equal(links.sort(), [
    `/api/v2/datasets/${dataset}/download`,
    '/exports/today',
    `/files/${file}/blob`,
    '/static/plots.ZIP?x=1',
  ]);
  const blob = downloads.find(event => String(event.url).endsWith('/blob'));
  assert.is(blob?.type, 'file');
  assert.is(blob?.resource_id, file);
});

test('a page says more by itself', async ({ page }) => {
  await page.goto(`${site.origin}${path()}`);
  await page.evaluate(() => {
    window.eventSink.track('map_moved', { zoom: 4, layer: 'soil' });
    window.eventSink.track('map_closed');
  });
  await until(async () => (await daemon.stored('map_closed')).length === 1, 'the event', 60_000, 50);
  const [moved] = await daemon.stored('map_moved');
  assert.is(moved?.zoom, 4);
  assert.is(moved?.layer, 'soil');
});

for (const [what, property, value] of [
  ['Do Not Track', 'doNotTrack', '1'],
  ['Global Privacy Control', 'globalPrivacyControl', true],
] as const) {
  test(`${what}: nothing is sent, and nothing is kept`, async ({ context, page }) => {
    await context.addInitScript(([name, asked]) => Object.defineProperty(navigator, name, { get: () => asked }), [
      property,
      value,
    ] as const);
    const posts: string[] = [];
    page.on('request', request => request.method() === 'POST' && posts.push(request.url()));
    await page.goto(`${site.origin}${path()}`);
    await page.evaluate(() => {
      window.eventSink.track('unwanted');
      history.pushState({}, '', '/elsewhere');
      document.querySelector('#blob')?.click();
    });
    await page.waitForTimeout(2_500);
    await page.goto('about:blank');
    assert.equal(posts, []);
    assert.equal((await context.storageState()).origins, []);
    assert.equal(await daemon.stored('unwanted'), []);
  });
}

test('what has not been sent when a page is left goes as a beacon, and is one event', async ({ page }) => {
  const url = path();
  await page.goto(`${site.origin}${url}`);
  await page.evaluate(() => window.eventSink.track('just_left'));
  await page.goto('about:blank');
  assert.is((await eventsOf('browser_page_view', at(url), 1)).length, 1);
  await until(async () => (await daemon.stored('just_left')).length === 1, 'the beacon', 60_000, 50);
  // The next page of the site sends once more what was never confirmed.
  await page.goto(`${site.origin}${path()}`);
  await page.waitForTimeout(2_000);
  await daemon.drained();
  assert.is((await daemon.stored('just_left')).length, 1);
});

test('with the daemon down for a while nothing is lost, and nothing comes twice', async ({ page }) => {
  await page.goto(`${site.origin}${path()}`);
  await page.evaluate(() => window.eventSink.track('outage_0'));
  await daemon.kill('SIGKILL');
  await page.evaluate(() => window.eventSink.track('outage_1'));
  await page.waitForTimeout(2_500);
  await daemon.start();
  await page.evaluate(() => window.eventSink.track('outage_2'));
  for (const name of ['outage_0', 'outage_1', 'outage_2'])
    await until(async () => (await daemon.stored(name)).length > 0, name, 60_000, 100);
  await daemon.drained();
  for (const name of ['outage_0', 'outage_1', 'outage_2']) assert.is((await daemon.stored(name)).length, 1, name);
});

test('when the answer is lost it is sent again, and is one event', async ({ page }) => {
  let lost = 0;
  await page.route('**/2/httpapi', async route => {
    if (lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    await route.abort();
  });
  const answered = page.waitForResponse(response => response.url().endsWith('/2/httpapi') && response.status() === 200);
  await page.goto(`${site.origin}${path()}`);
  await page.evaluate(() => window.eventSink.track('answer_lost'));
  await answered;
  assert.is(lost, 1);
  await daemon.drained();
  assert.is((await daemon.stored('answer_lost')).length, 1);
});

test('two tabs keep what each of them has', async ({ context, page }) => {
  const other = await context.newPage();
  await Promise.all([page.goto(`${site.origin}${path()}`), other.goto(`${site.origin}${path()}`)]);
  for (let index = 0; index < 5; index += 1) {
    await page.evaluate(name => window.eventSink.track(name), `tab_one_${index}`);
    await other.evaluate(name => window.eventSink.track(name), `tab_two_${index}`);
  }
  for (let index = 0; index < 5; index += 1)
    for (const name of [`tab_one_${index}`, `tab_two_${index}`]) {
      await until(async () => (await daemon.stored(name)).length > 0, name, 60_000, 50);
      assert.is((await daemon.stored(name)).length, 1, name);
    }
});

test('storage that is not ours, or cannot be used, does not stop it', async ({ context, page }) => {
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, 'localStorage', {
      get: () => {
        throw new Error('denied');
      },
    });
  });
  await page.goto(`${site.origin}${path()}`);
  await page.evaluate(() => window.eventSink.track('without_storage'));
  await until(async () => (await daemon.stored('without_storage')).length > 0, 'the event', 60_000, 50);
  await daemon.drained();
  assert.is((await daemon.stored('without_storage')).length, 1);
});

test('what cannot be written as JSON is dropped, and stops nothing else', async ({ page }) => {
  await page.goto(`${site.origin}${path()}`);
  await page.evaluate(() => {
    const round: Record<string, unknown> = {};
    round.self = round;
    window.eventSink.track('round', round);
    window.eventSink.track('after_round', { n: 1 });
  });
  await until(async () => (await daemon.stored('after_round')).length > 0, 'the event', 60_000, 50);
  assert.equal(await daemon.stored('round'), []);
});

test('on the page of another site it sends nothing, and breaks nothing', async ({ page }) => {
  await page.goto(`${site.elsewhere}${path()}`);
  // The browser keeps the answer from the page, which has no leave to read it.
  const failed = page.waitForEvent('requestfailed', request => request.url().endsWith('/2/httpapi'));
  await page.evaluate(() => window.eventSink.track('from_elsewhere'));
  await failed;
  await daemon.drained();
  assert.equal(await daemon.stored('from_elsewhere'), []);
});

test.run();
