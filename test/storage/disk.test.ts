// timeout: 120 s
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FolderError } from '../../src/errors.js';
import { removeOldDamagedFiles } from '../../src/storage/damaged-files.js';
import { DataFolder } from '../../src/storage/data-folder.js';
import { databaseFile } from '../../src/storage/files.js';
import { hastyClock } from '../helpers/clock.js';
import { until } from '../helpers/wait.js';
import { columns, inFolder, openStorage } from './scratch.js';

const retention = { days: 30, maxBytes: 1e9, everyMs: 1e9 };

test('files are for their owner alone in a folder that is open, and the folder is a problem', () =>
  inFolder(async dir => {
    chmodSync(dir, 0o755);
    const storage = await openStorage(dir);
    storage.startMaintenance(retention);
    await storage.write('publish', columns(0, 10));
    await until(async () => readdirSync(dir).includes('high-water'), 'the mark');
    for (const name of readdirSync(dir)) assert.is(statSync(join(dir, name)).mode & 0o777, 0o600, name);
    assert.match(storage.problems()[0]?.what ?? '', /open to everybody on this machine \(mode 0755\)/);
    chmodSync(dir, 0o700);
    assert.equal(storage.problems(), []);
    await storage.close();
  }));

test('a storage waits until the one before it, of the same process, has let the folder go', () =>
  inFolder(async dir => {
    const folder = new DataFolder(dir);
    const first = await openStorage(dir, { folder });
    let opened = false;
    const second = openStorage(dir, { folder }).then(storage => {
      opened = true;
      return storage;
    });
    await new Promise(resolve => setTimeout(resolve, 300));
    assert.not(opened);
    await first.close();
    await (await second).close();
  }));

test('a pipe in the place of a file stops nothing, and a link is not written through', () =>
  inFolder(async dir => {
    for (const name of ['folder-id', 'high-water']) {
      execFileSync('mkfifo', [join(dir, name)]);
      symlinkSync(join(dir, 'elsewhere'), join(dir, `${name}.new`));
    }
    const storage = await openStorage(dir);
    storage.startMaintenance(retention);
    await storage.write('publish', columns(0, 10));
    await until(async () => statSync(join(dir, 'high-water')).isFile(), 'the mark');
    assert.ok(statSync(join(dir, 'folder-id')).isFile());
    assert.not(existsSync(join(dir, 'elsewhere')));
    await storage.close();
  }));

test('files that were readable before are not any more', () =>
  inFolder(async dir => {
    await (await openStorage(dir)).close();
    chmodSync(databaseFile(dir), 0o644);
    const storage = await openStorage(dir);
    await storage.write('publish', columns(0, 1));
    for (const end of ['', '-wal', '-shm']) assert.is(statSync(databaseFile(dir) + end).mode & 0o777, 0o600, end);
    await storage.close();
  }));

test('a folder that was replaced while the daemon ran is refused: nothing is written there', () =>
  inFolder(async site => {
    const dir = join(site, 'data');
    const folder = new DataFolder(dir);
    let fatal: Error | undefined;
    const onFatal = (error: Error): void => {
      fatal = error;
    };
    const storage = await openStorage(dir, { folder, onFatal, clock: hastyClock(100) });
    storage.startMaintenance(retention);
    renameSync(dir, join(site, 'away'));
    mkdirSync(dir);
    await until(async () => fatal !== undefined, 'the refusal');
    assert.instance(fatal, FolderError);
    await storage.close();
    const again = await openStorage(dir, { folder }).catch(thrown => thrown);
    assert.instance(again, FolderError);
    assert.match(again.message, /unmounted, moved or replaced/);
    assert.equal(readdirSync(dir), []);
    rmSync(dir, { recursive: true });
    renameSync(join(site, 'away'), dir);
    await (await openStorage(dir, { folder })).close();
  }));

for (const [how, cut] of [
  ['removed', (log: string) => rmSync(log)],
  ['cut in half', (log: string) => truncateSync(log, Math.floor(statSync(log).size / 2))],
] as const) {
  test(`a write-ahead log that was ${how} while the daemon was down is said loudly and counts as lost`, () =>
    inFolder(async site => {
      const [running, dir] = [join(site, 'running'), join(site, 'copy')];
      const storage = await openStorage(running, { clock: hastyClock(100) });
      storage.startMaintenance(retention);
      await storage.write('declareQueue', { name: 'event-sink.a', sink: 'a' });
      await storage.write('publish', columns(0, 5));
      for (let n = 0; n < 30; n += 1) await storage.write('publish', columns(n * 10 + 5, 10, 'x'.repeat(300)));
      const marked = () => JSON.parse(readFileSync(join(running, 'high-water'), 'utf8')).messages;
      await until(async () => marked() === 305, 'the mark');
      await cp(running, dir, { recursive: true });
      await storage.close();
      cut(`${databaseFile(dir)}-wal`);

      const after = await openStorage(dir);
      const lost = after.lost().messages ?? 0;
      const [row] = (await after.ledger()).sinks;
      // The file itself may be older than the queue: then the ledger has no line to count in.
      if (row !== undefined) {
        assert.is(row.missing, lost);
        assert.is(row.difference, 0);
        assert.is(row.accepted, 305);
      }
      assert.ok(lost > 0 && lost <= 305, `${lost} lost`);
      assert.match(after.problems()[0]?.what ?? '', /cut off or removed .+ Lost, at least: \d+ accepted events\.$/);
      await after.write('publish', columns(400, 1));
      await after.close();
      const later = await openStorage(dir);
      assert.is(later.lost().messages, lost, 'it is counted once');
      await later.close();
    }));
}

test('a damaged file and its report are removed after thirty days, and nothing else is', () =>
  inFolder(async dir => {
    const names = ['event-sink.db.damaged-2027-01-01', 'event-sink.db.damaged-2027-01-01.json', 'event-sink.db.other'];
    for (const name of names) writeFileSync(join(dir, name), '');
    const day = 86_400_000;
    removeOldDamagedFiles(dir, Date.now() + 29 * day);
    assert.equal(readdirSync(dir).sort(), names);
    removeOldDamagedFiles(dir, Date.now() + 31 * day);
    assert.equal(readdirSync(dir), ['event-sink.db.other']);
  }));

test('what retention deletes is nowhere in the files any more', () =>
  inFolder(async dir => {
    const storage = await openStorage(dir);
    const values = Array.from({ length: 300 }, (_, n) => [`e-${n}`, n, 'upload', null, 'http', n, 99, 'Ada Lovelace']);
    await storage.write('insertEvents', { values: values.flat() });
    await storage.write('trimEvents', { receivedBefore: 1e6, maxBytes: 0, limit: 1000 });
    storage.purgeSoon();
    storage.startMaintenance(retention);
    const files = () =>
      readdirSync(dir)
        .map(name => readFileSync(join(dir, name), 'latin1'))
        .join('');
    await until(async () => !files().includes('Lovelace'), 'a disk without the name');
    await storage.close();
    assert.not.match(files(), /Lovelace/);
  }));

test.run();
