import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keys, type Running, run } from '../running.js';

const march = '/counter/reports/dsr?begin-date=2024-03&end-date=2024-03';
let daemon: Running;

test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

async function ask(path: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const response = await daemon.request(path, { headers });
  return [response.status, await response.text()];
}

test('the report as JSON, and as a table by format or by what is accepted', async () => {
  const [status, json] = await ask(march);
  assert.is(status, 200);
  assert.is(JSON.parse(json)['report-datasets'][0]['dataset-title'], 'Corn');
  for (const [path, headers] of [
    [`${march}&format=tsv`, {}],
    [march, { accept: 'text/tab-separated-values' }],
  ] as const) {
    const [, table] = await ask(path, headers);
    assert.match(table, /^Report_Name\tDataset Master Report\n/);
  }
  assert.is((await ask(march.replace('dsr', 'DSR')))[0], 200);
});

test('a key in the address opens it, and errors have codes of the standard', async () => {
  const none = { 'x-api-key': '' };
  assert.is((await ask(`${march}&api_key=${keys.read}`, none))[0], 200);
  const code = async (path: string, headers = {}): Promise<unknown[]> => {
    const [status, text] = await ask(path, headers);
    const { code, severity, message, data } = JSON.parse(text);
    assert.ok(
      [severity, message, data].every(field => typeof field === 'string' && field.length > 0),
      text,
    );
    return [status, code];
  };
  assert.equal(await code(`${march}&api_key=wrong`, none), [401, 2020]);
  assert.equal(await code(march, { 'x-api-key': keys.publish }), [403, 2000]);
  assert.equal(await code('/counter/reports/tr'), [404, 3000]);
  assert.equal(await code('/counter/reports/dsr'), [400, 1030]);
  assert.equal(await code('/counter/reports/dsr?begin-date=x&end-date=y'), [400, 3020]);
});

test('what there is, and that it can be had', async () => {
  const [, reports] = await ask('/counter/reports');
  assert.equal(
    JSON.parse(reports).map((one: Record<string, string>) => [one['report-id'], one.release]),
    [['DSR', 'rd1']],
  );
  assert.is(JSON.parse((await ask('/counter/status'))[1]).serviceactive, true);
});

test.run();
