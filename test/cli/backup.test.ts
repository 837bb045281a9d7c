// timeout: 120 s
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import { Database } from '../../src/storage/database.js';
import { TestDaemon } from '../helpers/daemon.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { invoke } from './invoke.js';

const test = suite<{ folder: TemporaryFolder }>('backup and restore');
test.before.each(context => {
  context.folder = temporaryFolder();
});
test.after.each(({ folder }) => folder.remove());

const event = (id: string) => ({ id, category: 'upload' });

test('a backup taken under load and restored into another folder goes on: the ledger balances, nothing is there twice', async ({
  folder,
}) => {
  const [first, second] = ['first', 'second'].map(name => join(folder.path, name));
  mkdirSync(first!);
  const daemon = new TestDaemon({ dir: first! });
  const restored = new TestDaemon({ dir: second! });
  try {
    await daemon.start();
    const accepted: string[] = [];
    let number = 0;
    let loading = true;
    const load = (async () => {
      while (loading) {
        const ids = Array.from({ length: 50 }, () => `e-${number++}`);
        if ((await daemon.post(ids.map(event))).status === 202) accepted.push(...ids);
      }
    })();
    while (accepted.length < 300) await systemClock.sleep(10);
    const before = [...accepted];
    const made = await invoke(['backup', folder.path], { env: { DATA_DIR: first! } });
    loading = false;
    await load;
    assert.is(made.code, 0, made.err);
    const { file } = JSON.parse(made.out) as { file: string };
    assert.is(statSync(file).mode & 0o777, 0o600);

    const refused = await invoke(['restore', file], { env: { DATA_DIR: first! } });
    assert.is(refused.code, 1);
    assert.match(refused.err, 'another event-sink daemon');
    await daemon.kill('SIGTERM');
    const done = await invoke(['restore', file], { env: { DATA_DIR: second! } });
    assert.is(done.code, 0, done.err);
    assert.is(readFileSync(join(second!, 'id-secret'), 'utf8'), readFileSync(join(first!, 'id-secret'), 'utf8'));
    await restored.start();
    assert.is((await restored.post([event('after'), event('e-1')])).status, 202);
    await restored.drained();
    const ledger = await restored.json('/v1/ledger');
    assert.ok(ledger.balanced, JSON.stringify(ledger.sinks));
    const database = new Database(join(second!, 'event-sink.db'));
    const ids = database.rows<[string]>('SELECT id FROM events').map(([id]) => id);
    database.close();
    assert.is(new Set(ids).size, ids.length);
    assert.equal(
      before.filter(id => !ids.includes(id)),
      [],
    );
    assert.ok(ids.includes('after'));
    const { problems } = await restored.json('/v1/status');
    assert.equal(problems, []);
  } finally {
    await daemon.remove();
    await restored.remove();
  }
});

test('restore asks what is to become of Google Analytics, and keeps what was there', async ({ folder }) => {
  const dir = join(folder.path, 'data');
  const env = { DATA_DIR: dir, GOOGLE_MEASUREMENT_ID: 'G-1', GOOGLE_API_SECRET: 'x' };
  const daemon = new TestDaemon({ dir, env: { ...env, GOOGLE_SERVER_URL: 'http://127.0.0.1:59998' } });
  try {
    await daemon.start();
    await daemon.post([event('waits')]);
    await daemon.kill('SIGTERM');
  } finally {
    await daemon.remove();
  }
  const file = join(folder.path, 'one.backup');
  assert.is((await invoke(['backup', file], { env })).code, 0);
  assert.match((await invoke(['backup', file], { env })).err, 'is there already');
  const asked = await invoke(['restore', file], { env });
  assert.is(asked.code, 2);
  assert.match(asked.err, '--skip-ga4-until now');
  const until = Date.parse('2027-01-31T12:00:00Z');
  const done = await invoke(['restore', file, '--skip-ga4-until', '2027-01-31T12:00:00Z'], { env });
  assert.is(done.code, 0, done.err);
  assert.ok(readdirSync(dir).some(name => name.startsWith('event-sink.db.before-restore-')));
  const database = new Database(join(dir, 'event-sink.db'));
  const skip = "SELECT value FROM memories WHERE namespace = 'sink.ga4' AND key = 'skip until'";
  assert.is(database.value<string>(skip), String(until));
  assert.is(database.value<number>("SELECT count(*) FROM sqlite_schema WHERE name = 'backup_files'"), 0);
  database.close();
  const examined = await invoke(['doctor'], { env });
  assert.match(examined.out, '"what":"database","found":"whole"');
  assert.match(examined.out, 'before-restore');
});

test.run();
