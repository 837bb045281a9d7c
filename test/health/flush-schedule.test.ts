import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import { FlushSchedule } from '../../src/health/flush-schedule.js';

test('all who ask before a flush share it; closing flushes at once', async () => {
  const flushes = new FlushSchedule(systemClock, 30);
  const first = flushes.next();
  await sleep(5);
  assert.is(flushes.next(), first);
  await first;
  assert.is.not(flushes.next(), first);
  const patient = new FlushSchedule(systemClock, 60_000);
  const waiting = patient.next();
  patient.close();
  await waiting;
  await patient.next();
});

test.run();
