import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Search } from '../../../src/erasure/search.js';
import { until } from '../../helpers/wait.js';
import { keys, type Running, run } from '../running.js';

let daemon: Running;
let search: Search;

test.before.each(async () => {
  daemon = await run();
  search = new Search({ idSecret: 'a secret of the test', places: [{ name: 'endless', erase, export: endless }] });
  Object.assign(daemon.backend.erasures, { search });
});
test.after.each(() => daemon.close());

const erase = async () => ({});

async function* endless(): AsyncGenerator<unknown> {
  for (;;) {
    yield 'x'.repeat(10_000);
    await new Promise(setImmediate);
  }
}

function ask(path: string, more: object = {}, signal?: AbortSignal): Promise<Response> {
  return daemon.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': keys.admin },
    body: JSON.stringify({ ids: ['user-of-ada'], ...more }),
    ...(signal === undefined ? {} : { signal }),
  });
}

test('an export ends when its reader goes; another is asked to wait meanwhile', async () => {
  const reader = await ask('/v1/people/export');
  assert.is(reader.status, 200);
  for (const second of [await ask('/v1/people/export'), await ask('/v1/people/erase', { dry_run: true })]) {
    assert.is(second.status, 503);
    assert.ok(Number(second.headers.get('retry-after')) > 0);
  }
  await reader.body!.cancel();
  await until(() => !search.isBusy, 'the end of the export');
});

test('a dry run ends when nobody waits for its answer, and is not an act', async () => {
  const gone = new AbortController();
  const asked = ask('/v1/people/erase', { dry_run: true }, gone.signal).catch(() => undefined);
  await until(() => search.isBusy, 'a dry run');
  gone.abort();
  await asked;
  await until(() => !search.isBusy, 'the end of the dry run');
  assert.equal(daemon.acts, []);
});

test.run();
