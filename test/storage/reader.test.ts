import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Reader } from '../../src/storage/reader.js';
import { inFolder } from './scratch.js';

/** Threads that this process talks to. */
const threads = (): number => process.getActiveResourcesInfo().filter(name => name === 'MessagePort').length;

test('a reader that met a damaged file is closed when its thread has ended: a fresh file can take the place of its own', () =>
  inFolder(async dir => {
    writeFileSync(join(dir, 'event-sink.db'), Buffer.alloc(16_384, 'not a database'));
    const failed: Error[] = [];
    const before = threads();
    const reader = new Reader(dir, error => failed.push(error));
    const reading = reader.read('queryEvents', { limit: 1, order: 'received' });
    const error = await reading.then(
      () => undefined,
      reason => reason as Error,
    );
    assert.is(error?.name, 'CorruptError');
    await reader.close();
    assert.is(threads(), before);
    assert.is(failed.length, 1);
    await reader.close();
  }));

test('what was asked behind a query that met a damaged file is refused, and the thread ends in order', () =>
  inFolder(async dir => {
    writeFileSync(join(dir, 'event-sink.db'), Buffer.alloc(16_384, 'not a database'));
    const failed: Error[] = [];
    const reader = new Reader(dir, error => failed.push(error));
    const reading = Array.from({ length: 200 }, () => reader.read('queryEvents', { limit: 1, order: 'received' }));
    const outcomes = await Promise.allSettled(reading);
    assert.ok(outcomes.every(one => one.status === 'rejected' && one.reason.name === 'CorruptError'));
    await reader.close();
    assert.is(failed.length, 1);
  }));

test.run();
