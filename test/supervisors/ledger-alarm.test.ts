import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Database } from '../../src/storage/database.js';
import { TestDaemon } from '../helpers/daemon.js';
import { until } from '../helpers/wait.js';

test('an event that is deleted from under a stopped daemon is noticed, with its sink, within 15 s of the start', async () => {
  const daemon = new TestDaemon({ env: { MONGODB_URI: 'mongodb://127.0.0.1:9/none' } });
  try {
    await daemon.start();
    assert.is(
      (await daemon.post([{ category: 'upload' }, { category: 'upload' }, { category: 'upload' }])).status,
      202,
    );
    await until(async () => (await daemon.stored('upload')).length === 3, 'three events in the local store');
    await daemon.kill('SIGTERM');
    const database = new Database(join(daemon.dir, 'event-sink.db'));
    const gone = database.run('DELETE FROM messages WHERE seq = (SELECT max(seq) FROM messages)');
    database.close();
    assert.is(gone, 1);

    await daemon.start();
    await until(async () => daemon.output.includes('"ledger.unbalanced"'), 'the line in the log');
    const { balanced, exact, sinks } = await daemon.json('/v1/ledger');
    assert.equal([balanced, exact], [false, true]);
    assert.equal(
      sinks.map(({ sink, accepted, pending, missing, difference }) => [sink, accepted, pending, missing, difference]),
      [
        ['local', 3, 0, 0, 0],
        ['mongodb', 3, 2, 0, 1],
      ],
    );
    const { problems } = await daemon.json('/v1/status');
    const said = problems.filter(({ what }) => what.includes('ledger'));
    assert.equal(
      said.map(({ what }) => what),
      ['The ledger of mongodb does not balance: 1 event missing.'],
    );
    const metrics = await (await daemon.request('/metrics')).text();
    assert.match(metrics, 'event_sink_ledger_difference{sink="mongodb"} 1\n');
    assert.match(metrics, 'event_sink_ledger_difference{sink="local"} 0\n');

    const began = said[0]?.since;
    await daemon.kill('SIGTERM');
    await daemon.start();
    const again = (await daemon.json('/v1/status')).problems.find(({ what }) => what.includes('ledger'));
    assert.is(again?.since, began, 'since when, after a restart');
  } finally {
    await daemon.remove();
  }
});

test.run();
