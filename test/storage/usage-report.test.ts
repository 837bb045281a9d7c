import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isFew } from '../../src/usage/figures.js';
import { day, download, UsageScene, view } from '../usage/scene.js';

const march = day;
const april = Date.UTC(2026, 3, 15);
const may = Date.UTC(2026, 4, 15);

/** A view of each of these users, from Germany. */
const viewers = (at: number, users: number) =>
  Array.from({ length: users }, (_, n) => view(at + n * 60_000, { country: 'de', visitor: `v${n}` }));
/** A download of each of these users, from Germany. */
const downloaders = (at: number, users: number) =>
  Array.from({ length: users }, (_, n) => download(at + n * 60_000, { country: 'de', visitor: `v${n}` }, n));

async function germany(scene: UsageScene, from: number, to = from): Promise<readonly unknown[] | string | undefined> {
  const range = { from: from * 100, to: to * 100 + 99 };
  const [row] = await scene.usage.query({ by: 'country', ...range, limit: 10, offset: 0 });
  if (row === undefined) return undefined;
  const { investigations, requests, requestBytes } = row.regular;
  return isFew(row.regular) ? '< 3' : [investigations, requests, requestBytes];
}

async function sceneOf(...events: readonly ReturnType<typeof view>[]): Promise<UsageScene> {
  const scene = new UsageScene();
  scene.scratch.now = Date.UTC(2026, 5, 15);
  await scene.take(...events);
  return scene;
}

test('three viewers and one who downloads: what that one did is not shown', async () => {
  assert.is(await germany(await sceneOf(...viewers(march, 3), ...downloaders(march, 1)), 202603), '< 3');
  assert.equal(await germany(await sceneOf(...viewers(march, 3)), 202603), [3, 0, 0]);
  assert.equal(await germany(await sceneOf(...viewers(march, 3), ...downloaders(march, 3)), 202603), [6, 3, 300]);
});

test('one who downloads in three sessions is one', async () => {
  const hours = [0, 1, 2].map(n => download(march + n * 3_600_000, { country: 'de', visitor: 'v0' }, n));
  assert.is(await germany(await sceneOf(...viewers(march, 3), ...hours), 202603), '< 3');
});

test('how many downloaded stays known of a closed month', async () => {
  const scene = await sceneOf(...downloaders(march, 3), ...downloaders(april, 1), ...viewers(april, 3));
  await scene.months();
  for (const month of [202603, 202604]) assert.ok(scene.scratch.write('closeUsageMonth', { month }));
  assert.equal(await germany(scene, 202603), [3, 3, 300]);
  assert.is(await germany(scene, 202604), '< 3');
});

test('a month of too few users adds nothing to a range, so that no difference shows them', async () => {
  const scene = await sceneOf(...downloaders(march, 4), ...downloaders(april, 1), ...downloaders(may, 3));
  assert.equal(await germany(scene, 202603), [4, 4, 400]);
  assert.is(await germany(scene, 202604), '< 3');
  assert.equal(await germany(scene, 202603, 202604), [4, 4, 400]);
  assert.equal(await germany(scene, 202603, 202605), [7, 7, 700]);
});

test('months of too few users do not become enough together', async () => {
  const scene = await sceneOf(...downloaders(march, 2), ...downloaders(april, 2), ...viewers(may, 2));
  assert.is(await germany(scene, 202603, 202605), '< 3');
});

test('people and machines each need users of their own', async () => {
  const script = download(march, { country: 'de', user_agent: 'curl/8.5.0' });
  const scene = await sceneOf(...downloaders(march, 3), script);
  const [row] = await scene.usage.query({ by: 'country', from: 0, to: 99_999_999, limit: 10, offset: 0 });
  assert.equal([isFew(row!.regular), isFew(row!.machine)], [false, true]);
  assert.equal(row!.regular.requests, 3);
});

test.run();
