import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { QueueInfo } from '../../src/broker/broker.js';
import { EmbeddedBroker } from '../../src/broker/embedded/broker.js';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { Storage } from '../../src/storage/storage.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { invoke } from './invoke.js';

const test = suite<{ folder: TemporaryFolder; env: Record<string, string> }>('queues');
test.before.each(context => {
  context.folder = temporaryFolder();
  context.env = { DATA_DIR: context.folder.path };
});
test.after.each(({ folder }) => folder.remove());

/** As a daemon leaves it that had MongoDB configured: one event waits for each sink. */
async function filled(dir: string): Promise<Storage> {
  const storage = await Storage.open({ dir, clock: systemClock, log: silentLog, onFatal: () => {} });
  const broker = new EmbeddedBroker({ storage, clock: systemClock, log: silentLog });
  await broker.open(['local', 'mongodb'].map(sink => ({ sink, name: `event-sink.${sink}`, adopted: false })));
  await broker.publish([{ id: '1', body: '{}', source: 'http', received: 1 }]);
  await broker.close();
  return storage;
}

const infos = (out: string): QueueInfo[] => out.split('\n').map(line => JSON.parse(line) as QueueInfo);

test('they are listed beside a daemon, with those that only fill', async ({ folder, env }) => {
  const storage = await filled(folder.path);
  const { code, out } = await invoke(['queues', 'list'], { env });
  const shown = await invoke(['queues'], { env, onTerminal: true });
  const removed = await invoke(['queues', 'remove', 'event-sink.mongodb', '--force'], { env });
  await storage.close();
  assert.is(code, 0);
  assert.equal(
    infos(out).map(({ name, sink, ready, orphaned }) => [name, sink, ready, orphaned]),
    [
      ['event-sink.local', 'local', 1, false],
      ['event-sink.mongodb', 'mongodb', 1, true],
    ],
  );
  assert.match(shown.out, /event-sink\.mongodb +mongodb +1 +orphaned/);
  assert.is(removed.code, 1);
  assert.match(removed.err, 'another event-sink daemon');
});

test('one is removed only when nothing is lost by it, or by force', async ({ folder, env }) => {
  await (await filled(folder.path)).close();
  assert.match((await invoke(['queues', 'remove', 'event-sink.mongodb'], { env })).err, '1 events wait');
  assert.match((await invoke(['queues', 'remove', 'event-sink.local'], { env })).err, 'Local store is configured');
  assert.match((await invoke(['queues', 'remove', 'nothing'], { env })).err, 'there is no queue nothing');
  const removed = await invoke(['queues', 'remove', 'event-sink.mongodb', '--force'], { env });
  assert.is(removed.code, 0, removed.err);
  assert.equal(JSON.parse(removed.out), { removed: 'event-sink.mongodb', events: 1 });
  assert.equal(
    infos((await invoke(['queues'], { env })).out).map(({ name }) => name),
    ['event-sink.local'],
  );
});

test('where no daemon ever ran, there is none, and nothing is made', async ({ folder }) => {
  const dir = join(folder.path, 'none');
  assert.equal((await invoke(['queues'], { env: { DATA_DIR: dir } })).out, '');
  assert.not.ok(existsSync(dir));
});

test.run();
