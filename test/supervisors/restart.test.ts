import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { faultOf, SetupError, TransientError } from '../../src/errors.js';
import { StatusBoard } from '../../src/status/board.js';
import { createRestartPolicy } from '../../supervisors/restart.js';
import { hastyClock } from '../helpers/clock.js';
import { recordingLog } from '../helpers/recording-log.js';

function policyOf(random: () => number) {
  const clock = hastyClock(0);
  const board = new StatusBoard(clock);
  const stopping = new AbortController();
  const { log, lines } = recordingLog();
  const policy = createRestartPolicy({ status: board.line('sink'), clock, log, stopping: stopping.signal, random });
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

test('a wait is as long as the destination asked for beside the error, once', async () => {
  const { policy, clock } = policyOf(() => 1);
  policy.asked(90_000);
  await policy.crashed(new SetupError('the key is wrong'));
  await policy.crashed(new SetupError('the key is wrong'));
  assert.equal(clock.sleeps, [90_000, 2_000]);
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
  const { policy, stopping, board } = policyOf(() => 1);
  stopping.abort();
  await policy.crashed(new TransientError('down', { retryAfterMs: 3_600_000 }));
  assert.is(board.get('sink')?.lastError?.fault, 'transient');
});

test.run();
