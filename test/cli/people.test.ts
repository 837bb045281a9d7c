import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeDaemon, invoke } from './invoke.js';

for (const words of ['people export user-of-ada', 'people erase --dry-run user-of-ada'])
  test(`${words}: a search that was cut off is not begun again`, async () => {
    const daemon = await fakeDaemon(() => 'hang up');
    const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
    const { code, err, slept } = await invoke(words.split(' '), { env });
    await daemon.close();
    assert.is(code, 1);
    assert.match(err, 'no answer from');
    assert.is(daemon.asked.length, 1);
    assert.equal(slept, []);
  });

test('another search is under way: that is said at once', async () => {
  const detail = 'Another search for people is under way, and there is one at a time.';
  const daemon = await fakeDaemon(() => ({ status: 503, headers: { 'retry-after': '30' }, body: { detail } }));
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
  const { code, err } = await invoke(['people', 'export', 'user-of-ada'], { env });
  await daemon.close();
  assert.is(code, 1);
  assert.match(err, detail);
  assert.is(daemon.asked.length, 1);
});

test('what is held is printed a thing a line', async () => {
  const daemon = await fakeDaemon(() => ({ status: 200, body: { place: 'local store', data: { id: 'a' } } }));
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
  const { code, out } = await invoke(['people', 'export', 'user-of-ada'], { env });
  await daemon.close();
  assert.is(code, 0);
  assert.equal(JSON.parse(out), { place: 'local store', data: { id: 'a' } });
  assert.equal(JSON.parse(daemon.asked[0]!.body), { ids: ['user-of-ada'] });
});

test.run();
