import * as assert from 'uvu/assert';
import { until } from '../../helpers/wait.js';
import { pageSuite } from '../visit.js';

const test = await pageSuite('keys on the page');

test('a key is made, shown once, listed with its limits, and revoked after a question', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.locator('input[name=name]:focus').waitFor();
  await page.keyboard.type('portal');
  await page.getByLabel('Last day').fill('2999-12-31');
  await page.getByLabel('Requests a minute').fill('600');
  await page.getByLabel('read').check();
  await page.getByRole('button', { name: 'Make the key' }).click();

  const key = await page.getByLabel('The key itself').inputValue();
  assert.match(key, /^es_[\w-]{43}$/);
  const ask = async (): Promise<number> =>
    (await fetch(`${here.daemon.url}/v1/status`, { headers: { 'x-api-key': key } })).status;
  assert.is(await ask(), 200);
  const row = page.locator('.keys tr', { hasText: 'portal' });
  await row.waitFor();
  const shown = (await row.textContent()) ?? '';
  assert.match(shown, /publish, read/);
  assert.match(shown, /600 a minute/);
  assert.match(shown, /in [\d,]+ d/);
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.locator('.made-key').waitFor({ state: 'detached' });
  assert.not.match(await page.content(), key);

  await page.getByRole('button', { name: 'Revoke portal' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.is(await ask(), 200, 'not before the question is answered');
  await page.getByRole('button', { name: 'Revoke portal' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await visit.sees('The key portal is revoked.');
  assert.is(await ask(), 401);
  await until(async () => (await row.count()) === 0, 'the row to go');
});

test('what is wrong is said in the form, which keeps what was entered', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByLabel('Name').fill('for the portal');
  await page.getByText('For web pages').click();
  await page.getByRole('textbox', { name: 'Pages' }).fill('https://portal.example.org');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await visit.sees(/letters, digits, dots, dashes or underscores/);
  assert.is(await page.getByLabel('Name').inputValue(), 'for the portal');
  await page.getByLabel('Name').fill('portal-page');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.locator('.made-key').waitFor();
  await page.locator('.keys tr', { hasText: 'from https://portal.example.org' }).waitFor();
  // The browser complains about the 400.
  await until(() => visit.complaints.length === 1, 'that one complaint');
  assert.is(visit.complaints.splice(0).length, 1);
});

test('keys of the settings are listed with where they stand, and cannot be revoked here', async ({ here, visit }) => {
  const { page } = visit;
  await visit.signIn(here.daemon.key);
  const row = page.locator('.keys tr', { hasText: 'operator' });
  await row.waitFor();
  assert.match((await row.textContent()) ?? '', /in API_KEYS/);
  assert.is(await row.getByRole('button').count(), 0);
});

test('a key without admin does not see the keys, and a sentence says why', async ({ here, visit }) => {
  await visit.signIn(here.viewerKey);
  await visit.sees(/Keys are listed, made and revoked with a key that has the scope/);
  assert.not.ok(visit.asked.some(({ pathname }) => pathname === '/v1/keys'));
});

test.run();
