import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runOnce, targetOf } from '../../helpers/health.js';
import { temporaryFolder } from '../../helpers/temporary.js';

test('an address is a path from the root, with or without two slashes before it', () => {
  for (const address of ['file:/data/.alive', 'file:///data/.alive']) {
    const target = targetOf(`disk=${address}`);
    assert.equal([target.check, target.address], [{ path: '/data/.alive', expect: {} }, 'file:/data/.alive']);
  }
});

test('what is written is read back, and nothing is left', async () => {
  const folder = temporaryFolder();
  const own = join(folder.path, 'mine.txt');
  writeFileSync(own, 'not to be touched');
  for (const path of [folder.path, own, join(folder.path, 'new')]) {
    const { finding, reason, times } = await runOnce(`disk=file:${path}`);
    assert.equal([finding, reason], ['up', undefined]);
    assert.ok((times?.average ?? 0) > 0);
  }
  assert.equal(readdirSync(folder.path), ['mine.txt']);
  assert.is((await runOnce(`disk=file:${folder.path}/none/at/all`)).reason, 'no such file or folder');
  assert.is((await runOnce(`disk=file:${own}/below`)).reason, 'a part of the path is not a folder');
  folder.remove();
});

test('with an expectation a file is looked at, and nothing is written', async () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'dump.sql');
  const examined = async (path: string, expect: object) => {
    const { finding, reason } = await runOnce({ name: 'backup', url: `file:${path}`, expect });
    return [finding, reason];
  };
  assert.equal(await examined(file, { exists: true }), ['down', 'there is no file']);
  assert.equal(await examined(file, { exists: false }), ['up', undefined]);
  writeFileSync(file, 'x'.repeat(100));
  assert.equal(await examined(file, { exists: false }), ['down', 'the file is there, and should not be']);
  assert.equal(await examined(file, { max_age: 3600, min_size: 100, max_size: 100 }), ['up', undefined]);
  assert.equal(await examined(file, { min_size: 101 }), ['down', 'the file has 100 bytes, fewer than 101']);
  assert.equal(await examined(file, { max_size: 99 }), ['down', 'the file has 100 bytes, more than 99']);
  const yesterday = Date.now() / 1000 - 30 * 3600;
  utimesSync(file, yesterday, yesterday);
  assert.equal(await examined(file, { max_age: 86_400 }), [
    'down',
    'the file was last written 1 d 6 h ago, more than 1 d',
  ]);
  assert.equal(await examined(folder.path, { max_age: 86_400 }), [
    'down',
    'the newest file, dump.sql, was last written 1 d 6 h ago, more than 1 d',
  ]);
  // What is still being written, or was left behind, is no backup.
  const unfinished = [
    '.dump.sql.Xa3bQ9',
    '.event-sink-0123456789ab',
    'dump.sql.part',
    'dump.sql~',
    'a.event-sink-0123456789ab',
  ];
  for (const name of unfinished) writeFileSync(join(folder.path, name), 'x');
  assert.is((await examined(folder.path, { max_age: 86_400 }))[0], 'down');
  writeFileSync(join(folder.path, 'new.sql'), 'x');
  assert.equal(await examined(folder.path, { max_age: 86_400, min_size: 1 }), ['up', undefined]);
  assert.equal(readdirSync(folder.path).sort(), [...unfinished, 'dump.sql', 'new.sql'].sort());
  folder.remove();
});

test('of a folder with many files, the newest one counts, wherever it stands', async () => {
  const folder = temporaryFolder();
  const now = Math.floor(Date.now() / 1000);
  for (let number = 0; number < 100; number += 1) {
    const file = join(folder.path, `dump-${number}.sql`);
    writeFileSync(file, 'x'.repeat(number));
    const written = now - 100 * 3_600 + (number === 57 ? 3_600 : 0);
    utimesSync(file, written, written);
  }
  const { reason, readings } = await runOnce({ name: 'backup', url: `file:${folder.path}`, expect: { max_age: 60 } });
  assert.match(reason ?? '', /^the newest file, dump-57\.sql, was last written 4 d 3 h ago/);
  assert.is(readings.bytes, 57);
  folder.remove();
});

test.run();
