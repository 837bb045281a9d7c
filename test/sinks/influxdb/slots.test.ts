import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { homeOf, Slots } from '../../../src/sinks/influxdb/slots.js';
import { rememberingMemory } from '../../helpers/sink-session.js';

const created = 1_790_000_000_123;
const place = (id: string, series = 'events,type=file', at = created) => ({ id, created: at, series });
const many = (count: number, prefix = 'event') => Array.from({ length: count }, (_, n) => place(`${prefix}-${n}`));

/** Two ids with the same home. */
const [one, two] = twins();

function twins(): [string, string] {
  const homes = new Map<number, string>();
  for (let n = 0; ; n += 1) {
    const id = `twin-${n}`;
    const other = homes.get(homeOf(id));
    if (other !== undefined) return [other, id];
    homes.set(homeOf(id), id);
  }
}

test('the home of an id never changes: points that are written depend on it', () => {
  assert.is(homeOf('event-1'), 534_631);
  assert.is(homeOf('5f2b1c0de4b0a1b2c3d4e5f6a7b8c9d0'), 650119);
});

test('homes are spread evenly', () => {
  const buckets = new Array(10).fill(0);
  for (let n = 0; n < 100_000; n += 1) buckets[Math.floor(homeOf(`event-${n}`) / 100_000)] += 1;
  for (const count of buckets) assert.ok(count > 9_500 && count < 10_500, `${buckets}`);
});

test('an event sits at its home, and a second one beside it', async () => {
  const slots = await Slots.open(rememberingMemory());
  const [first, second] = await slots.assign([place(one), place(two)]);
  assert.is(first, homeOf(one));
  assert.is(second, (homeOf(one) + 1) % 1_000_000);
});

test('other series and other milliseconds have slots of their own', async () => {
  const slots = await Slots.open(rememberingMemory());
  const taken = await slots.assign([place(one), place(two, 'events,type=other'), place(two, undefined, created + 1)]);
  assert.equal(taken, [homeOf(one), homeOf(one), homeOf(one)]);
});

test('the same id has the same slot, within a batch and in later ones', async () => {
  const slots = await Slots.open(rememberingMemory());
  const [a, b, again] = await slots.assign([place(one), place(two), place(two)]);
  assert.is(again, b);
  assert.equal(await slots.assign([place(two), place(one)]), [b, a]);
});

test('quiet groups cost no disk', async () => {
  const keyValues = rememberingMemory();
  const slots = await Slots.open(keyValues);
  await slots.assign(Array.from({ length: 1000 }, (_, n) => place(`event-${n}`, undefined, created + n)));
  assert.is(keyValues.entries.size, 0);
});

test('a moved id is durable before the write: after a restart, in any order, nobody changes place', async () => {
  const keyValues = rememberingMemory();
  const [a, b] = await (await Slots.open(keyValues)).assign([place(one), place(two)]);
  assert.equal(await (await Slots.open(keyValues)).assign([place(two)]), [b]);
  assert.equal(await (await Slots.open(keyValues)).assign([place(two), place(one)]), [b, a]);
});

test('2,000 events in one millisecond of one series: distinct slots, however often and in whatever pieces they come', async () => {
  const keyValues = rememberingMemory();
  const places = many(2000);
  const first = await (await Slots.open(keyValues)).assign(places.slice(0, 700));
  const slots = await Slots.open(keyValues);
  const second = await slots.assign(places.slice(300, 1500));
  const third = await (await Slots.open(keyValues)).assign([...places.slice(1000)].reverse());
  const all = new Map<string, number>();
  const note = (ids: readonly { id: string }[], taken: readonly (number | undefined)[]) => {
    taken.forEach((slot, n) => {
      const id = ids[n]!.id;
      assert.ok(slot !== undefined && slot >= 0 && slot < 1_000_000);
      assert.is(all.get(id) ?? slot, slot, id);
      all.set(id, slot);
    });
  };
  note(places.slice(0, 700), first);
  note(places.slice(300, 1500), second);
  note([...places.slice(1000)].reverse(), third);
  assert.is(new Set(all.values()).size, 2000);
});

test('what is durable is found again when memory had to let it go', async () => {
  const keyValues = rememberingMemory();
  const slots = await Slots.open(keyValues, 100);
  const before = await slots.assign(many(50));
  await slots.assign(Array.from({ length: 500 }, (_, n) => place(`other-${n}`, undefined, created + 1 + n)));
  assert.equal(await slots.assign(many(50)), before);
  const after = await slots.assign(many(50, 'late'));
  assert.is(new Set([...before, ...after]).size, 100);
});

test('records grow by what is new', async () => {
  const keyValues = rememberingMemory();
  const slots = await Slots.open(keyValues);
  for (let n = 0; n < 10; n += 1) await slots.assign(many(100, `batch-${n}`));
  const sizes = [...keyValues.entries.values()].map(value => value.length).filter(length => length > 20);
  assert.is(sizes.length, 10);
  assert.ok(Math.max(...sizes) < 1.2 * Math.min(...sizes));
});

test('nothing is given out that could not be made durable', async () => {
  const keyValues = rememberingMemory();
  const slots = await Slots.open({ ...keyValues, put: () => Promise.reject(new Error('the disk is full')) });
  try {
    await slots.assign(many(100));
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, 'the disk is full');
  }
});

test('a thousand users in one millisecond', async () => {
  const slots = await Slots.open(rememberingMemory(), 10);
  const places = Array.from({ length: 1000 }, (_, n) => place(n % 2 === 0 ? one : two, `events,user_id=${n >> 1}`));
  const taken = await slots.assign(places);
  for (let n = 0; n < 1000; n += 2) assert.not.equal(taken[n], taken[n + 1]);
  assert.equal(await slots.assign(places), taken);
});

test.run();
