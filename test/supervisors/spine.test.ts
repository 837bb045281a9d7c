import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError } from '../../src/errors.js';
import { silentLog } from '../../src/log.js';
import { superviseSpine } from '../../supervisors/spine.js';
import type { OnFailure, Tree } from '../../supervisors/tree.js';
import { hastyClock } from '../helpers/clock.js';
import { until } from '../helpers/wait.js';

interface Planted extends Tree {
  readonly fail: OnFailure;
  readonly stops: number[];
}

/** Trees that only note what is done to them; `during` runs while one grows. */
function nursery(during: (onFailure: OnFailure, number: number) => void | Promise<void> = () => {}) {
  const trees: Planted[] = [];
  const grow = async (onFailure: OnFailure): Promise<Tree> => {
    await during(onFailure, trees.length);
    const stops: number[] = [];
    const tree: Planted = {
      address: `http://127.0.0.1:${trees.length}`,
      stop: async patienceMs => void stops.push(patienceMs),
      giveUp: () => {},
      fail: onFailure,
      stops,
    };
    trees.push(tree);
    return tree;
  };
  return { trees, grow };
}

const broken = new Error('the disk is gone');
const options = { clock: hastyClock(), log: silentLog };

test('a tree that fails is taken down and grown anew, once, however often it complains', async () => {
  const { trees, grow } = nursery();
  const spine = await superviseSpine({ grow, ...options });
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
  assert.is(spine.tree.address, 'http://127.0.0.1:1');
  await spine.stop(7);
  assert.equal(trees[1]?.stops, [7]);
});

test('a failure while the first tree still grows is kept until it stands', async () => {
  const { trees, grow } = nursery((onFailure, number) => (number === 0 ? onFailure('storage', broken) : undefined));
  const spine = await superviseSpine({ grow, ...options });
  await until(() => trees.length === 2, 'a second tree');
  assert.is(trees[0]?.stops.length, 1);
  await spine.stop(0);
});

test('a growth that fails and says why counts once towards the five a minute', async () => {
  let growths = 0;
  const { trees, grow } = nursery(onFailure => {
    growths += 1;
    if (growths === 1) return;
    onFailure('storage', broken);
    throw broken;
  });
  const spine = await superviseSpine({ grow, ...options });
  trees[0]?.fail('storage', broken);
  assert.is((await spine.ended).code, 1);
  assert.is(growths, 6, 'the first and five restarts');
});

test('what a person has to fix ends it at once', async () => {
  let growths = 0;
  const { trees, grow } = nursery(() => {
    growths += 1;
    if (growths > 1) throw new SetupError('the folder cannot be written');
  });
  const spine = await superviseSpine({ grow, ...options });
  trees[0]?.fail('storage', broken);
  assert.is((await spine.ended).code, 1);
  assert.is(growths, 2);
});

test('a stop while a tree grows waits for it and takes it down', async () => {
  let finish: (() => void) | undefined;
  const { trees, grow } = nursery((_onFailure, number) =>
    number === 0 ? undefined : new Promise<void>(resolve => (finish = resolve)),
  );
  const spine = await superviseSpine({ grow, ...options });
  trees[0]?.fail('storage', broken);
  await until(() => finish !== undefined, 'a growth under way');
  const stopped = spine.stop(9);
  finish?.();
  await stopped;
  assert.equal(trees[1]?.stops, [9]);
});

test.run();
