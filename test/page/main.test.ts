import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { until } from '../helpers/wait.js';
import { pageSuite, Visit } from './visit.js';

const test = await pageSuite('the page');

test('a newcomer signs in, sends the first event, and sees it arrive', async ({ here, visit }) => {
  const { page } = visit;
  await visit.picture('signed-out');
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  await visit.sees('No event yet');
  assert.match((await page.locator('pre.command').textContent()) ?? '', `curl ${here.daemon.url}/v1/events`);
  await visit.picture('empty');

  await here.daemon.post({ category: 'upload', resource_name: 'transect_04.tif', size: 1024 });
  await page.getByRole('button', { name: 'upload' }).waitFor();
  await visit.sees('transect_04.tif');
  await page.getByRole('button', { name: 'upload' }).click();
  assert.match((await page.locator('.inspector').textContent()) ?? '', /"transect_04.tif"[\s\S]*1024/);
  await page.locator('.sums tbody tr', { hasText: 'InfluxDB' }).getByText('✓').waitFor();
});

test('the key is kept nowhere that a script or a neighbour could read', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  const [cookie] = await page.context().cookies();
  assert.is(cookie?.httpOnly, true);
  assert.is(cookie?.sameSite, 'Strict');
  const { origins } = await page.context().storageState();
  const kept = await page.evaluate(
    'JSON.stringify([localStorage, sessionStorage, document.cookie, document.documentElement.outerHTML])',
  );
  assert.not.match(`${JSON.stringify([cookie, origins])} ${kept}`, here.daemon.key);
  assert.not.ok(visit.asked.some(({ href }) => href.includes(here.daemon.key)));

  await page.reload();
  await visit.headline('All is well');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  const { status } = await page.request
    .get(`${here.daemon.url}/v1/status`)
    .then(async answer => ({ status: answer.status() }));
  assert.is(status, 401);
});

test('a wrong key and one that may not read get different messages', async ({ here, visit }) => {
  await visit.signIn('a-wrong-key');
  await visit.sees('This key is not known here.');
  await visit.signIn(here.senderKey);
  await visit.sees(/This key may not read/);
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  // The browser complains about any answer of 401 and 403.
  await until(() => visit.complaints.length === 2, 'a complaint about each');
  assert.is(visit.complaints.splice(0).length, 2);
});

test('whatever comes from outside is text', async ({ here, visit }) => {
  const { page } = visit;
  const hostile = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>';
  await here.daemon.post([
    { category: hostile, type: hostile, resource_name: hostile, [hostile]: { [hostile]: [hostile] } },
    { category: 'service_status', type: 'down', service_name: hostile, message: hostile },
    { category: 'health', type: hostile, service_name: hostile, response_time_avg: 0.2 },
    { category: '__proto__', type: 'constructor', resource_name: 'javascript:window.harmed=1' },
  ]);
  await here.daemon.drained();
  await visit.signIn(here.daemon.key);
  await page.locator('.event-category', { hasText: 'onerror' }).first().waitFor();
  await page.locator('.service-name', { hasText: 'onerror' }).waitFor();
  await page.locator('.legend-name', { hasText: 'onerror' }).first().waitFor();
  await page.locator('.event-name', { hasText: 'onerror' }).last().click();
  await page.locator('.inspector', { hasText: 'onerror' }).waitFor();
  await page.getByRole('combobox').selectOption(hostile);
  await page.locator('.event-row:not(.head)').first().waitFor();
  assert.is(await page.evaluate('window.harmed'), undefined);
  assert.is(await page.locator('#page img, #page script').count(), 0);
});

test('the list can be held, and narrowed to a category and a type', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await page.locator('.stream-state.live').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await here.daemon.post([
    { category: 'archive', type: 'file' },
    { category: 'archive', type: 'dataset' },
  ]);
  // Two at least: that somebody signed in may be among them.
  await page.getByRole('button', { name: /^Resume, (?:[2-9]|\d\d+) new$/ }).click();
  await page.locator('.event-row', { hasText: 'archive dataset' }).waitFor();
  await page.getByRole('combobox').selectOption('archive');
  await page.getByLabel('Type').fill('file');
  await until(async () => (await page.locator('.event-row:not(.head)').count()) === 1, 'one row');
  await here.daemon.post([
    { category: 'archive', type: 'file', n: 2 },
    { category: 'archive', type: 'dataset', n: 2 },
    { category: 'upload' },
  ]);
  await until(async () => (await page.locator('.event-row:not(.head)').count()) === 2, 'the one that fits');
  await page.getByLabel('Type').fill('nothing such');
  await visit.sees('No matching event');
  assert.is(await page.locator('.event-row').count(), 0);
});

test('an event from the future is marked, and does not stay on top', async ({ here, visit }) => {
  const { page } = visit;
  await here.daemon.post({ category: 'forecast', created: '2100-01-01T00:00:00Z' });
  await here.daemon.post({ category: 'observation' });
  await visit.signIn(here.daemon.key);
  const row = page.locator('.event-row', { hasText: 'forecast' });
  await row.getByText('in the future').waitFor();
  const latest = async (): Promise<string> => {
    const names = await page.locator('.event-category').allTextContents();
    return names
      .filter(name => name !== 'audit' && name !== 'problem')
      .slice(0, 2)
      .join();
  };
  await until(async () => (await latest()) === 'observation,forecast', 'what came later on top of it');
  assert.is(await page.getByText('in the future').count(), 1);
});

test('a hidden tab asks for nothing', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await visit.headline('All is well');
  await page.locator('.stream-state.live').waitFor();
  await page.locator('.event-row:not(.head)').first().waitFor();
  const hide = (hidden: boolean): Promise<unknown> =>
    page.evaluate(
      `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
    );
  await hide(true);
  await page.locator('.stream-state', { hasText: 'off' }).waitFor();
  visit.asked.length = 0;
  await page.waitForTimeout(4500);
  assert.equal(
    visit.asked.map(({ pathname }) => pathname),
    [],
  );
  await hide(false);
  await until(() => visit.asked.some(({ pathname }) => pathname === '/v1/status'), 'the status is asked for again');
  await until(() => visit.asked.some(({ pathname }) => pathname === '/v1/stream'), 'and the stream opened');
});

test('without a local store the rest works, and nothing is asked in vain', async ({ browser }) => {
  const bare = new TestDaemon({ env: { LOCAL_STORE: 'off' } });
  const other = await Visit.begin(browser, (await bare.start()).url);
  try {
    await other.signIn(bare.key);
    await other.headline('All is well');
    await other.sees('The local store is off');
    await other.page.waitForTimeout(500);
    assert.not.ok(other.asked.some(({ pathname }) => /v1.(series|events|stream)/.test(pathname)));
    assert.equal(other.complaints, []);
  } finally {
    await other.end();
    await bare.remove();
  }
});

test.run();
