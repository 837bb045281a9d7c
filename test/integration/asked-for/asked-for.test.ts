// timeout: 240 s
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startChromium } from '../../helpers/servers/chromium.js';
import { pyclowder } from '../../helpers/servers/pyclowder.js';
import { skipped } from '../../helpers/skip.js';
import type { Check } from './check.js';
import { fromBrowser } from './from-browser.js';
import { fromClowder, fromServices } from './from-clowder.js';
import { fromExtractors, queue } from './from-extractors.js';
import { fromHttp } from './from-http.js';
import { fromNginx } from './from-nginx.js';
import { holds } from './holds.js';
import { Sinks } from './sinks.js';
import { startSite } from './site.js';
import { placesOfFields, rowsOfTable } from './table.js';

// docs/asked-for.md, row by row: from the real source to every sink, with exactly the fields that the row names.

const rows = rowsOfTable();
const places = placesOfFields();
const site = await startSite();
const sinks = new Sinks(site);
const chromium = await startChromium();
const python = pyclowder();
const browser = 'skip' in chromium ? undefined : chromium;
const extractor = 'skip' in python ? undefined : python.start({ uri: site.rabbitmq.uri, queue });

const browserChecks = fromBrowser(site, browser);
const extractorChecks = fromExtractors(site);
const checks: Record<string, Check> = {
  ...fromClowder(site),
  ...fromNginx(site),
  ...fromHttp(site),
  ...fromServices(site),
  ...extractorChecks,
  ...browserChecks,
};

const test = suite('what was asked for, from its source to every sink');
test.after(async () => {
  await extractor?.stop();
  await browser?.close();
  await sinks.close();
  await site.stop();
});

test('each row has its check, and each check its row', () => {
  assert.equal(rows.map(({ asked }) => asked).sort(), Object.keys(checks).sort());
});

test('the table of fields has those of the rows, and no other', () => {
  assert.equal([...places.keys()].sort(), [...new Set(rows.flatMap(({ fields }) => fields))].sort());
});

if ('skip' in chromium) skipped('chromium', chromium.skip);
if ('skip' in python) skipped('pyclowder', python.skip);

for (const row of rows) {
  const check = checks[row.asked];
  if (check === undefined) continue;
  if (browser === undefined && row.asked in browserChecks) continue;
  if (extractor === undefined && row.asked in extractorChecks) continue;
  test(row.asked, async () => {
    const expected = await check();
    const found = await sinks.find(row.category, event => event.type === row.type && expected.fits(event));
    holds(row, expected, found, places);
  });
}

test('the tags in InfluxDB are those that the table names', async () => {
  const keys = await site.destinations.influxdb.query('SHOW TAG KEYS FROM events', 'eventsink');
  const named = [...places.values()].flatMap(({ influxdb: { tag } }) => tag ?? []);
  assert.equal(keys.map(({ tagKey }) => String(tagKey)).sort(), ['category', 'type', ...named].sort());
});

test('no sink refused anything', async () => {
  assert.equal((await site.daemon.json('/v1/dead-letters')).dead_letters, []);
  assert.equal(site.destinations.ga4.violations, []);
});

test.run();
