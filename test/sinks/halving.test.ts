import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeByHalves } from '../../src/sinks/halving.js';
import { someEvents } from '../helpers/sink-session.js';

const clock = { monotonic: () => 0 };

test('once it is halted no request is begun: what was not sent is deferred, whatever came of the request before', async () => {
  for (const answer of ['refused', undefined]) {
    const events = someEvents(8);
    const halt = new AbortController();
    const sizes: number[] = [];
    const send = async (group: readonly unknown[]): Promise<string | undefined> => {
      sizes.push(group.length);
      if (group.length === 8) return 'one of them is bad';
      halt.abort();
      return answer;
    };
    const { rejected, deferred } = await writeByHalves(events, send, clock, halt.signal);
    assert.equal(sizes, [8, 4]);
    assert.equal(rejected, []);
    const waiting = answer === undefined ? [4, 5, 6, 7] : [0, 1, 2, 3, 4, 5, 6, 7];
    assert.equal(deferred, { indexes: waiting, retryAfterMs: 1_000 });
  }
});

test('one that is halted before is sent once all the same', async () => {
  const sizes: number[] = [];
  const send = async (group: readonly unknown[]): Promise<undefined> => void sizes.push(group.length);
  const result = await writeByHalves(someEvents(3), send, clock, AbortSignal.abort());
  assert.equal(sizes, [3]);
  assert.is(result.deferred, undefined);
});

test.run();
