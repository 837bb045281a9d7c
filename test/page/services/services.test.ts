import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import { pageSuite } from '../visit.js';

/** A service that answers as long as it is up. */
class WatchedService {
  readonly server: Server = createServer((_request, response) => {
    response.statusCode = this.up ? 200 : 500;
    response.end();
  });
  up = true;
  url = '';

  async start(): Promise<this> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/healthz`;
    return this;
  }
}

const [clowder, search] = [await new WatchedService().start(), await new WatchedService().start()];
const test = await pageSuite('services on the page', {
  HEALTH_TARGETS: `clowder=${clowder.url},search=${search.url}`,
  // A service has as long to answer, on a machine that is busy.
  HEALTH_INTERVAL_SECONDS: '5',
  HEALTH_RECHECK_SECONDS: '1',
});
test.after(() => {
  for (const { server } of [clowder, search]) {
    server.closeAllConnections();
    server.close();
  }
});

test('when all is well every watched service is listed, with its state, its figures and its history', async ({
  here,
  visit,
}) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  const rows = page.locator('.services > li');
  await rows.nth(1).getByText('up', { exact: true }).waitFor();
  assert.equal(await page.locator('.service-name').allTextContents(), ['clowder', 'search']);
  const first = rows.first();
  await first.getByText('up', { exact: true }).waitFor();
  await first.locator('.service-bar .segment.good').waitFor();
  await visit.reads(first.locator('.service-facts'), /^answers in [\d.]+ (µs|ms|s) · 100 % up/);
  await visit.reads(first.locator('.service-target'), `${clowder.url}, checked`);
  const actor = page.locator('#actors .actor', { hasText: clowder.url });
  await visit.reads(actor, /response time[\d.]+ (µs|ms|s)loss0 %/);
});

test('a service that is down is reported first, in whole sentences, and its row says down', async ({ here, visit }) => {
  const { page } = visit;
  await here.influxdb.stop();
  await here.daemon.post({ category: 'download', type: 'file' });
  clowder.up = false;
  await visit.signIn(here.daemon.key);
  await visit.headline('2 things need attention');
  await visit.reads(page.locator('.problem-what strong').first(), /^clowder is down$/);
  await page.locator('.banner.bad').waitFor();
  const row = page.locator('.services > li').first();
  await row.locator('.chip.bad', { hasText: 'down' }).waitFor();
  await row.locator('.service-reason', { hasText: '500' }).waitFor();
  const actor = page.locator('#actors .actor', { hasText: clowder.url });
  await actor.locator('.chip.bad', { hasText: 'down' }).waitFor();
  assert.is(await actor.locator('.chip.good').count(), 0);
  const announced = page.locator('.banner [role=status]');
  await visit.reads(
    announced,
    /^2 things need attention\. clowder is down: .*500.*\. InfluxDB is not taking events: .* events? waiting\.$/,
  );
  await visit.picture('service-down');

  clowder.up = true;
  await here.influxdb.start();
  await visit.headline('All is well');
  await row.locator('.segment.bad').waitFor();
});

test('an outage that is over: how long it was, what came in meanwhile, and the way to the report', async ({
  here,
  visit,
}) => {
  const { page } = visit;
  const until = Date.now() - 60_000;
  await here.daemon.post({
    ...{ category: 'service_status', type: 'up', service_name: 'archive', created: until + 10_000 },
    ...{ from: until - 1_800_000, until, outage_seconds: 1_800, outage_requests: 1016, expected_requests: 2105.25 },
    ...{ expected_requests_min: 60, expected_requests_max: 2150, outage_downloads: 0, outage_failed_uploads: 1 },
  });
  await visit.signIn(here.daemon.key);
  const row = page.locator('.services > li', { hasText: 'archive' });
  const outages = row.locator('.service-outages');
  await outages.locator('summary', { hasText: 'One outage in the last hour' }).click();
  const text = (await outages.locator('li').textContent()) ?? '';
  assert.match(text, /^From .* for 30 min/);
  assert.match(text, 'Meanwhile 1,016 requests instead of 2,105 (60 to 2,150), 0 downloads, 1 failed upload');
  await visit.picture('service-outage');

  const link = page.getByRole('link', { name: 'Availability report of this month' });
  const [report] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
  await report.getByRole('heading', { name: 'Availability of services' }).waitFor();
  await report.getByRole('heading', { name: 'clowder' }).waitFor();
  await report.screenshot({ path: 'test-output/page/availability-report.png', fullPage: true });
  await report.close();
  const one = (await row.getByRole('link', { name: 'Availability of archive this month' }).getAttribute('href')) ?? '';
  assert.match(one, '&service=archive');
});

test('what waits is not added up over the sinks', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  await here.influxdb.stop();
  await here.daemon.post([1, 2, 3].map(n => ({ category: 'upload', n })));
  await visit.reads(page.locator('#flow .section-aside'), /· \d+ events? waiting for InfluxDB$/);
  await here.influxdb.start();
  await page.locator('#flow .section-aside', { hasText: 'nothing waiting' }).waitFor();
});

test.run();
