import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../src/errors.js';
import type { Log } from '../../src/log.js';
import { StatusBoard } from '../../src/status/board.js';
import { Intensity } from '../../supervisors/intensity.js';
import { createRestartPolicy, faultOf } from '../../supervisors/restart.js';
import { shutdownInOrder } from '../../supervisors/shutdown.js';
import { hastyClock } from '../helpers/clock.js';

function recorder() {
  const lines: { level: string; line: string; fields: Record<string, unknown> }[] = [];
  const at = (level: string) => (fields: object, line: string) => {
    lines.push({ level, line, fields: fields as Record<string, unknown> });
  };
  const log: Log = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    child: () => log,
  };
  return { log, lines };
}

function policyOf(random: () => number) {
  const clock = hastyClock(0);
  const board = new StatusBoard(clock);
  const stopping = new AbortController();
  const { log, lines } = recorder();
  const policy = createRestartPolicy({ path: 'sink', board, clock, log, stopping: stopping.signal, random });
  return { policy, clock, board, lines, stopping };
}

test('faults are told apart by class, and everything unknown is a bug', () => {
  assert.is(faultOf(new TransientError('x')), 'transient');
  assert.is(faultOf(new SetupError('x')), 'setup');
  assert.is(faultOf(new RangeError('x')), 'bug');
  assert.is(faultOf('x'), 'bug');
});

test('waits grow to their ceiling, start again after a success, and are never shorter than Retry-After', async () => {
  const { policy, clock } = policyOf(() => 1);
  for (let attempt = 0; attempt < 10; attempt += 1) await policy.crashed(new TransientError('down'));
  assert.equal(clock.sleeps, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000]);
  policy.succeeded();
  await policy.crashed(new TransientError('down'));
  assert.is(clock.sleeps.at(-1), 200);
  await policy.crashed(new TransientError('busy', { retryAfterMs: 90_000 }));
  assert.is(clock.sleeps.at(-1), 90_000);
});

test('a parked sink is tried slowly until something succeeds', async () => {
  const { policy, clock, board } = policyOf(() => 1);
  await policy.crashed(new RangeError('broken'));
  assert.is(clock.sleeps.at(-1), 50);
  policy.park();
  await policy.crashed(new RangeError('broken'));
  assert.is(clock.sleeps.at(-1), 30_000);
  assert.is(board.get('sink')?.state, 'parked');
  policy.succeeded();
  assert.is(board.get('sink')?.state, 'running');
  await policy.crashed(new RangeError('broken'));
  assert.is(clock.sleeps.at(-1), 50);
});

test('a wrong setup is one error line, however often it repeats; an outage is summarised', async () => {
  const { policy, lines } = policyOf(() => 0);
  for (let attempt = 0; attempt < 20; attempt += 1) await policy.crashed(new SetupError('the key is wrong'));
  assert.is(lines.filter(({ level }) => level === 'error').length, 1);
  assert.ok(lines.length < 8, `${lines.length} lines`);
  policy.succeeded();
  assert.is(lines.at(-1)?.line, 'sink.recovered');
});

test('shutdown ends a wait at once', async () => {
  const { policy, stopping } = policyOf(() => 1);
  stopping.abort();
  await policy.crashed(new TransientError('down', { retryAfterMs: 3_600_000 }));
});

test('five failures in a minute are allowed, the sixth is not, and they are forgotten with time', () => {
  let now = 0;
  const intensity = new Intensity({ ...hastyClock(), monotonic: () => now });
  for (let failure = 0; failure < 5; failure += 1) assert.ok(intensity.allows());
  assert.not.ok(intensity.allows());
  now = 61_000;
  assert.ok(intensity.allows());
});

test('shutdown runs every step in order, also after one that fails, and hurries when the patience ends', async () => {
  const order: string[] = [];
  let hurried = false;
  let release: () => void = () => {};
  const { log, lines } = recorder();
  await shutdownInOrder(
    [
      { name: 'first', run: async () => void order.push('first') },
      { name: 'broken', run: () => Promise.reject(new Error('broken')) },
      { name: 'slow', run: () => new Promise<void>(resolve => (release = resolve)) },
      { name: 'last', run: async () => void order.push('last') },
    ],
    {
      patienceMs: 5,
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
  const { log, lines } = recorder();
  await shutdownInOrder(
    [
      { name: 'stuck', run: () => new Promise<void>(() => {}) },
      { name: 'last', run: async () => void order.push('last') },
    ],
    { patienceMs: 0, clock: hastyClock(), log, giveUp: () => {} },
  );
  assert.equal(order, ['last']);
  assert.equal(
    lines.filter(({ line }) => line === 'shutdown.incomplete').map(({ fields }) => fields.step),
    ['stuck'],
  );
});

test.run();
