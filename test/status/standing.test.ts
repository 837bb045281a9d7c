import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Standing } from '../../src/status/standing.js';

const standing = (): Standing => new Standing({ pace: { size: 20 }, concurrency: { now: 3 } });
const well = { isFailing: false, isParked: false };

test('it shows batch and concurrency, and what a phase means', () => {
  const one = standing();
  assert.equal(one.line('writing', well), {
    state: 'running',
    detail: { phase: 'writing', batch_size: 20, concurrency: 3 },
  });
  assert.is(one.line('subscribing', well).state, 'starting');
  assert.is(one.line('released', well).state, 'holding');
  assert.is(one.line('stopped', well).state, 'stopped');
});

test('a batch that is tried again is still held, or parked', () => {
  const one = standing();
  assert.is(one.line('writing', { isFailing: true, isParked: false }).state, 'holding');
  assert.is(one.line('writing', { isFailing: true, isParked: true }).state, 'parked');
  assert.is(one.line('holding', { isFailing: true, isParked: true }).state, 'parked');
});

test('what the broker does not settle is counted by its kind, with the error of what holds up the rest first', () => {
  const one = standing();
  const error = (message: string) => ({ fault: 'transient', message, at: 0 }) as const;
  one.unsettled(2, error('the queue is full'), 'dead');
  assert.is(one.error?.message, 'the queue is full');
  one.unsettled(5, error('no channel'), 'done');
  assert.is(one.error?.message, 'no channel');
  const { state, detail } = one.line('fetching', well);
  assert.is(state, 'holding');
  assert.equal([detail.unsettled, detail.delayed], [2, 5]);
  one.unsettled(0, undefined, 'done');
  one.unsettled(0, undefined, 'dead');
  assert.equal(one.line('fetching', well), {
    state: 'running',
    detail: { phase: 'fetching', batch_size: 20, concurrency: 3 },
  });
});

test.run();
