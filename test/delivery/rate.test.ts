import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Rate } from '../../src/delivery/rate.js';
import { startDelivery } from '../helpers/delivery.js';
import { ManualClock } from '../helpers/manual-clock.js';
import { MemoryQueue, message } from '../helpers/memory-broker.js';
import { scriptedSink } from '../helpers/scripted-sink.js';
import { until } from '../helpers/wait.js';

const never = new AbortController().signal;

test('a write waits for as long as the events before it take one by one, and unused time is not saved up', async () => {
  const clock = new ManualClock();
  const rate = new Rate(50, clock);
  const began = clock.now();
  const gone: number[] = [];
  const go = async (count: number): Promise<void> => {
    await rate.turn(count, never);
    gone.push(clock.now() - began);
  };
  await go(25);
  const second = go(50);
  await clock.pass(499);
  assert.equal(gone, [0]);
  await clock.pass(1);
  await second;
  assert.equal(gone, [0, 500]);
  await clock.pass(60_000);
  await go(50);
  const last = go(1);
  await clock.pass(999);
  assert.equal(gone, [0, 500, 60_500]);
  await clock.pass(1);
  await last;
  assert.equal(gone, [0, 500, 60_500, 61_500]);
});

test('whoever stops does not wait', async () => {
  const clock = new ManualClock();
  const rate = new Rate(1, clock);
  const stop = new AbortController();
  await rate.turn(1, stop.signal);
  const waiting = rate.turn(1, stop.signal);
  assert.is(clock.sleeping, 1);
  stop.abort();
  await waiting;
  assert.is(clock.sleeping, 0);
});

test('a sink with a rate writes no faster, and its actor says so', async () => {
  const clock = new ManualClock();
  const queue = new MemoryQueue();
  const sink = scriptedSink();
  queue.add(...Array.from({ length: 30 }, (_, index) => message(`event-${index}`)));
  const delivery = startDelivery({ definition: sink.definition, queue, clock, count: 10, rate: 10 });
  for (const seconds of [0, 1, 2]) {
    await until(() => sink.writes.length === seconds + 1, `write ${seconds + 1}`);
    await until(() => clock.sleeping > 0 || seconds === 2, 'the next write, which waits');
    assert.is(sink.delivered.length, 10 * (seconds + 1));
    await clock.pass(1000);
  }
  assert.is(delivery.state('sink')?.detail.rate, 10);
  await delivery.stop();
});

test.run();
