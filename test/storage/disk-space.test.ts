import { statfsSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FullError } from '../../src/errors.js';
import { DiskSpace } from '../../src/storage/disk-space.js';
import { inFolder } from './scratch.js';

const writeAheadLog = (dir: string): string => join(dir, 'event-sink.db-wal');
/** Larger than any disk; sparse, so it takes no space. */
const hugeBytes = 2 ** 42;

test('a disk with room takes more', () =>
  inFolder(async dir => {
    await writeFile(writeAheadLog(dir), 'x'.repeat(100));
    const space = new DiskSpace(dir);
    assert.is(space.low, false);
    assert.is(space.tight, false);
    space.require();
  }));

test('the write-ahead log counts: it will take that much again when it moves into the file', () =>
  inFolder(async dir => {
    await writeFile(writeAheadLog(dir), '');
    await truncate(writeAheadLog(dir), hugeBytes);
    const space = new DiskSpace(dir);
    assert.is(space.low, true);
    assert.throws(
      () => space.require(),
      (error: unknown) => error instanceof FullError && /disk under DATA_DIR is full/.test(error.message),
    );
  }));

test('it is tight before it is low: while a log that doubles could still move into the file', () =>
  inFolder(async dir => {
    const { bavail, bsize } = statfsSync(dir);
    await writeFile(writeAheadLog(dir), '');
    await truncate(writeAheadLog(dir), Math.round(bavail * bsize * 0.7));
    const space = new DiskSpace(dir);
    assert.is(space.low, false);
    assert.is(space.tight, true);
  }));

test('it is measured once, until it is forgotten', () =>
  inFolder(async dir => {
    await writeFile(writeAheadLog(dir), '');
    const space = new DiskSpace(dir);
    assert.is(space.low, false);
    await truncate(writeAheadLog(dir), hugeBytes);
    assert.is(space.low, false);
    space.forget();
    assert.is(space.low, true);
    await truncate(writeAheadLog(dir), 0);
    space.forget();
    assert.is(space.low, false);
  }));

test('files that were deleted under the daemon are named as such', () =>
  inFolder(async dir => {
    assert.throws(() => new DiskSpace(dir).low, /deleted under the running daemon/);
  }));

test.run();
