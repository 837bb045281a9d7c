import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FullError } from '../../src/errors.js';
import type { Storage } from '../../src/storage/storage.js';
import { until } from '../helpers/wait.js';
import { columns, inFolder, openStorage, ScratchDatabase } from './scratch.js';

const takeAll = { after: 0, count: 1_000_000, bytes: 1e12, atLeastOne: true };

/** A disk of its own, when this machine lets us mount one. */
async function onSmallDisk(megabytes: number, body: (dir: string) => Promise<void>): Promise<void> {
  await inFolder(async parent => {
    const dir = join(parent, 'disk');
    mkdirSync(dir);
    const mounted = spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir]);
    if (mounted.status !== 0) {
      console.log('SKIP full disk: mounting a tmpfs needs root (the page limit below stands in)');
      return;
    }
    try {
      await body(dir);
    } finally {
      // Lazily: after a failure the files may still be open.
      spawnSync('/bin/umount', ['-l', dir]);
    }
  });
}

/** Publishes until it is refused; resolves with the ids that were accepted. */
async function fill(storage: Storage, first: number): Promise<string[]> {
  const accepted: string[] = [];
  for (let at = first; ; at += 20) {
    const batch = columns(at, 20, 'x'.repeat(2000));
    try {
      await storage.write('publish', batch);
      accepted.push(...batch.ids);
    } catch (error) {
      assert.instance(error, FullError);
      return accepted;
    }
  }
}

async function waiting(storage: Storage, queue = 1): Promise<[seq: number, id: string][]> {
  const { rows } = await storage.write('take', { ...takeAll, queue });
  return rows.map(([seq, id]) => [seq, id]);
}

test('a disk that we fill refuses, still lets go of what is settled, and takes again then', () =>
  onSmallDisk(24, async dir => {
    const storage = await openStorage(dir);
    await storage.write('declareQueue', { sink: 'a', name: 'a' });
    const accepted = await fill(storage, 0);
    assert.ok(accepted.length > 100);
    const rows = await waiting(storage);
    assert.equal(
      rows.map(([, id]) => id),
      accepted,
    );
    for (let from = 0; from < rows.length; from += 50) {
      const seqs = rows.slice(from, from + 50).map(([seq]) => seq);
      await storage.write('settle', {
        queue: 1,
        seqs,
        dead: [{ seq: seqs[0]!, reason: 'bad', fault: 'poison', attempts: 1 }],
      });
    }
    storage.startMaintenance({ days: 1, maxBytes: 1e9, everyMs: 10 });
    await until(
      () =>
        storage.write('publish', columns(1_000_000, 10)).then(
          () => true,
          () => false,
        ),
      'space to return',
    );
    assert.ok((await storage.ledger()).balanced);
    await storage.close();
  }));

test('a disk that somebody else fills to the last byte loses nothing, and is usable when space returns', () =>
  onSmallDisk(24, async dir => {
    const storage = await openStorage(dir);
    await storage.write('declareQueue', { sink: 'a', name: 'a' });
    const before = columns(0, 500, 'x'.repeat(500));
    await storage.write('publish', before);
    const ballast = join(dir, 'ballast');
    const { bavail, bsize } = statfsSync(dir);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
    assert.equal(await fill(storage, 10_000), []);
    storage.startMaintenance({ days: 0, maxBytes: 0, everyMs: 5 });
    // Whatever is tried now either happens whole or says that the disk is full.
    const rows = await waiting(storage);
    const [settled] = await Promise.allSettled([
      storage.write('settle', { queue: 1, seqs: rows.slice(0, 250).map(([seq]) => seq) }),
    ]);
    if (settled.status === 'rejected') assert.instance(settled.reason, FullError);
    rmSync(ballast);
    await storage.write('publish', columns(20_000, 5));
    const done = settled.status === 'fulfilled' ? 250 : 0;
    const expected = [...before.ids.slice(done), ...columns(20_000, 5).ids];
    assert.equal(
      (await waiting(storage)).map(([, id]) => id),
      expected,
    );
    assert.ok((await storage.ledger()).balanced);
    await storage.close();

    const again = await openStorage(dir);
    assert.is((await waiting(again)).length, expected.length);
    assert.ok((await again.ledger()).balanced);
    await again.close();
  }));

test('a file that may not grow refuses whole jobs, and takes them when it may', () => {
  const scratch = new ScratchDatabase();
  const queue = scratch.write('declareQueue', { sink: 'a', name: 'a' }).number;
  scratch.write('publish', columns(0, 100));
  const pages = scratch.database.value<number>('PRAGMA page_count')!;
  scratch.database.value(`PRAGMA max_page_count = ${pages + 2}`);
  assert.throws(
    () => scratch.write('publish', columns(100, 500, 'x'.repeat(500))),
    (error: unknown) => error instanceof FullError,
  );
  const ids = () => scratch.write('take', { ...takeAll, queue }).rows.map(([, id]) => id);
  assert.equal(ids(), columns(0, 100).ids);
  assert.ok(scratch.read('ledgerReport', { now: scratch.now }).balanced);
  const { rows } = scratch.write('take', { ...takeAll, queue, count: 50 });
  scratch.write('settle', { queue, seqs: rows.map(([seq]) => seq) });
  scratch.database.value(`PRAGMA max_page_count = ${pages * 100}`);
  scratch.write('publish', columns(100, 500, 'x'.repeat(500)));
  assert.is(ids().length, 550);
  assert.ok(scratch.read('ledgerReport', { now: scratch.now }).balanced);
});

test.run();
