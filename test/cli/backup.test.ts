// timeout: 120 s
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import { Database } from '../../src/storage/database.js';
import { TestDaemon } from '../helpers/daemon.js';
import { Ga4Server } from '../helpers/servers/ga4.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
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
    assert.equal(await restored.problems(), []);
  } finally {
    await daemon.remove();
    await restored.remove();
  }
});

for (const [option, argumentsNow, sent] of [
  ['--skip-ga4-until', () => [new Date().toISOString()], 1],
  ['--resend-ga4', () => [], 2],
] as const) {
  test(`restore ${option}: what was sent to Google Analytics since the backup is sent ${sent} times in all`, async ({
    folder,
  }) => {
    const ga4 = new Ga4Server();
    await ga4.start();
    const { origin } = ga4;
    const dir = join(folder.path, 'data');
    const env = {
      GOOGLE_MEASUREMENT_ID: 'G-TEST123456',
      GOOGLE_API_SECRET: 'secret-of-the-stream',
      GOOGLE_CLIENT_ID: '1234567890.1700000000',
      GOOGLE_SERVER_URL: origin,
    };
    const file = join(folder.path, 'one.backup');
    const times = (id: string): number => ga4.eventIds().filter(found => found === id).length;
    const daemon = new TestDaemon({ dir, env });
    try {
      ga4.always = { status: 503 };
      await daemon.start();
      assert.is((await daemon.post([event('waits')])).status, 202);
      const made = await invoke(['backup', file], { env: { DATA_DIR: dir } });
      assert.is(made.code, 0, made.err);
      ga4.always = undefined;
      await until(() => times('waits') === 1, 'the event at Google Analytics, after the backup');
      await daemon.drained();
      assert.is(await daemon.kill('SIGTERM'), 0);
      const done = await invoke(['restore', file, option, ...argumentsNow()], { env: { DATA_DIR: dir } });
      assert.is(done.code, 0, done.err);
      await daemon.start();
      assert.is((await daemon.post([event('after')])).status, 202);
      await until(() => times('after') === 1, 'what came after the restore');
      await daemon.drained();
      assert.is(times('waits'), sent);
      const ledger = await daemon.json('/v1/ledger');
      assert.ok(ledger.balanced, JSON.stringify(ledger.sinks));
    } finally {
      await daemon.remove();
      await ga4.stop();
    }
  });
}

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
  const skippedUntil = Date.parse('2027-01-31T12:00:00Z');
  const done = await invoke(['restore', file, '--skip-ga4-until', '2027-01-31T12:00:00Z'], { env });
  assert.is(done.code, 0, done.err);
  assert.ok(readdirSync(dir).some(name => name.startsWith('event-sink.db.before-restore-')));
  const database = new Database(join(dir, 'event-sink.db'));
  const skip = "SELECT value FROM memories WHERE namespace = 'sink.ga4' AND key = 'skip until'";
  assert.is(database.value<string>(skip), String(skippedUntil));
  assert.is(database.value<number>("SELECT count(*) FROM sqlite_schema WHERE name = 'backup_files'"), 0);
  database.close();
  const examined = await invoke(['doctor'], { env });
  assert.match(examined.out, '"what":"database","found":"whole"');
  assert.match(examined.out, 'before-restore');
});

test('what is not a backup is refused, in words, and nothing is changed', async ({ folder }) => {
  const dir = join(folder.path, 'data');
  const env = { DATA_DIR: dir };
  mkdirSync(dir);
  const other = join(folder.path, 'other.db');
  const database = new Database(other);
  database.exec('CREATE TABLE things (name TEXT)');
  database.close();
  for (const [file, says] of [
    [other, 'was not made by event-sink backup'],
    [join(folder.path, 'nothing'), 'there is no file'],
  ] as const) {
    for (const option of [[], ['--resend-ga4'], ['--skip-ga4-until', 'now']]) {
      const { code, err } = await invoke(['restore', file, ...option], { env });
      assert.is(code, 1, err);
      assert.match(err, says);
    }
  }
  assert.not.ok(readdirSync(dir).some(name => name.startsWith('event-sink.db')));
});

test('a restore that was cut off never passes for a new installation, and can be done again', async ({ folder }) => {
  const dir = join(folder.path, 'data');
  const daemon = new TestDaemon({ dir });
  const file = join(folder.path, 'one.backup');
  const database = join(dir, 'event-sink.db');
  try {
    await daemon.start();
    assert.is((await daemon.post([event('kept')])).status, 202);
    await daemon.drained();
    assert.is((await invoke(['backup', file], { env: { DATA_DIR: dir } })).code, 0);
    await daemon.kill('SIGKILL');
    // A kill after the database was moved aside, and before its log was.
    renameSync(database, `${database}.before-restore-2027`);
    writeFileSync(`${database}.restore`, 'half of it');
    await daemon.launch();
    assert.is(await daemon.ended(), 1);
    await daemon.logged('was cut off');
    const done = await invoke(['restore', file], { env: { DATA_DIR: dir } });
    assert.is(done.code, 0, done.err);
    await daemon.start();
    assert.equal(
      (await daemon.stored('upload')).map(({ id }) => id),
      ['kept'],
    );
  } finally {
    await daemon.remove();
  }
});

test.run();
