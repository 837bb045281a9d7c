import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  afterBeat,
  afterSilence,
  type BeatKind,
  type Heartbeat,
  judgeHeartbeat,
  newHeartbeat,
} from '../../src/heartbeats/heartbeat.js';
import { scheduleOf } from '../../src/heartbeats/schedule.js';

const start = Date.parse('2026-03-05T00:00:00Z');
const hour = 3_600_000;
/** A nightly job, an hour of grace, two hours to run. */
const nightly = scheduleOf({ every: 86_400, grace: 3600, runtime: 7200 });

const beat = (before: Heartbeat, kind: BeatKind, hours: number, message?: string): Heartbeat =>
  afterBeat(before, { kind, message, at: start + hours * hour }, nightly);
const reasonAt = (heartbeat: Heartbeat, hours: number) => judgeHeartbeat(heartbeat, nightly, start + hours * hour);
const heard = beat(newHeartbeat(start, nightly), 'success', 2);

test('what is not said follows from the interval', () => {
  assert.equal(scheduleOf({ every: 86_400 }), { everyMs: 86_400_000, graceMs: 8_640_000, runtimeMs: 8_640_000 });
  assert.equal(scheduleOf({ every: 60, runtime: 5 }), { everyMs: 60_000, graceMs: 60_000, runtimeMs: 5_000 });
  assert.equal(scheduleOf({}), { everyMs: undefined, graceMs: hour, runtimeMs: hour });
});

test('a job is unknown until it is heard of, and overdue when it is not heard of in time', () => {
  const fresh = newHeartbeat(start, nightly);
  assert.equal(reasonAt(fresh, 25), { reason: 'not heard of yet', unknown: true });
  assert.is(reasonAt(fresh, 25.1)?.reason, 'overdue: expected by 2026-03-06T00:00:00Z, never heard of');
  assert.is(reasonAt(heard, 27), undefined);
  assert.equal(reasonAt(heard, 27.1), {
    reason: 'overdue: expected by 2026-03-06T02:00:00Z, last success at 2026-03-05T02:00:00Z',
    unknown: false,
  });
  assert.is(reasonAt(beat(heard, 'success', 30), 50), undefined);
});

test('a run that began must end in time, and is not overdue meanwhile', () => {
  const begun = beat(heard, 'start', 26.5);
  assert.is(reasonAt(begun, 28.4), undefined);
  assert.is(reasonAt(begun, 28.6)?.reason, 'started at 2026-03-06T02:30:00Z, and has not ended within 2 h');
  assert.is(reasonAt(beat(begun, 'success', 29), 29), undefined);
  assert.equal(reasonAt(beat(newHeartbeat(start, nightly), 'start', 1), 2), {
    reason: 'its first run has not ended yet',
    unknown: true,
  });
});

test('a failure holds until a success, also while the next run is under way', () => {
  const failed = beat(heard, 'failure', 26, 'disk full');
  assert.is(reasonAt(failed, 26)?.reason, 'the job failed: disk full');
  assert.is(reasonAt(beat(failed, 'start', 50), 50.5)?.reason, 'the job failed: disk full');
  assert.is(reasonAt(beat(failed, 'success', 51), 51), undefined);
  assert.is(reasonAt(beat(heard, 'failure', 26), 26)?.reason, 'the job failed: no reason given');
});

test('a run that begins too late does not end what is overdue: its success does', () => {
  const begun = beat(heard, 'start', 28);
  const reason = 'overdue: expected by 2026-03-06T02:00:00Z, last success at 2026-03-05T02:00:00Z';
  assert.is(reasonAt(heard, 28)?.reason, reason);
  assert.is(reasonAt(begun, 28.5)?.reason, reason);
  assert.is(reasonAt(beat(begun, 'success', 29), 29), undefined);
  const first = beat(newHeartbeat(start, nightly), 'start', 26);
  assert.is(reasonAt(first, 26)?.reason, 'overdue: expected by 2026-03-06T00:00:00Z, no success yet');
});

test('a run that never ended has failed when the next one begins', () => {
  const again = beat(beat(heard, 'start', 25), 'start', 49);
  assert.is(reasonAt(again, 49)?.reason, 'the job failed: its run of 2026-03-06T01:00:00Z never ended');
  assert.is(reasonAt(beat(again, 'success', 50), 50), undefined);
  const soon = beat(beat(heard, 'start', 25), 'start', 26);
  assert.is(reasonAt(soon, 27), undefined);
});

test('a job without an interval is never overdue', () => {
  const schedule = scheduleOf({});
  const once = afterBeat(newHeartbeat(start, schedule), { kind: 'success', message: undefined, at: start }, schedule);
  assert.is(judgeHeartbeat(once, schedule, start + 10_000 * hour), undefined);
});

test('time in which nobody listened is not held against the job', () => {
  const silence = (heartbeat: Heartbeat, from: number, until: number): Heartbeat =>
    afterSilence(heartbeat, nightly, start + from * hour, start + until * hour);
  // At noon nobody expected it.
  assert.equal(silence(heard, 10, 11), heard);
  // It is expected at 26: the next time then.
  const excused = silence(heard, 25.5, 26.5);
  assert.is(reasonAt(excused, 28), undefined);
  assert.is(reasonAt(excused, 51.1)?.reason.slice(0, 38), 'overdue: expected by 2026-03-07T02:00:');
  // Away for four nights.
  assert.is(silence(heard, 20, 100).due, start + 122 * hour);
  assert.is(silence(heard, 20, 97.5).due, start + 122 * hour);
  assert.is(silence(heard, 20, 96.9).due, start + 98 * hour);
  // Overdue before.
  assert.ok(reasonAt(silence(heard, 28, 40), 40));
  // Its end may have been said meanwhile.
  const begun = silence(beat(heard, 'start', 25.8), 26, 27);
  assert.equal([begun.started, reasonAt(begun, 30)], [null, undefined]);
  assert.ok(reasonAt(silence(beat(heard, 'start', 20), 23, 24), 24));
});

test.run();
