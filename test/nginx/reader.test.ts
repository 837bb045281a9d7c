// timeout: 60 s
import {
  copyFileSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import { SetupError, TransientError } from '../../src/errors.js';
import { line, Scene, type SceneOptions } from './scene.js';

interface Context {
  scene: Scene;
  make(options: SceneOptions): Scene;
}

const test = suite<Context>('log reader');

test.before.each(context => {
  context.scene = new Scene();
  context.make = options => {
    context.scene = new Scene(options);
    return context.scene;
  };
});
test.after.each(({ scene }) => scene.remove());

/** Everything that was written is in closed windows, no event twice. */
function complete({ store, written }: Scene): void {
  assert.is(new Set(store.messages.map(({ id }) => id)).size, store.messages.length, 'an id twice');
  assert.is(store.requests, written);
  assert.is(store.checkpoint.totals.requests, written);
}

test('without a checkpoint it reads from the start, then what is added', async ({ scene }) => {
  scene.writeLines(10);
  await scene.start();
  await scene.read();
  complete(scene);
  scene.writeLines(5);
  await scene.read();
  complete(scene);
});

test('what was rotated before the first start is not read', async ({ scene }) => {
  scene.writeLines(10);
  scene.rename();
  scene.create();
  scene.written = 0;
  await scene.start();
  scene.writeLines(3);
  await scene.read();
  scene.rename();
  scene.create();
  scene.writeLines(1);
  await scene.read();
  complete(scene);
});

test('a log that is not there yet is waited for', async ({ scene }) => {
  await scene.start();
  assert.is((await scene.reader!.pass()).inode, undefined);
  scene.writeLines(3);
  await scene.read();
  complete(scene);
});

test('a log that came and was rotated while the daemon was down, before it had ever seen one', async ({ scene }) => {
  await scene.start();
  await scene.kill();
  await systemClock.sleep(20);
  scene.writeLines(3);
  scene.rename();
  scene.create();
  scene.writeLines(4);
  await scene.start();
  await scene.read();
  complete(scene);
});

test('a line counts when it is whole: torn in two, also within a character', async ({ scene }) => {
  await scene.start();
  const bytes = Buffer.from(line(1, { agent: 'Browser – žluťoučký 1.0' }));
  for (let cut = 1; cut < bytes.length; cut += 7) {
    writeFileSync(scene.path, bytes.subarray(0, cut), { flag: 'a' });
    await scene.read();
    assert.is(scene.store.requests, scene.written);
    writeFileSync(scene.path, bytes.subarray(cut), { flag: 'a' });
    scene.written += 1;
    await scene.read();
    complete(scene);
  }
});

test('a torn line is read again after a kill', async ({ scene }) => {
  scene.writeLines(3);
  scene.write(line(4).slice(0, 30));
  await scene.start();
  await scene.read();
  await scene.kill();
  scene.write(line(4).slice(30));
  await scene.start();
  await scene.read();
  complete(scene);
});

test('renamed and made anew: the old one is read to its end, and what workers still write to it', async ({ scene }) => {
  await scene.start();
  scene.writeLines(5);
  const worker = scene.worker();
  await scene.read();
  worker.write(2);
  scene.rename();
  worker.write(2);
  await scene.read();
  worker.write(3);
  scene.create();
  scene.writeLines(4);
  worker.write(1);
  await scene.read();
  worker.write(2);
  await scene.read();
  complete(scene);
  worker.close();
});

test('renamed twice between two looks', async ({ scene }) => {
  scene.writeLines(5);
  await scene.start();
  await scene.read();
  for (let rotation = 0; rotation < 4; rotation += 1) {
    scene.rename();
    scene.create();
    scene.writeLines(3 + rotation);
  }
  await scene.read();
  complete(scene);
});

test('logs that begin with the same line are different logs', async ({ scene }) => {
  await scene.start();
  for (let rotation = 0; rotation < 6; rotation += 1) {
    scene.write(line(0));
    scene.writeLines(29);
    if (rotation % 2 === 0) await scene.read();
    if (rotation === 3) {
      await scene.kill();
      await scene.start();
    }
    scene.rename();
    scene.create();
  }
  scene.write(line(0));
  await scene.read();
  complete(scene);
});

test('rotated while the daemon was down, several times, older ones compressed', async ({ scene }) => {
  scene.writeLines(5);
  await scene.start();
  await scene.read();
  scene.writeLines(5);
  await scene.kill();
  const first = scene.rename();
  scene.writeLines(700);
  const second = scene.rename();
  scene.compress(first);
  scene.writeLines(9);
  scene.compress(second);
  scene.rename();
  scene.create();
  scene.writeLines(1);
  await scene.start();
  await scene.read();
  complete(scene);
});

test('killed while an archive is read: it goes on within it', async ({ make }) => {
  const scene = make({});
  scene.writeLines(1);
  await scene.start();
  await scene.read();
  await scene.kill();
  scene.writeLines(20_000);
  scene.compress(scene.rename());
  scene.create();
  await scene.start();
  await scene.reader!.pass();
  await scene.stop();
  await scene.start();
  await scene.read();
  complete(scene);
  await scene.kill();
  await scene.start();
  await scene.read();
  complete(scene);
});

test('an archive that is damaged is passed over, the rest is read', async ({ scene }) => {
  scene.writeLines(1);
  await scene.start();
  await scene.read();
  await scene.kill();
  await systemClock.sleep(20);
  writeFileSync(`${scene.path}.1.gz`, 'this is no archive');
  scene.writeLines(3);
  await scene.start();
  await scene.read();
  complete(scene);
});

test('an archive that breaks off is read as far as it goes, and the rest is noted as missing', async ({ scene }) => {
  scene.writeLines(1);
  await scene.start();
  await scene.read();
  await scene.kill();
  await systemClock.sleep(20);
  const lines = Array.from({ length: 20_000 }, (_, number) => line(1_000_000 + number)).join('');
  const packed = gzipSync(lines);
  writeFileSync(`${scene.path}.1.gz`, packed.subarray(0, packed.length / 2));
  await scene.start();
  await scene.read();
  await scene.stop();
  const hour = Math.floor(statSync(`${scene.path}.1.gz`).mtimeMs / 3_600_000) * 3_600_000;
  const gaps = scene.store.calls.flatMap(([name, what]) => (name === 'noteUsageGaps' ? what.gaps : []));
  assert.equal(gaps, [{ hour, reason: 'unread_archive', origin: 'access.log', ms: 0, count: 1 }]);
  assert.ok(scene.store.checkpoint.totals.requests > 1);
});

test('copied and truncated: what was not read is in the copy', async ({ scene }) => {
  await scene.start();
  for (const unread of [0, 7, 40]) {
    scene.writeLines(20);
    await scene.read();
    scene.writeLines(unread);
    scene.copyTruncate();
    await scene.read();
    scene.writeLines(3);
    await scene.read();
    complete(scene);
  }
});

test('copied, truncated and grown beyond where it was, between two looks', async ({ scene }) => {
  await scene.start();
  scene.writeLines(20);
  await scene.read();
  scene.writeLines(10);
  scene.copyTruncate();
  scene.writeLines(100);
  await scene.read();
  complete(scene);
});

test('copied and truncated while the daemon was down, twice, the older copy compressed', async ({ scene }) => {
  scene.writeLines(20);
  await scene.start();
  await scene.read();
  scene.writeLines(5);
  await scene.kill();
  const copy = scene.copyTruncate();
  scene.writeLines(8);
  scene.compress(copy);
  scene.copyTruncate();
  scene.writeLines(2);
  await scene.start();
  await scene.read();
  complete(scene);
});

test('killed between the copy and the truncation', async ({ scene }) => {
  scene.writeLines(20);
  await scene.start();
  await scene.read();
  await scene.kill();
  await systemClock.sleep(20);
  writeFileSync(`${scene.path}.1`, Array.from({ length: 20 }, (_, index) => line(index)).join(''));
  scene.writeLines(2);
  await scene.start();
  await scene.read();
  complete(scene);
});

test('deleted and made anew', async ({ scene }) => {
  await scene.start();
  for (let round = 0; round < 3; round += 1) {
    scene.writeLines(5);
    await scene.read();
    scene.writeLines(2);
    unlinkSync(scene.path);
    await scene.read();
    scene.writeLines(4 + round);
    await scene.read();
    complete(scene);
  }
});

test('deleted and made anew while the daemon was down, perhaps with the same inode', async ({ scene }) => {
  scene.writeLines(5);
  await scene.start();
  await scene.read();
  await scene.kill();
  unlinkSync(scene.path);
  scene.writeLines(50);
  await scene.start();
  await scene.read();
  complete(scene);
});

test('a link to a dated log: the next day it leads to another', async ({ scene }) => {
  const dated = (day: number): string => join(scene.folder.path, `access-2024030${day}.log`);
  writeFileSync(dated(5), '');
  symlinkSync(dated(5), scene.path);
  await scene.start();
  scene.writeLines(3);
  await scene.read();
  scene.writeLines(2);
  unlinkSync(scene.path);
  symlinkSync(dated(6), scene.path);
  scene.writeLines(4);
  await scene.read();
  complete(scene);
  await scene.kill();
  writeFileSync(dated(6), line(1), { flag: 'a' });
  scene.written += 1;
  unlinkSync(scene.path);
  symlinkSync(dated(7), scene.path);
  scene.writeLines(4);
  await scene.start();
  await scene.read();
  complete(scene);
});

test('another log beside it is none of its own', async ({ scene }) => {
  scene.writeLines(3);
  await scene.start();
  await scene.read();
  await scene.kill();
  await systemClock.sleep(20);
  for (const name of ['access_ssl.log', 'other.log', 'access.log5', 'myaccess.log.1'])
    writeFileSync(join(scene.folder.path, name), line(1));
  mkdirSync(join(scene.folder.path, 'access.log.old'));
  await scene.start();
  await scene.read();
  complete(scene);
});

test('lines beyond 64 KiB are passed over and counted, wherever they are torn', async ({ scene }) => {
  await scene.start();
  scene.writeLines(2);
  for (const length of [64 * 1024 + 1, 300_000, 900_000]) {
    writeFileSync(scene.path, 'x'.repeat(length / 2), { flag: 'a' });
    await scene.read();
    if (length === 900_000) {
      await scene.stop();
      await scene.start();
    }
    writeFileSync(scene.path, `${'x'.repeat(length / 2 + 1)}\n`, { flag: 'a' });
    scene.writeLines(2);
    await scene.read();
  }
  complete(scene);
  assert.equal(scene.store.checkpoint.totals, { requests: 8, unparsed: 0, oversized: 3 });
});

test('lines that are not of the format are counted, empty ones are nothing', async ({ scene }) => {
  writeFileSync(scene.path, `garbage\n\n\r\n${line(1)}{"not": "this"}\n\x00\xff\xfe\n${line(2).replace('\n', '\r\n')}`);
  scene.written = 2;
  await scene.start();
  await scene.read();
  complete(scene);
  assert.equal(scene.store.checkpoint.totals, { requests: 2, unparsed: 3, oversized: 0 });
});

test('a log of another format is noticed, and no longer once the format is right', async ({ scene }) => {
  scene.write(...Array.from({ length: 30 }, (_, index) => `{"line":${index}}\n`));
  await scene.start();
  await scene.read();
  const { lines, unread } = await scene.reader!.pass();
  assert.equal([lines, unread], [30, 30]);
  await scene.stop();
  await scene.start();
  scene.writeLines(1);
  assert.is((await scene.reader!.pass()).unread, 0);
});

test('a rotated log is done with when nobody has written it for ten seconds; its last line may lack the newline', async ({
  make,
}) => {
  let ahead = 0;
  const clock = { ...systemClock, now: () => Date.now() + ahead, monotonic: () => performance.now() + ahead };
  const scene = make({ clock });
  await scene.start();
  scene.writeLines(3);
  scene.write(line(4).slice(0, -1));
  await scene.read();
  const moved = scene.rename();
  scene.create();
  await scene.read();
  assert.is((await scene.reader!.pass()).rotated, 1);
  ahead = 9_000;
  assert.is((await scene.reader!.pass()).rotated, 1);
  ahead = 25_000;
  assert.is((await scene.reader!.pass()).rotated, 0);
  scene.written += 1;
  scene.writeLines(1);
  await scene.read();
  complete(scene);
  // Found again neither by the next rotation nor by the next start.
  scene.rename();
  scene.create();
  await scene.read();
  await scene.stop();
  await scene.start();
  scene.compress(moved);
  await scene.read();
  complete(scene);
});

test('a clock that was days ahead hides nothing that was rotated away while nobody looked', async ({ make }) => {
  let [ahead, later] = [40 * 86_400_000, 0];
  const clock = { ...systemClock, now: () => Date.now() + ahead, monotonic: () => performance.now() + later };
  const scene = make({ clock });
  await scene.start();
  scene.writeLines(3);
  await scene.read();
  scene.rename();
  scene.create();
  await scene.read();
  later = 25_000;
  assert.is((await scene.reader!.pass()).rotated, 0);
  await scene.stop();
  // Nothing is known of a file that was empty but its inode, which a copy does not have.
  scene.writeLines(4);
  copyFileSync(scene.path, `${scene.path}.new`);
  renameSync(`${scene.path}.new`, scene.path);
  scene.rename();
  scene.create();
  scene.writeLines(2);
  const inAMinute = Date.now() / 1_000 + 60;
  utimesSync(scene.path, inAMinute, inAMinute);
  ahead = 0;
  await scene.start();
  await scene.read();
  complete(scene);
});

test('a commit that fails is tried again as it was', async ({ make }) => {
  let holds = 0;
  const scene = make({
    onHold: async error => {
      assert.instance(error, TransientError);
      holds += 1;
      if (holds === 3) scene.store.fault = undefined;
    },
  });
  scene.writeLines(5);
  await scene.start();
  scene.store.fault = new TransientError('the disk is full');
  await scene.read();
  assert.is(holds, 3);
  complete(scene);
});

test('killed right after a start with another length of windows', async ({ make }) => {
  const config = { windowMs: 60_000 };
  const scene = make({ config, clock: { ...systemClock, now: () => Date.UTC(2024, 2, 5, 10, 0, 1) } });
  scene.writeLines(20);
  await scene.start();
  await scene.read();
  await scene.stop();
  assert.is(scene.store.requests, 0);
  config.windowMs = 30_000;
  await scene.start();
  await scene.kill();
  await scene.start();
  await scene.read();
  assert.is(scene.store.requests, 20);
});

test('a folder in place of the log is reported, and forgotten once there is a log', async ({ scene }) => {
  await scene.start();
  mkdirSync(scene.path);
  let fault: unknown;
  await scene.reader!.pass().catch(error => {
    fault = error;
  });
  assert.instance(fault, SetupError);
  renameSync(scene.path, `${scene.path}.folder`);
  scene.writeLines(2);
  await scene.read();
  complete(scene);
});

test('a rotated log whose time of writing lies far back is not taken for a new one', async ({ scene }) => {
  scene.writeLines(3);
  await scene.start();
  await scene.read();
  await scene.kill();
  writeFileSync(`${scene.path}.9`, line(1));
  utimesSync(`${scene.path}.9`, new Date('2024-01-01'), new Date('2024-01-01'));
  await scene.start();
  await scene.read();
  complete(scene);
});

const step = fc.oneof(
  { weight: 5, arbitrary: fc.nat(40).map(count => ({ do: 'write' as const, count })) },
  { weight: 4, arbitrary: fc.constant({ do: 'read' as const }) },
  { weight: 3, arbitrary: fc.constant({ do: 'rotate' as const }) },
  { weight: 2, arbitrary: fc.nat(20).map(count => ({ do: 'rotate late' as const, count })) },
  { weight: 2, arbitrary: fc.nat(20).map(count => ({ do: 'copytruncate' as const, count })) },
  { weight: 2, arbitrary: fc.constant({ do: 'compress' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'kill' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'stop' as const }) },
  { weight: 1, arbitrary: fc.nat(200).map(cut => ({ do: 'tear' as const, cut })) },
);

test('whatever happens to the log and to the reader, every line is counted once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
      const scene = new Scene();
      const renamed: string[] = [];
      let torn = '';
      const fix = (): void => {
        if (torn !== '') scene.write(torn);
        torn = '';
      };
      try {
        scene.create();
        await scene.start();
        for (const action of steps) {
          if (action.do !== 'read' && action.do !== 'kill' && action.do !== 'stop') fix();
          switch (action.do) {
            case 'write':
              scene.writeLines(action.count);
              break;
            case 'tear': {
              const text = line(scene.written);
              const cut = 1 + (action.cut % (text.length - 1));
              scene.write(text.slice(0, cut));
              torn = text.slice(cut);
              break;
            }
            case 'read':
              if (scene.reader === undefined) await scene.start();
              await scene.read();
              break;
            case 'rotate':
              renamed.push(scene.rename());
              scene.create();
              break;
            case 'rotate late': {
              const worker = scene.worker();
              renamed.push(scene.rename());
              worker.write(action.count);
              scene.create();
              scene.writeLines(action.count);
              worker.write(action.count);
              worker.close();
              break;
            }
            case 'copytruncate':
              // A copy that is taken before the first line was read says nothing of whose copy it is.
              if (scene.reader === undefined) await scene.start();
              scene.writeLines(1);
              await scene.read();
              scene.writeLines(action.count);
              scene.copyTruncate();
              await scene.read();
              break;
            case 'compress': {
              const oldest = renamed.shift();
              if (oldest !== undefined) scene.compress(oldest);
              break;
            }
            default:
              if (scene.reader !== undefined) await scene[action.do]();
              break;
          }
        }
        fix();
        if (scene.reader === undefined) await scene.start();
        await scene.read();
        await scene.read();
        complete(scene);
      } finally {
        await scene.remove();
      }
    }),
    { numRuns: 150 },
  );
});

test.run();
