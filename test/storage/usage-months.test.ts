import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event, Fields } from '../../src/events/event.js';
import { datasetId, UsageScene, view } from '../usage/scene.js';

const april = Date.UTC(2026, 3, 1);
const [march, inApril] = [202603, 202604];

/** A view that an import has brought, by somebody who logged in. */
function imported(time: number, fields: Fields = {}): Event {
  return { ...view(time, { user_id: 'ada', visitor: undefined, ...fields }), source: 'import' };
}

async function sceneOf(...events: readonly Event[]): Promise<UsageScene> {
  const scene = new UsageScene();
  scene.scratch.now = Date.UTC(2026, 3, 20);
  await scene.take(...events);
  await scene.months();
  return scene;
}

function close(scene: UsageScene, month: number): void {
  assert.ok(scene.scratch.write('closeUsageMonth', { month }));
  trim(scene);
}

/** A chunk after the other. */
function trim({ scratch }: UsageScene): void {
  while (scratch.write('trimUsage', { lateBefore: 0, limit: 1_000 }) >= 1_000);
}

const kept = ({ scratch: { database } }: UsageScene): number[] =>
  database.rows<[number]>('SELECT time FROM usage_accesses ORDER BY time, id').flat();

async function viewsIn(scene: UsageScene, month: number): Promise<number> {
  const range = { from: month * 100, to: month * 100 + 99 };
  const [row] = await scene.usage.query({ by: 'month', ...range, limit: 1, offset: 0 });
  return row?.regular.investigations ?? 0;
}

test('of a closed month what may be a second click of the month before stays: its first 30 seconds, by a login or a cookie', async () => {
  const scene = await sceneOf(
    imported(april + 1),
    imported(april + 30_000, { url: '/datasets/2' }),
    imported(april + 30_001, { url: '/datasets/3' }),
    imported(april + 2, { user_id: undefined, device_id: 'cookie' }),
    imported(april + 3, { user_id: undefined, visitor: 'somebody' }),
    imported(april + 4, { user_id: 'robot', user_agent: 'Googlebot/2.1' }),
    imported(april - 20_000, { url: '/datasets/4' }),
  );
  close(scene, inApril);
  assert.equal(kept(scene), [april - 20_000, april + 1, april + 2, april + 30_000]);
  close(scene, march);
  assert.equal(kept(scene), [april + 1, april + 2, april + 30_000]);
});

test('50,000 documents with a date alone: none of them stays', async () => {
  const scene = await sceneOf(...Array.from({ length: 50_000 }, (_, n) => imported(april, { user_id: `user-${n}` })));
  assert.is(await viewsIn(scene, inApril), 50_000);
  close(scene, inApril);
  assert.equal(kept(scene), []);
  assert.is(await viewsIn(scene, inApril), 50_000);
});

test('15,000 accesses of the first second: the first 10,000 stay', async () => {
  const times = Array.from({ length: 15_000 }, (_, n) => april + 1 + ((n * 7) % 1_000));
  const scene = await sceneOf(...times.map((time, n) => imported(time, { user_id: `user-${n}` })));
  close(scene, inApril);
  const found = kept(scene);
  assert.equal(found, times.sort((one, other) => one - other).slice(0, 10_000));
  trim(scene);
  assert.is(kept(scene).length, 10_000, 'and stay when it is looked at again');
});

test('a date alone is no second click of what came before midnight, and no first click of what comes after it', async () => {
  const clicks = [imported(april - 10_000), imported(april), imported(april + 10_000)];
  for (const events of [clicks, [...clicks].reverse()]) {
    const scene = await sceneOf(...events);
    const [before, after] = [await viewsIn(scene, march), await viewsIn(scene, inApril)];
    // Ten seconds before midnight and ten after it are 20 seconds apart.
    assert.equal([before, after], [0, 2]);
  }
  const alone = await sceneOf(imported(april - 10_000), imported(april));
  assert.equal([await viewsIn(alone, march), await viewsIn(alone, inApril)], [1, 1]);
  close(alone, inApril);
  assert.equal(kept(alone), [april - 10_000]);
});

test('a log has midnight to the second: what it says then is a click as any other', async () => {
  const [first, second] = [april - 10_000, april].map(time => view(time, { user_id: 'ada' }));
  const scene = await sceneOf(first!, second!);
  assert.equal([await viewsIn(scene, march), await viewsIn(scene, inApril)], [0, 1]);
  close(scene, inApril);
  assert.equal(kept(scene), [april - 10_000, april]);
});

test('several with a date alone, of one user to one address on one day, are one', async () => {
  const scene = await sceneOf(
    ...Array.from({ length: 5 }, () => imported(april)),
    imported(april, { user_id: 'carl' }),
    imported(april, { resource_id: datasetId(2), url: '/datasets/2' }),
    imported(april + 86_400_000),
  );
  assert.is(await viewsIn(scene, inApril), 4);
  assert.is((await scene.leftOut()).double_click, 4);
});

test.run();
