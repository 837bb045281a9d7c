import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeDaemon, invoke } from './invoke.js';

const row = {
  ...{ sink: 'mongodb', hour: null, accepted: 12, delivered: 7, duplicates: 0, filtered: 0, too_old: 0, erased: 0 },
  ...{ dead: 0, pending: 0, missing: 5, acknowledged: 5, difference: null, inexact: 'why' },
};

test('the counts as lines or as a table, and an acknowledgement', async () => {
  const daemon = await fakeDaemon(({ method }) => ({ status: 200, body: method === 'POST' ? row : { sinks: [row] } }));
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
  const lines = await invoke(['ledger'], { env });
  const shown = await invoke(['ledger', 'list'], { env, onTerminal: true });
  const acknowledged = await invoke(['ledger', 'acknowledge', 'mongodb'], { env, onTerminal: true });
  const piped = await invoke(['ledger', 'acknowledge', 'mongodb'], { env });
  await daemon.close();
  assert.equal(JSON.parse(lines.out), row);
  assert.match(shown.out, /^SINK +ACCEPTED .*\nmongodb +12 +7 +0 +0 +5 +5 +not known/);
  assert.match(acknowledged.out, '5 missing events acknowledged');
  assert.equal(JSON.parse(piped.out), { sink: 'mongodb', missing: 5, acknowledged: 5 });
  const { method, path, body } = daemon.asked.at(-1)!;
  assert.equal([method, path, body], ['POST', '/v1/ledger/acknowledge', '{"sink":"mongodb"}']);
});

test('a sink must be named', async () => {
  for (const words of [['acknowledge'], ['acknowledge', 'a', 'b'], ['list', 'a'], ['nonsense']]) {
    assert.is((await invoke(['ledger', ...words], {})).code, 2, words.join(' '));
  }
});

test.run();
