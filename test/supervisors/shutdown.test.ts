import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shutdownInOrder } from '../../supervisors/shutdown.js';
import { hastyClock } from '../helpers/clock.js';
import { recordingLog } from '../helpers/recording-log.js';

test('shutdown runs every step in order, also after one that fails, and hurries when the patience ends', async () => {
  const order: string[] = [];
  let hurried = false;
  let release: () => void = () => {};
  const { log, lines } = recordingLog();
  await shutdownInOrder(
    [
      { name: 'first', run: async () => void order.push('first') },
      { name: 'broken', run: () => Promise.reject(new Error('broken')) },
      { name: 'slow', run: () => new Promise<void>(resolve => (release = resolve)) },
      { name: 'last', run: async () => void order.push('last') },
    ],
    {
      timeoutMs: 5,
      clock: hastyClock(20),
      log,
      giveUp: () => {
        hurried = true;
        release();
      },
    },
  );
  assert.equal(order, ['first', 'last']);
  assert.ok(hurried);
  assert.ok(lines.some(({ line }) => line === 'shutdown.incomplete'));
});

test('shutdown leaves a step behind that never ends', async () => {
  const order: string[] = [];
  const { log, lines } = recordingLog();
  await shutdownInOrder(
    [
      { name: 'stuck', run: () => new Promise<void>(() => {}) },
      { name: 'last', run: async () => void order.push('last') },
    ],
    { timeoutMs: 0, clock: hastyClock(), log, giveUp: () => {} },
  );
  assert.equal(order, ['last']);
  assert.equal(
    lines.filter(({ line }) => line === 'shutdown.incomplete').map(({ fields }) => fields.step),
    ['stuck'],
  );
});

test.run();
