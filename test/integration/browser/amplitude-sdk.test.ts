// timeout: 180 s
import { MongoClient } from 'mongodb';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startChromium } from '../../helpers/servers/chromium.js';
import { startMongoDB } from '../../helpers/servers/mongodb.js';
import { required } from '../../helpers/skip.js';
import { startSite } from './site.js';

/** What the SDK says became of an event. */
interface Believed {
  readonly insertId: string;
  readonly name: string;
  readonly code: number;
}

declare const amplitude: {
  init(key: string, options: object): { promise: Promise<void> };
  add(plugin: object): unknown;
  track(name: string, properties: object): { promise: Promise<{ event: { insert_id?: string }; code: number }> };
  flush(): { promise: Promise<void> };
  setTransport(transport: string): void;
};

/** In the page. */
declare const window: { believed: Promise<Believed>[] };
declare const localStorage: Readonly<Record<string, string>>;

const browser = required('chromium', await startChromium());
const mongodb = await startMongoDB();
const database = `browser_${process.pid}`;
const client = await new MongoClient(mongodb.uri).connect();
const site = await startSite({ MONGODB_URI: mongodb.uri, MONGODB_DATABASE: database });
const { daemon, collectKey, amplitude: service } = site;
site.pages.set('', '<!doctype html><title>Portal</title><script src="/amplitude.js"></script>');
const test = suite('a page with Amplitude’s browser SDK');

test.after(async () => {
  await browser.close();
  await site.remove();
  await client.db(database).dropDatabase();
  await client.close();
  await mongodb.stop();
});

/** Opens a page and starts its SDK; nothing but the site and the daemon may be asked. */
async function open(origin = site.origin, options: object = {}): Promise<{ page: Page; asked: Set<string> }> {
  const page = await (await browser.newContext({ locale: 'de-CH' })).newPage();
  const asked = new Set<string>();
  page.on('request', request => asked.add(new URL(request.url()).origin));
  await page.goto(`${origin}/datasets/65fd8f8b72b6e319f3c4706e?utm_source=newsletter`);
  await page.evaluate(
    async ([key, serverUrl, more]) => {
      window.believed = [];
      const sdk = { fetchRemoteConfig: false, enableDiagnostics: false, flushMaxRetries: 40, flushIntervalMillis: 100 };
      await amplitude.init(key, { ...sdk, serverUrl, ...more }).promise;
    },
    [collectKey, `${daemon.url}/2/httpapi`, options] as const,
  );
  return { page, asked };
}

const track = (page: Page, names: readonly string[]): Promise<void> =>
  page.evaluate(all => {
    for (const name of all)
      window.believed.push(
        amplitude
          .track(name, { resource_id: '65fd8f8b72b6e319f3c4706e', n: 1.5 })
          .promise.then(({ event, code }) => ({ insertId: event.insert_id ?? '', name, code })),
      );
  }, names);

const believed = (page: Page): Promise<Believed[]> => page.evaluate(() => Promise.all(window.believed));
const named = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}_${index}`);

/** Each event that the SDK says was sent is in the local store, in MongoDB and at Amplitude, once. */
async function eachOnce(sent: readonly Believed[]): Promise<void> {
  assert.ok(sent.length > 0);
  assert.equal([...new Set(sent.map(({ code }) => code))], [200]);
  await daemon.drained();
  const ids = new Set(sent.map(({ insertId }) => insertId));
  assert.is(ids.size, sent.length);
  const stored = (await daemon.stored()).filter(event => ids.has(String(event.insert_id)));
  assert.equal(
    stored.map(event => `${event.insert_id} ${event.category}`).sort(),
    sent.map(({ insertId, name }) => `${insertId} ${name}`).sort(),
  );
  const delivered = service.accepted.map(event => (event.event_properties as { insert_id?: string }).insert_id ?? '');
  assert.equal(delivered.filter(id => ids.has(id)).sort(), [...ids].sort());
  const documents = await client.db(database).collection('events').find().toArray();
  const kept = documents.map(({ insert_id: id }) => String(id));
  assert.equal(kept.filter(id => ids.has(id)).sort(), [...ids].sort());
}

test('what it believes it sent is what the local store and two sinks have, once, with what the server adds', async () => {
  const { page, asked } = await open();
  await track(page, named('usual', 40));
  const sent = await believed(page);
  await eachOnce(sent);
  const [event] = await daemon.stored('usual_0');
  assert.is(event?._source, 'browser');
  assert.is(event?.source, 'browser');
  assert.is(event?.platform, 'Web');
  assert.is(event?.resource_id, '65fd8f8b72b6e319f3c4706e');
  assert.match(String(event?.language), /^de/);
  assert.match(String(event?.user_agent), /Chrom/);
  assert.match(String(event?.visitor), /^[0-9a-f]{16}$/);
  assert.match(String(event?.session_id), /^\d{13}$/);
  assert.is(event?.ip, undefined);
  const own = new Set((await daemon.stored()).map(({ category }) => category));
  for (const name of ['session_start', '[Amplitude] Page Viewed', '$identify']) assert.ok(own.has(name), name);
  const { dead_letters: dead } = await daemon.json('/v1/dead-letters');
  assert.equal(dead, []);
  assert.equal([...asked].sort(), [site.origin, daemon.url].sort());
  await page.context().close();
});

test('with the daemon down for a while, and killed, its retries are the same events', async () => {
  const { page } = await open();
  await track(page, named('before', 10));
  const running = believed(page);
  await daemon.kill('SIGKILL');
  await track(page, named('during', 10));
  // A minute in `npm run proof -- page`.
  await page.waitForTimeout(Number(process.env.PAGE_OUTAGE_SECONDS ?? 3) * 1_000);
  await daemon.start();
  await track(page, named('after', 10));
  assert.is((await running).length, 10);
  const sent = await believed(page);
  assert.is(sent.length, 30);
  await eachOnce(sent);
  await page.context().close();
});

test('when the answer is lost, what is sent again is the same event', async () => {
  const { page } = await open();
  let lost = 0;
  await page.route('**/2/httpapi', async route => {
    if (lost >= 2 || route.request().method() !== 'POST') return route.continue();
    lost += 1;
    await route.fetch();
    await route.abort();
  });
  await track(page, named('lost', 10));
  const sent = await believed(page);
  assert.is(lost, 2);
  await eachOnce(sent);
  await page.context().close();
});

test('what was not sent when the page was left is sent by the next one, with its id', async () => {
  const { page } = await open();
  await daemon.kill('SIGTERM');
  await track(page, named('left', 5));
  // It keeps them for the next page.
  await page.waitForFunction(() => Object.values(localStorage).join().includes('left_4'), undefined, {
    timeout: 60_000,
  });
  await page.goto(`${site.origin}/other`);
  await daemon.start();
  await page.evaluate(
    async ([key, serverUrl]) => {
      await amplitude.init(key, { serverUrl, fetchRemoteConfig: false, enableDiagnostics: false }).promise;
      await amplitude.flush().promise;
    },
    [collectKey, `${daemon.url}/2/httpapi`] as const,
  );
  await daemon.drained();
  for (const name of named('left', 5)) assert.is((await daemon.stored(name)).length, 1, name);
  await page.context().close();
});

test('a beacon arrives', async () => {
  const { page } = await open();
  await page.evaluate(() => amplitude.setTransport('beacon'));
  await track(page, ['by_beacon']);
  await eachOnce(await believed(page));
  await page.context().close();
});

test('a body that is packed is unpacked', async () => {
  const { page } = await open(site.origin, { enableRequestBodyCompression: true });
  await track(page, named('packed', 20));
  await eachOnce(await believed(page));
  await page.context().close();
});

test('an event that is refused is dropped by the SDK, said so, and the others arrive', async () => {
  const { page } = await open();
  await track(page, ['good_one', 'x'.repeat(200), 'good_two']);
  const sent = await believed(page);
  assert.equal(
    sent.map(({ code }) => code),
    [200, 400, 200],
  );
  await eachOnce(sent.filter(({ code }) => code === 200));
  await page.context().close();
});

test('a page of another origin sends nothing', async () => {
  const { page } = await open(site.elsewhere, { flushMaxRetries: 2 });
  await track(page, ['from_elsewhere']);
  const [result] = await believed(page);
  assert.is.not(result?.code, 200);
  await daemon.drained();
  assert.equal(await daemon.stored('from_elsewhere'), []);
  await page.context().close();
});

test.run();
