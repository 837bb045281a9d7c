import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { watchSettings } from '../../src/config/settings-watch.js';
import { hastyClock } from '../helpers/clock.js';

/** What the files say at each look. */
async function changesOf(looks: readonly (string | undefined)[]): Promise<number[]> {
  const changes: number[] = [];
  const stop = new AbortController();
  let read = -1;
  const settings = {
    changedFiles: () => {
      read += 1;
      if (read >= looks.length) stop.abort();
      return looks[read];
    },
  };
  await watchSettings({ settings, clock: hastyClock(), signal: stop.signal, onChange: () => changes.push(read) });
  return changes;
}

test('a change counts once it is the same from one look to the next', async () => {
  assert.equal(await changesOf([undefined, 'empty', 'half', 'whole', 'whole', undefined, undefined]), [4]);
});

test('a file that is as it was again has not changed', async () => {
  assert.equal(await changesOf([undefined, 'other', undefined, 'other', undefined]), []);
});

test.run();
