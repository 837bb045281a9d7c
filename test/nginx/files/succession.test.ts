// timeout: 60 s
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Clock, systemClock } from '../../../src/clock.js';
import { type Log, silentLog } from '../../../src/log.js';
import { Scene, type SceneOptions } from '../scene.js';

interface Context {
  scene: Scene;
  make(options?: SceneOptions): Scene;
}

/** As while a commit is held, or the daemon is stopped: nobody looks, and the log goes on. */
const test = suite<Context>('several things happen to a log between two looks');

test.before.each(context => {
  context.make = options => {
    context.scene = new Scene(options);
    return context.scene;
  };
});
test.after.each(async ({ scene }) => {
  await scene.remove();
});

const counted = ({ store }: Scene): number => store.checkpoint.totals.requests;

async function follow(scene: Scene, lines: number): Promise<void> {
  scene.writeLines(lines);
  await scene.start();
  await scene.read();
}

/** Another inode with what `change` makes of the text. */
function replace(path: string, change: (text: string) => string = text => text): void {
  writeFileSync(`${path}.new`, change(readFileSync(path, 'latin1')), 'latin1');
  renameSync(`${path}.new`, path);
}

function rotate(scene: Scene): void {
  scene.rename();
  scene.create();
}

const withoutLine = (number: number) => (text: string) =>
  text
    .split('\n')
    .toSpliced(number - 1, 1)
    .join('\n');

for (const [what, change] of [
  ['restored with another inode', (text: string) => text],
  ['edited, far from its end', withoutLine(20)],
  ['edited in the second line, which it is known by', withoutLine(2)],
] as const) {
  test(`${what}, grown, and rotated`, async ({ make }) => {
    const scene = make();
    await follow(scene, 100);
    replace(scene.path, change);
    scene.writeLines(30);
    rotate(scene);
    scene.writeLines(5);
    await scene.read();
    assert.is(counted(scene), 135);
    await scene.kill();
    await scene.start();
    await scene.read();
    assert.is(counted(scene), 135);
  });
}

test('restored, rotated, and rotated again', async ({ make }) => {
  const scene = make();
  await follow(scene, 100);
  replace(scene.path);
  scene.writeLines(30);
  rotate(scene);
  scene.writeLines(20);
  rotate(scene);
  scene.writeLines(5);
  await scene.read();
  assert.is(counted(scene), 155);
});

for (const running of [true, false]) {
  test(`a link leads to a copy, and the old log stays, ${running ? 'while it is read' : 'while the daemon is stopped'}`, async ({
    make,
  }) => {
    const scene = make();
    const [old, copy] = ['old', 'new'].map(name => join(scene.folder.path, name));
    mkdirSync(old!);
    symlinkSync(join(old!, 'access.log'), scene.path);
    await follow(scene, 100);
    if (!running) await scene.stop();
    scene.writeLines(7);
    cpSync(old!, copy!, { recursive: true, preserveTimestamps: true });
    unlinkSync(scene.path);
    symlinkSync(join(copy!, 'access.log'), scene.path);
    scene.writeLines(30);
    if (!running) await scene.start();
    await scene.read();
    assert.is(counted(scene), 137);
    scene.writeLines(3);
    await scene.read();
    await scene.kill();
    scene.writeLines(5);
    await scene.start();
    await scene.read();
    assert.is(counted(scene), 145);
  });
}

/** Another inode takes the log's place while the daemon starts, after it found the log and before it looks again. */
function replacedAtStart(make: Context['make'], times = 1): { readonly scene: Scene; replaced(): number } {
  let replaced = 0;
  const warn = (_fields: object, name: string): void => {
    // Said between the search for the files of the checkpoint and the look at what the name stands for.
    if (name !== 'log.changed' || replaced === times) return;
    replaced += 1;
    replace(scene.path);
  };
  const scene = make({ log: { ...silentLog, warn } as Log });
  return { scene, replaced: () => replaced };
}

test('replaced by a copy of itself while the daemon starts, after it was found', async ({ make }) => {
  const { scene, replaced } = replacedAtStart(make);
  await follow(scene, 100);
  await scene.stop();
  replace(scene.path, withoutLine(20));
  scene.writeLines(5);
  await scene.start();
  await scene.read();
  assert.is(replaced(), 1);
  assert.is(counted(scene), 105);
});

for (const [how, end] of [
  ['killed', (scene: Scene) => scene.kill()],
  ['stopped', (scene: Scene) => scene.stop()],
] as const) {
  test(`replaced while the daemon starts, which is ${how} before it has read a line`, async ({ make }) => {
    const { scene, replaced } = replacedAtStart(make);
    await follow(scene, 100);
    await scene.stop();
    replace(scene.path, withoutLine(20));
    scene.writeLines(300);
    await scene.start();
    assert.is(replaced(), 1);
    await end(scene);
    scene.writeLines(7);
    await scene.start();
    await scene.read();
    assert.is(counted(scene), 407);
  });

  test(`replaced at two starts, ${how} after each, and once more while nobody looks`, async ({ make }) => {
    const { scene, replaced } = replacedAtStart(make, 2);
    await follow(scene, 100);
    await scene.stop();
    for (const line of [20, 30]) {
      replace(scene.path, withoutLine(line));
      scene.writeLines(200);
      await scene.start();
      await end(scene);
    }
    replace(scene.path);
    rotate(scene);
    scene.writeLines(9);
    await scene.start();
    await scene.read();
    assert.is(replaced(), 2);
    assert.is(counted(scene), 509);
  });
}

test('replaced, and stopped in the middle of what the old file held', async ({ make }) => {
  const scene = make();
  await follow(scene, 100);
  // More than one look reads before it asks whether it is to stop.
  scene.writeLines(4_000);
  replace(scene.path);
  await scene.stopWhileReading();
  assert.ok(counted(scene) < 4_100, 'it was stopped before the end');
  scene.writeLines(3);
  await scene.start();
  await scene.read();
  assert.is(counted(scene), 4_103);
});

test('a copy that was made before is not what goes on', async ({ make }) => {
  const scene = make();
  await follow(scene, 100);
  copyFileSync(scene.path, `${scene.path}.7`);
  replace(scene.path);
  scene.writeLines(30);
  rotate(scene);
  scene.writeLines(5);
  await scene.read();
  assert.is(counted(scene), 135);
});

for (const [what, next] of [
  ['rotated', (scene: Scene) => rotate(scene)],
  ['moved to another file system', (scene: Scene) => replace(scene.path)],
] as const) {
  test(`its tail is cut off, it grows, and it is ${what}`, async ({ make }) => {
    const scene = make();
    await follow(scene, 100);
    const text = readFileSync(scene.path, 'latin1');
    truncateSync(scene.path, text.split('\n').slice(0, 95).join('\n').length + 1);
    scene.writeLines(30);
    next(scene);
    scene.writeLines(5);
    await scene.read();
    assert.is(counted(scene), 135);
    assert.is(scene.store.checkpoint.totals.unparsed, 0);
  });
}

/** Its wall clock is ahead by as many ms as `ahead` says; file systems know the right time. */
function clockAhead(): Clock & { ahead: number } {
  const clock = { ...systemClock, ahead: 40 * 86_400_000, now: () => Date.now() + clock.ahead };
  return clock;
}

test('rotated twice while the clock is 40 days ahead', async ({ make }) => {
  const scene = make({ clock: clockAhead() });
  await follow(scene, 100);
  for (const lines of [20, 30]) {
    rotate(scene);
    scene.writeLines(lines);
  }
  await scene.read();
  assert.is(counted(scene), 150);
});

test('stopped while the clock was 40 days ahead, rotated twice, and started when it was right again', async ({
  make,
}) => {
  const clock = clockAhead();
  const scene = make({ clock });
  await follow(scene, 100);
  await scene.stop();
  clock.ahead = 0;
  for (const lines of [20, 30]) {
    rotate(scene);
    scene.writeLines(lines);
  }
  await scene.start();
  await scene.read();
  assert.is(counted(scene), 150);
});

test.run();
