import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError } from '../../src/errors.js';
import { silentLog } from '../../src/log.js';
import type { OnFailure } from '../../supervisors/part.js';
import { Intensity, superviseTree } from '../../supervisors/root.js';
import type { Tree } from '../../supervisors/tree.js';
import { hastyClock } from '../helpers/clock.js';
import { until } from '../helpers/wait.js';

interface FakeTree extends Tree {
  readonly fail: OnFailure;
  readonly stops: number[];
}

/** Trees that only note what is done to them; `during` runs while one starts. */
function fakeTrees(during: (onFailure: OnFailure, number: number) => void | Promise<void> = () => {}) {
  const trees: FakeTree[] = [];
  const start = async (onFailure: OnFailure): Promise<Tree> => {
    await during(onFailure, trees.length);
    const stops: number[] = [];
    const tree: FakeTree = {
      address: `http://127.0.0.1:${trees.length}`,
      stop: async timeoutMs => void stops.push(timeoutMs),
      giveUp: () => {},
      rereadCertificate: () => {},
      reload: async () => [],
      fail: onFailure,
      stops,
    };
    trees.push(tree);
    return tree;
  };
  return { trees, start };
}

const broken = new Error('the disk is gone');
const options = { clock: hastyClock(), log: silentLog };

test('a tree that fails is stopped and started again, once, however often it complains', async () => {
  const { trees, start } = fakeTrees();
  const root = await superviseTree({ start, ...options });
  trees[0]?.fail('storage', broken);
  trees[0]?.fail('http', broken);
  await until(() => trees.length === 2, 'a second tree');
  trees[0]?.fail('storage', broken);
  await new Promise(resolve => setTimeout(resolve, 50));
  assert.is(trees.length, 2);
  assert.equal(
    trees.map(({ stops }) => stops.length),
    [1, 0],
  );
  assert.is(root.tree.address, 'http://127.0.0.1:1');
  await root.stop(7);
  assert.equal(trees[1]?.stops, [7]);
});

test('a failure while the first tree still starts counts once it has started', async () => {
  const { trees, start } = fakeTrees((onFailure, number) => (number === 0 ? onFailure('storage', broken) : undefined));
  const root = await superviseTree({ start, ...options });
  await until(() => trees.length === 2, 'a second tree');
  assert.is(trees[0]?.stops.length, 1);
  await root.stop(0);
});

test('a start that fails and says why counts once towards the five a minute', async () => {
  let starts = 0;
  const { trees, start } = fakeTrees(onFailure => {
    starts += 1;
    if (starts === 1) return;
    onFailure('storage', broken);
    throw broken;
  });
  const root = await superviseTree({ start, ...options });
  trees[0]?.fail('storage', broken);
  assert.is((await root.ended).code, 1);
  assert.is(starts, 6, 'the first and five restarts');
});

test('what a person has to fix ends it at once', async () => {
  let starts = 0;
  const { trees, start } = fakeTrees(() => {
    starts += 1;
    if (starts > 1) throw new SetupError('the folder cannot be written');
  });
  const root = await superviseTree({ start, ...options });
  trees[0]?.fail('storage', broken);
  assert.is((await root.ended).code, 1);
  assert.is(starts, 2);
});

test('a stop while a tree starts waits for it and stops it', async () => {
  let finish: (() => void) | undefined;
  const { trees, start } = fakeTrees((_onFailure, number) =>
    number === 0 ? undefined : new Promise<void>(resolve => (finish = resolve)),
  );
  const root = await superviseTree({ start, ...options });
  trees[0]?.fail('storage', broken);
  await until(() => finish !== undefined, 'a start under way');
  const stopped = root.stop(9);
  finish?.();
  await stopped;
  assert.equal(trees[1]?.stops, [9]);
});

test('five failures in a minute are allowed, the sixth is not, and they are forgotten with time', () => {
  let now = 0;
  const intensity = new Intensity({ ...hastyClock(), monotonic: () => now });
  for (let failure = 0; failure < 5; failure += 1) assert.ok(intensity.allows());
  assert.not.ok(intensity.allows());
  now = 61_000;
  assert.ok(intensity.allows());
});

test.run();
