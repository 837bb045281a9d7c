import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualClock, withStorage } from './scratch.js';

test('remembers by namespace and forgets in time', async () => {
  const clock = manualClock(1_700_000_000_000);
  await withStorage(
    async storage => {
      const [ours, theirs] = [storage.keyValues('ours'), storage.keyValues('theirs')];
      await ours.put(
        [
          ['a', '1'],
          ['b', '2'],
        ],
        1000,
      );
      await theirs.put([['a', '3']], 5000);
      assert.equal(
        [...(await ours.get(['a', 'b', 'c']))],
        [
          ['a', '1'],
          ['b', '2'],
        ],
      );
      await ours.put([['a', '4']], 10_000);
      clock.time += 1000;
      assert.equal([...(await ours.get(['a', 'b']))], [['a', '4']]);
      assert.equal([...(await theirs.get(['a', 'b']))], [['a', '3']]);
      assert.equal([...(await ours.get([]))], []);
      await ours.put([], 10);
    },
    { clock },
  );
});

test('two who ask at once when a message was first seen get the same answer, for a day', async () => {
  const clock = manualClock(1_700_000_000_000);
  await withStorage(
    async storage => {
      const first = storage.firstSeen(['a', 'b', 'a']);
      clock.time += 5;
      const second = storage.firstSeen(['b', 'c']);
      const [one, other] = await Promise.all([first, second]);
      assert.is(one.get('b'), other.get('b'));
      assert.equal([...one.keys()].sort(), ['a', 'b']);
      clock.time += 3_600_000;
      assert.is((await storage.firstSeen(['a'])).get('a'), one.get('a'));
      clock.time += 24 * 3_600_000;
      assert.is((await storage.firstSeen(['a'])).get('a'), clock.time);
      assert.equal([...(await storage.firstSeen([]))], []);
    },
    { clock },
  );
});

test('a clock that jumps 40 days ahead lets nothing expire, unless it stays there for an hour; one that jumps back neither', async () => {
  const days = 40 * 86_400_000;
  const clock = manualClock(1_700_000_000_000);
  const passed = { ms: 0 };
  const jumping = { ...clock, now: () => clock.time, monotonic: () => passed.ms };
  await withStorage(
    async storage => {
      const keyValues = storage.keyValues('sent');
      const known = async (key: string): Promise<boolean> => (await keyValues.get([key])).has(key);
      const put = (key: string) => keyValues.put([[key, '']], 86_400_000);
      await put('before');
      clock.time += days;
      await put('ahead');
      assert.ok(await known('before'));
      assert.is(await storage.write('sweepKeyValues', { limit: 20 }), 0);
      clock.time -= 2 * days;
      await put('behind');
      assert.equal([await known('before'), await known('ahead'), await known('behind')], [true, true, true]);
      clock.time += days;
      assert.ok(await known('behind'));
      passed.ms += 3_600_000;
      clock.time += 3_600_000;
      assert.equal([await known('before'), await known('ahead'), await known('behind')], [true, true, false]);
    },
    { clock: jumping },
  );
});

test('sweeps what has expired in chunks', async () => {
  const clock = manualClock(1_700_000_000_000);
  await withStorage(
    async storage => {
      const keyValues = storage.keyValues('sent');
      await keyValues.put(
        Array.from({ length: 50 }, (_, index) => [`key-${index}`, '']),
        1000,
      );
      await keyValues.put([['kept', 'x']], 100_000);
      clock.time += 2000;
      const sweep = () => storage.write('sweepKeyValues', { limit: 20 });
      assert.equal([await sweep(), await sweep(), await sweep(), await sweep()], [20, 20, 10, 0]);
      assert.is((await keyValues.get(['kept'])).size, 1);
    },
    { clock },
  );
});

test.run();
