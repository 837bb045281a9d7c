// timeout: 60 s
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../src/clock.js';
import { recordingLog } from '../../helpers/recording-log.js';
import { line, Scene, type SceneOptions } from '../scene.js';

interface Context {
  scenes: Scene[];
  make(options?: SceneOptions): Scene;
}

const test = suite<Context>('a log is known by what it says');

test.before.each(context => {
  context.scenes = [];
  context.make = options => {
    const scene = new Scene(options);
    context.scenes.push(scene);
    return scene;
  };
});
test.after.each(async ({ scenes }) => {
  for (const scene of scenes) await scene.remove();
});

const views = { config: { trafficEvents: ['api' as const] } };
const call = (number: number): string => line(number, { request: `GET /api/x/${number} HTTP/1.1` });

function writeCalls(scene: Scene, count: number): void {
  scene.write(...Array.from({ length: count }, (_, index) => call(scene.written + index)));
}

/** Fields of the log lines of that name. */
const said = (lines: ReturnType<typeof recordingLog>['lines'], name: string) =>
  lines.filter(({ line: said }) => said === name).map(({ fields }) => fields);

const counted = ({ store }: Scene): number => store.checkpoint.totals.requests;
const ids = ({ store }: Scene): Set<string> => new Set(store.messages.map(({ id }) => id));

/** Another file with the same bytes: another inode, as after a restore or on another file system. */
function replace(path: string, change: (text: string) => string = text => text): void {
  const text = change(readFileSync(path, 'latin1'));
  writeFileSync(`${path}.tmp`, text, 'latin1');
  renameSync(`${path}.tmp`, path);
}

const withoutLine = (number: number) => (text: string) =>
  text
    .split('\n')
    .filter((_, index) => index !== number - 1)
    .join('\n');

for (const running of [false, true]) {
  const when = running ? 'while it runs' : 'while it is stopped';
  const meanwhile = async (scene: Scene, action: () => void): Promise<void> => {
    if (!running) await scene.kill();
    action();
    if (running) await scene.read();
    else await scene.start();
    await scene.read();
  };

  test(`moved to another file system, or restored, ${when}: nothing counts again, under whatever inode`, async ({
    make,
  }) => {
    const scene = make(views);
    writeCalls(scene, 200);
    await scene.start();
    await scene.read();
    await meanwhile(scene, () => {
      replace(scene.path);
      writeCalls(scene, 5);
    });
    writeCalls(scene, 3);
    await scene.read();
    assert.is(counted(scene), 208);
    assert.is(scene.store.events('api_call').length, 208);
    assert.is(ids(scene).size, scene.store.messages.length);
  });

  for (const lost of [1, 2, 40])
    test(`the last ${lost} lines cut off by a loss of power, ${when}`, async ({ make }) => {
      const { log, lines } = recordingLog();
      const scene = make({ log });
      scene.writeLines(200);
      await scene.start();
      await scene.read();
      const text = readFileSync(scene.path, 'latin1').split('\n');
      const kept = text.slice(0, 200 - lost).join('\n').length + 1;
      await meanwhile(scene, () => {
        truncateSync(scene.path, kept);
        scene.writeLines(5);
      });
      assert.is(counted(scene), 205);
      assert.is(said(lines, 'log.changed').length, 1);
    });

  test(`cut within a line, ${when}`, async ({ make }) => {
    const scene = make();
    scene.writeLines(200);
    await scene.start();
    await scene.read();
    await meanwhile(scene, () => {
      truncateSync(scene.path, statSync(scene.path).size - 150);
      if (running) return;
      scene.writeLines(5);
    });
    if (running) {
      scene.writeLines(5);
      await scene.read();
    }
    const { requests, unparsed } = scene.store.checkpoint.totals;
    assert.ok(requests + unparsed >= 203 && requests + unparsed <= 205, `${requests} + ${unparsed}`);
  });

  for (const [nuls, when2] of [
    [300, 'in place of the end'],
    [70_000, 'many'],
  ] as const)
    test(`${nuls} NUL bytes ${when2}, ${when}`, async ({ make }) => {
      const scene = make({ config: { keepIp: true, ...views.config } });
      writeCalls(scene, 200);
      await scene.start();
      await scene.read();
      await meanwhile(scene, () => {
        truncateSync(scene.path, statSync(scene.path).size - 300);
        appendFileSync(scene.path, Buffer.alloc(nuls));
        writeCalls(scene, 5);
      });
      writeCalls(scene, 1);
      await scene.read();
      const { requests, unparsed, oversized } = scene.store.checkpoint.totals;
      assert.ok(requests >= 204 && requests <= 206, `${requests} requests`);
      assert.equal([unparsed, oversized], [0, 0]);
      assert.equal([...new Set(scene.store.events('api_call').map(({ ip }) => ip))], ['10.0.0.1']);
    });

  for (const [what, edit, most] of [
    ['a line deleted', withoutLine(150), 205],
    ['the first line deleted', withoutLine(1), 205],
    ['the last line deleted', withoutLine(200), 205],
    ['a line changed', (text: string) => text.replace('/line/150 ', '/line/other '), 205],
    ['the first line changed', (text: string) => text.replace('/line/0 ', '/line/other '), 205],
    ['the last line changed', (text: string) => text.replace('/line/199 ', '/line/other '), 206],
    ['a line added', (text: string) => text.replace('10.0.0.1', `${line(9999)}10.0.0.1`), 205],
    ['a third of the lines deleted', (text: string) => text.replace(/.*\/line\/\d*[369] .*\n/g, ''), 206],
  ] as const) {
    test(`edited by a program that writes a new file, ${when}: ${what}`, async ({ make }) => {
      const { log, lines } = recordingLog();
      const scene = make({ log });
      scene.writeLines(200);
      await scene.start();
      await scene.read();
      await meanwhile(scene, () => {
        replace(scene.path, edit);
        scene.writeLines(5);
      });
      assert.ok(counted(scene) >= 205 && counted(scene) <= most, `${counted(scene)}`);
      const warnings = said(lines, 'log.changed');
      assert.is(warnings.length, 1);
      assert.match(String(warnings[0]?.reason), /may count again/);
    });

    test(`edited in place, ${when}: ${what}`, async ({ make }) => {
      const scene = make();
      scene.writeLines(200);
      await scene.start();
      await scene.read();
      await meanwhile(scene, () => {
        writeFileSync(scene.path, edit(readFileSync(scene.path, 'latin1')), 'latin1');
        scene.writeLines(5);
      });
      assert.ok(counted(scene) >= 205 && counted(scene) <= most, `${counted(scene)}`);
    });
  }
}

test('lines that nginx still writes to the file that was edited away', async ({ make }) => {
  const scene = make();
  scene.writeLines(50);
  await scene.start();
  await scene.read();
  const worker = scene.worker();
  worker.write(3);
  replace(scene.path, withoutLine(20));
  worker.write(4);
  await scene.read();
  worker.write(2);
  await scene.read();
  worker.close();
  assert.is(counted(scene), 59);
});

test('a log that is copied into its place bit by bit is waited for', async ({ make }) => {
  const scene = make();
  scene.writeLines(2_000);
  await scene.start();
  await scene.read();
  const text = readFileSync(scene.path);
  writeFileSync(scene.path, text.subarray(0, 20_000));
  await scene.read();
  appendFileSync(scene.path, text.subarray(20_000));
  scene.writeLines(5);
  await scene.read();
  assert.is(counted(scene), 2_005);
});

test('copies of what was read do not count again', async ({ make }) => {
  const scene = make();
  scene.writeLines(200);
  await scene.start();
  await scene.read();
  await scene.kill();
  for (const name of ['access.log.bak', 'access.log.2', 'access.log-20240305', 'access-2024.log'])
    copyFileSync(scene.path, join(scene.folder.path, name));
  writeFileSync(join(scene.folder.path, 'access.log.3.gz'), gzipSync(readFileSync(scene.path)));
  truncateSync(join(scene.folder.path, 'access.log-20240305'), 1_000);
  renameSync(scene.path, `${scene.path}.1`);
  scene.writeLines(10);
  await scene.start();
  await scene.read();
  assert.is(counted(scene), 210);
  // And not at the next rotation, nor when they are touched.
  for (const name of ['access.log.2', 'access.log-20240305', 'access.log.3.gz']) {
    const now = new Date();
    utimesSync(join(scene.folder.path, name), now, now);
  }
  scene.rename();
  scene.writeLines(1);
  await scene.read();
  assert.is(counted(scene), 211);
});

test('a copy beside the log, and the log with more: the longest is read on', async ({ make }) => {
  const scene = make();
  scene.writeLines(100);
  await scene.start();
  await scene.read();
  await scene.kill();
  copyFileSync(scene.path, `${scene.path}.7`);
  scene.writeLines(30);
  renameSync(scene.path, `${scene.path}.1`);
  scene.writeLines(20);
  await scene.start();
  await scene.read();
  assert.is(counted(scene), 150);
});

test('a copy beside the log, and the log with more, packed: the archive is read on', async ({ make }) => {
  const scene = make();
  scene.writeLines(100);
  await scene.start();
  await scene.read();
  await scene.kill();
  copyFileSync(scene.path, `${scene.path}.7`);
  scene.writeLines(30);
  writeFileSync(`${scene.path}.1.gz`, gzipSync(readFileSync(scene.path)));
  unlinkSync(scene.path);
  scene.writeLines(20);
  await scene.start();
  await scene.read();
  assert.is(counted(scene), 150);
});

test('all rotated logs restored with new inodes and times: nothing counts again', async ({ make }) => {
  const scene = make();
  await scene.start();
  for (let rotation = 0; rotation < 3; rotation += 1) {
    scene.writeLines(20);
    await scene.read();
    scene.rename();
    scene.create();
  }
  scene.writeLines(7);
  await scene.read();
  await scene.stop();
  const saved = join(scene.folder.path, 'backup');
  mkdirSync(saved);
  const names = ['access.log', 'access.log.1', 'access.log.2', 'access.log.3'];
  for (const name of names) copyFileSync(join(scene.folder.path, name), join(saved, name));
  for (const name of names) unlinkSync(join(scene.folder.path, name));
  for (const name of names) cpSync(join(saved, name), join(scene.folder.path, name));
  scene.writeLines(2);
  await scene.start();
  await scene.read();
  assert.is(counted(scene), 69);
});

test('a neighbour is never a part of the log', async ({ make }) => {
  const scene = make();
  scene.writeLines(50);
  await scene.start();
  await scene.read();
  await scene.kill();
  await systemClock.sleep(20);
  for (const name of ['portal', 'offset', 'bak', 'old', 'state.1', 'portal.1', '1.bak', 'gz', '1.portal', '1.offset'])
    writeFileSync(`${scene.path}.${name}`, line(777).repeat(3));
  scene.writeLines(10);
  await scene.start();
  await scene.read();
  assert.equal(scene.store.checkpoint.totals, { requests: 60, unparsed: 0, oversized: 0 });
});

test('a log that is configured itself is never a part of another, whatever its name', async ({ make }) => {
  const files: string[] = [];
  const scene = make({ config: { files } });
  files.push(scene.path, `${scene.path}.1`, `${scene.folder.path}/./access.log-2`);
  scene.writeLines(5);
  await scene.start();
  await scene.read();
  await scene.kill();
  await systemClock.sleep(20);
  for (const name of ['access.log.1', 'access.log-2'])
    writeFileSync(join(scene.folder.path, name), line(700) + line(701));
  scene.writeLines(3);
  await scene.start();
  await scene.read();
  assert.is(counted(scene), 8);
});

for (const suffix of ['bz2', 'zst', 'xz'])
  test(`a rotated log as .${suffix} is not read, and said so; uncompressed, it is read`, async ({ make }) => {
    const { log, lines } = recordingLog();
    const scene = make({ log });
    scene.writeLines(20);
    await scene.start();
    await scene.read();
    await scene.kill();
    scene.writeLines(10);
    const moved = scene.rename();
    scene.writeLines(15);
    const second = scene.rename();
    // Not compressed at all: it is not looked into.
    const text = readFileSync(second);
    const { mtime } = statSync(second);
    unlinkSync(second);
    writeFileSync(`${second}.${suffix}`, `not lines\n${'\u0001'.repeat(490)}`);
    utimesSync(`${second}.${suffix}`, mtime, mtime);
    scene.writeLines(5);
    await scene.start();
    await scene.read();
    assert.is(basename(moved), 'access.log.1');
    assert.equal(scene.store.checkpoint.totals, { requests: 35, unparsed: 0, oversized: 0 });
    const { archives, incidents } = await scene.reader!.pass();
    assert.equal(
      archives.map(({ path, size }) => [basename(path), size]),
      [[`access.log.2.${suffix}`, 500]],
    );
    assert.is(incidents.unreadableBytes, 500);
    const warnings = said(lines, 'archive.unread');
    assert.is(warnings.length, 1);
    assert.is(warnings[0]?.bytes, 500);
    await scene.kill();
    await systemClock.sleep(20);
    unlinkSync(`${second}.${suffix}`);
    writeFileSync(second, text);
    utimesSync(second, mtime, mtime);
    await scene.start();
    await scene.read();
    assert.is(counted(scene), 50);
    assert.is((await scene.reader!.pass()).archives.length, 0);
  });

test('compressed at once by an unknown program while the daemon runs: it was read, and nothing is said', async ({
  make,
}) => {
  const { log, lines } = recordingLog();
  const scene = make({ log });
  scene.writeLines(20);
  await scene.start();
  await scene.read();
  scene.writeLines(10);
  const moved = scene.rename();
  const { mtime } = statSync(moved);
  writeFileSync(`${moved}.xz`, 'packed');
  utimesSync(`${moved}.xz`, mtime, mtime);
  unlinkSync(moved);
  scene.writeLines(5);
  await scene.read();
  assert.is(counted(scene), 35);
  assert.is((await scene.reader!.pass()).archives.length, 0);
  assert.equal(said(lines, 'archive.unread'), []);
});

for (const [what, target] of [
  ['dated folders', (folder: string, day: number) => join(folder, 'logs', `2024-03-0${day}`, 'access.log')],
  ['dated names', (folder: string, day: number) => join(folder, 'logs', `2024-03-0${day}.log`)],
  [
    'other folders',
    (folder: string, day: number) => join(folder, ['one', 'two', 'three', 'four'][day] ?? 'x', 'access.log'),
  ],
] as const)
  test(`a link switched while the daemon was stopped: ${what}`, async ({ make }) => {
    const scene = make();
    const link = (day: number): void => {
      const path = target(scene.folder.path, day);
      mkdirSync(join(path, '..'), { recursive: true });
      rmSync(scene.path, { force: true });
      symlinkSync(path, scene.path);
      writeFileSync(path, '', { flag: 'a' });
    };
    link(1);
    scene.writeLines(50);
    await scene.start();
    await scene.read();
    await scene.kill();
    scene.writeLines(20);
    link(2);
    scene.writeLines(5);
    await scene.start();
    await scene.read();
    assert.is(counted(scene), 75);
    await scene.kill();
    await systemClock.sleep(20);
    scene.writeLines(4);
    if (what !== 'other folders') {
      link(3);
      scene.writeLines(3);
    }
    link(1);
    await scene.start();
    await scene.read();
    assert.is(counted(scene), scene.written);
  });

test('rotated logs moved to a folder that a setting names; without it, what is missing is said', async ({ make }) => {
  for (const configured of [true, false]) {
    const { log, lines } = recordingLog();
    const rotatedDirs: string[] = [];
    const scene = make({ log, config: { rotatedDirs } });
    const old = join(scene.folder.path, 'old');
    if (configured) rotatedDirs.push(old);
    mkdirSync(old);
    scene.writeLines(50);
    await scene.start();
    await scene.read();
    await scene.kill();
    scene.writeLines(20);
    renameSync(scene.path, join(old, 'access.log.1'));
    scene.writeLines(5);
    await scene.start();
    await scene.read();
    assert.is(counted(scene), configured ? 75 : 55);
    const lost = said(lines, 'log.lost');
    assert.is(lost.length, configured ? 0 : 1);
    assert.is((await scene.reader!.pass()).incidents.lost, configured ? 0 : 1);
  }
});

test('the first start at the end: what is there does not count, what comes does', async ({ make }) => {
  const scene = make({ config: { start: 'end' } });
  scene.writeLines(300);
  const half = line(300);
  appendFileSync(scene.path, half.slice(0, 40));
  await scene.start();
  await scene.read();
  assert.is(counted(scene), 0);
  appendFileSync(scene.path, half.slice(40));
  scene.writeLines(4);
  await scene.read();
  assert.is(counted(scene), 5);
  assert.is(scene.store.checkpoint.totals.unparsed, 0);
  await scene.stop();
  scene.writeLines(2);
  await scene.start();
  await scene.read();
  assert.is(counted(scene), 7);
});

test('a log without DATA_DIR is the same log: with the same secret its lines have the same ids', async ({ make }) => {
  const scene = make(views);
  writeCalls(scene, 20);
  await scene.start();
  await scene.read();
  const before = scene.store.events('api_call').length;
  const known = ids(scene);
  await scene.kill();
  scene.store.saved = undefined;
  replace(scene.path);
  await scene.start();
  await scene.read();
  assert.is(scene.store.events('api_call').length, 2 * before);
  assert.is(ids(scene).size, known.size);
  for (const id of known) assert.match(id, /^[0-9a-f]{32}$/);
});

const harm = fc.oneof(
  fc.nat(60).map(lines => ({ do: 'cut' as const, lines })),
  fc.nat(199).map(number => ({ do: 'delete' as const, number })),
  fc.nat(199).map(number => ({ do: 'change' as const, number })),
  fc.constant({ do: 'move' as const }),
  fc.tuple(fc.nat(40), fc.nat(100_000)).map(([lines, nuls]) => ({ do: 'zero' as const, lines, nuls })),
);

test('whatever is cut, zeroed, moved or edited: no line that was counted counts again, but for an edited one', async ({
  make,
}) => {
  await fc.assert(
    fc.asyncProperty(harm, fc.boolean(), fc.nat(100), fc.boolean(), async (action, running, more, inPlace) => {
      const scene = make();
      scene.writeLines(200);
      await scene.start();
      await scene.read();
      if (!running) await scene.kill();
      const lines = readFileSync(scene.path, 'latin1').split('\n').slice(0, -1);
      let edited = 0;
      if (action.do === 'cut' || action.do === 'zero') lines.splice(200 - action.lines);
      if (action.do === 'delete') lines.splice(action.number, 1);
      if (action.do === 'change') {
        lines[action.number] += ' ';
        edited = action.number === 199 ? 1 : 0;
      }
      const nuls = action.do === 'zero' ? '\0'.repeat(action.nuls) : '';
      const text = `${lines.join('\n')}\n${nuls}`;
      if (inPlace) writeFileSync(scene.path, text, 'latin1');
      else replace(scene.path, () => text);
      scene.writeLines(more);
      if (!running) await scene.start();
      await scene.read();
      await scene.read();
      assert.is(counted(scene), 200 + more + edited, JSON.stringify({ action, running, more, inPlace }));
      assert.equal(scene.store.checkpoint.totals.unparsed, 0);
      await scene.remove();
    }),
    { numRuns: 80 },
  );
});

test.run();
