import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ResourceCache } from '../../src/context/cache.js';
import { ranks } from '../../src/context/resource.js';
import { resourceStore } from '../../src/context/store.js';
import { hastyClock } from '../helpers/clock.js';
import { recordingLog } from '../helpers/recording-log.js';
import { until } from '../helpers/wait.js';
import { withStorage } from '../storage/scratch.js';
import { storeInMemory } from './asking.js';

const id = (n: number) => n.toString(16).padStart(24, '0');

function open(store = storeInMemory(), maxInMemory = 100) {
  const { log, lines } = recordingLog();
  return { store, lines, opened: ResourceCache.open({ store, clock: hastyClock(), log, maxInMemory }) };
}

test('memory is bounded, and what left it is found on the disk', async () => {
  const { store, opened } = open();
  const cache = await opened;
  assert.is(
    cache.load(() => [id(1)]),
    undefined,
  );
  for (let n = 0; n < 1_000; n += 1) {
    cache.learn(id(n), { kind: 'file', name: `file ${n}` }, ranks.event);
    assert.ok(cache.size <= 100);
  }
  // Looked at all the time, so it stays.
  assert.is(cache.get(id(0)), undefined);
  await cache.close();
  assert.is(store.saved.size, 1_000);
  await cache.load(() => [id(0), id(7)]);
  assert.is(cache.get(id(7))?.name, 'file 7');
  assert.ok(cache.size <= 100);
});

test('a file brings its dataset and the space of that from the disk', async () => {
  const store = storeInMemory();
  store.saved.set(id(1), { kind: 'file', dataset: id(2), rank: ranks.clowder });
  store.saved.set(id(2), { kind: 'dataset', spaces: [id(3)], rank: ranks.clowder });
  store.saved.set(id(3), { kind: 'space', name: 'Weather', rank: ranks.clowder });
  for (let n = 10; n < 1_000; n += 1) store.saved.set(id(n), { kind: 'file', rank: ranks.event });
  const asked: (readonly string[])[] = [];
  const counted = {
    ...store,
    get: (ids: readonly string[]) => store.get(asked[asked.push(ids) - 1] as readonly string[]),
  };
  const cache = await open(counted).opened;
  assert.is(cache.get(id(3)), undefined);
  // Nobody has the last of them.
  await cache.load(() => [id(1), id(9)]);
  assert.is(cache.get(id(3))?.name, 'Weather');
  assert.equal(asked, [[id(1), id(9)], [id(2)], [id(3)]]);
  assert.is(
    cache.load(() => [id(1)]),
    undefined,
  );
  await cache.close();
});

test('what is looked at stays', async () => {
  const cache = await open().opened;
  for (let n = 0; n < 1_000; n += 1) {
    cache.learn(id(n), { kind: 'file' }, ranks.event);
    assert.is(cache.get(id(0))?.kind, 'file');
  }
  await cache.close();
});

test('a disk that fails loses nothing that is in memory, and is said once', async () => {
  const broken = { ...storeInMemory(), saved: new Map() };
  let fails = true;
  const { lines, opened } = open({
    ...broken,
    newest: () => Promise.reject(new Error('disk is full')),
    put: async () => {
      if (fails) throw new Error('disk is full');
    },
  });
  const cache = await opened;
  cache.learn(id(1), { kind: 'space', name: 'x' }, ranks.event);
  await until(() => lines.length > 1, 'a save that fails');
  assert.is(cache.get(id(1))?.name, 'x');
  assert.equal(
    lines.map(({ line }) => line),
    ['context.unread', 'context.unsaved'],
  );
  fails = false;
  await cache.close();
});

test('the disk is bounded: those that were written first leave', async () =>
  withStorage(async storage => {
    const keyValues = storage.keyValues('context');
    await keyValues.put([['not-json', '{']], 1_000_000);
    await keyValues.put([[id(1), '{"kind":"planet"}']], 1_000_000);
    const store = resourceStore(storage);
    await store.put([[id(2), { kind: 'file', rank: 2 }]]);
    assert.equal(await store.newest(10), [[id(2), { kind: 'file', rank: 2 }]]);
    assert.equal(await store.get([id(1), id(2), id(3)]), [[id(2), { kind: 'file', rank: 2 }]]);
    assert.is(await storage.write('trimValues', { namespace: 'context', max: 1 }), 2);
    assert.equal(await store.newest(10), [[id(2), { kind: 'file', rank: 2 }]]);
    assert.is(await storage.write('trimValues', { namespace: 'context', max: 1 }), 0);
  }));

test.run();
