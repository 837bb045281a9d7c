import * as assert from 'uvu/assert';
import { until } from '../helpers/wait.js';
import { pageSuite } from './visit.js';

const test = await pageSuite('faults on the page');

test('a stopped sink: which, why, since when; and green again by itself', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  await page.locator('#actors .running-settings', { hasText: 'in force for' }).waitFor();
  await here.influxdb.stop();
  await here.daemon.post([1, 2].map(n => ({ category: 'download', type: 'file', n })));
  await visit.headline('One thing needs attention');
  await visit.sees('InfluxDB is not taking events');
  await visit.sees(/refused the connection/);
  await visit.sees(/since \d\d:\d\d:\d\d, for \d+ s/);
  const sink = page.getByRole('article', { name: 'InfluxDB' });
  await sink.getByText('holding').waitFor();
  await visit.reads(sink, /held\s*2/);
  await visit.reads(sink, /writes of 1 event, of at most [\d,]+/);
  await page.locator('#actors .actor', { hasText: 'next try in' }).first().waitFor();
  await visit.picture('sink-down');

  await here.influxdb.start();
  await visit.headline('All is well');
  await sink.getByText(/delivering|up to date/).waitFor();
  await visit.reads(sink, /waiting\s*0/);
});

test('bad events are found, understood and sent again', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  here.influxdb.refuses = ({ fields }) =>
    String(fields.resource_name?.value).startsWith('awkward')
      ? 'field type conflict: input field "size" is type float'
      : undefined;
  await here.daemon.post([1, 2, 3].map(n => ({ category: 'upload', resource_name: `awkward ${n}`, size: n })));
  await visit.headline('One thing needs attention');
  await visit.sees(/3 events could not be delivered to InfluxDB/);
  const section = page.locator('#dead-letters');
  await section.getByText(/field type conflict/).waitFor();
  const deadLetters = section.locator('.dead-letter');
  await until(async () => (await deadLetters.count()) === 3, 'all three of them');
  await section.getByRole('button', { name: 'Show event' }).first().click();
  await visit.reads(section.locator('.inspector'), /"awkward 1"/);
  await visit.picture('dead-letters');

  const dialog = page.getByRole('dialog');
  await section.getByRole('button', { name: 'Delete', exact: true }).last().click();
  await dialog.getByText(/deleted here for good/).waitFor();
  await visit.picture('dialog');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.is(await deadLetters.count(), 3);
  await section.getByRole('button', { name: 'Delete', exact: true }).last().click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await section.getByText('1 dead letter of InfluxDB deleted.').waitFor();

  await section.getByLabel('Reason').fill('nothing such');
  await section.getByText('No matching dead letter').waitFor();
  await section.getByLabel('Reason').fill('TYPE CONFLICT');
  await until(async () => (await deadLetters.count()) === 2, 'the two that are left');
  await section.getByLabel('Reason').fill('');
  await section.getByRole('button', { name: 'Send all again' }).waitFor();

  here.influxdb.refuses = () => undefined;
  await section.getByRole('button', { name: 'Send again' }).first().click();
  await section.getByText('1 event on the way to InfluxDB again.').waitFor();
  await section.getByRole('button', { name: 'Send all again' }).click();
  await dialog.getByText('Send 1 event again?').waitFor();
  await dialog.getByRole('button', { name: 'Send again' }).click();
  await visit.headline('All is well');
  const arrived = (): string =>
    [...here.influxdb.points.values()]
      .map(({ fields }) => String(fields.resource_name?.value))
      .filter(name => name.startsWith('awkward'))
      .sort()
      .join();
  await until(
    () => arrived() === 'awkward 1,awkward 2',
    'those that were sent again, and not the one that was deleted',
  );
});

test('a key that may only read finds no button that changes something', async ({ here, visit }) => {
  const { page } = visit;
  here.influxdb.refuses = ({ fields }) => (fields.resource_name?.value === 'odd' ? 'odd' : undefined);
  await here.daemon.post({ category: 'upload', resource_name: 'odd' });
  await visit.signIn(here.viewerKey);
  await visit.sees(/require a key with the scope “admin”/);
  assert.is(await page.getByRole('button', { name: /again|Delete/ }).count(), 0);
  here.influxdb.refuses = () => undefined;
  await here.daemon.request('/v1/dead-letters?sink=influxdb&all=true', { method: 'DELETE' });
  await visit.headline('All is well');
});

test('the daemon goes and comes back: the page says so, and goes on', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  await here.daemon.kill('SIGTERM');
  await visit.headline('Connection lost, trying again');
  await page.locator('.link.lost').waitFor();
  await visit.picture('connection-lost');
  await here.daemon.start();
  // Sessions end with the daemon that they were begun at.
  await visit.sees(/Your session has ended/);
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  assert.ok(
    visit.complaints
      .splice(0)
      .every(text =>
        /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|401/.test(text),
      ),
  );
});

test.run();
