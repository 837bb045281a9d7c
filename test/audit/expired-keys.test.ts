import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Act } from '../../src/audit/act.js';
import { recordExpiredKeys } from '../../src/audit/expired-keys.js';
import { rememberingMemory } from '../helpers/sink-session.js';

test('a key that expired while no daemon ran is recorded at the next start, once', async () => {
  const memory = rememberingMemory();
  let now = 0;
  let notify = (): void => {};
  const keys = {
    list: () =>
      [
        { name: 'always' },
        { name: 'long ago', expires: 1 },
        { name: 'meanwhile', expires: 10 },
        { name: 'later', expires: 20 },
      ].map(key => ({ key, expired: key.expires !== undefined && key.expires <= now })),
    onChange: (listener: () => void) => {
      notify = listener;
      return () => {};
    },
  };
  const start = async (at: number): Promise<Act[]> => {
    now = at;
    const acts: Act[] = [];
    await recordExpiredKeys(keys, memory, { record: act => void acts.push(act) });
    return acts;
  };
  assert.equal(await start(5), []);
  assert.equal(await start(15), [{ type: 'key_expired', by: 'daemon', subject: 'meanwhile', at: 10 }]);
  assert.equal(await start(16), []);
  // It is recorded elsewhere while the daemon runs.
  now = 25;
  notify();
  assert.equal(await start(30), []);
});

test.run();
