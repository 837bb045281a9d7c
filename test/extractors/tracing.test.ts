import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Tracing } from '../../src/extractors/tracing.js';
import { trace } from './traces.js';

const queue = 'event-sink.extractions';
const itself = (id: string) => ({ ...trace(queue, {}, ''), direct: id });
const copy = (id: string) => trace('publish.', { routing_keys: [queue], properties: { message_id: id } }, '');

test('a probe goes out every five seconds', () => {
  const tracing = new Tracing(0);
  const ids = [0, 1_000, 4_999, 5_000, 9_000, 10_000].map(now => tracing.probe(now));
  assert.equal(
    ids.map(id => id !== undefined),
    [true, false, false, true, false, true],
  );
  assert.is(new Set(ids.filter(id => id !== undefined)).size, 3);
});

test('tracing is on when the copy of a probe came before the probe', () => {
  const tracing = new Tracing(0);
  assert.is(tracing.state, 'unknown');
  const id = tracing.probe(0)!;
  assert.ok(tracing.came(copy(id), queue, 1));
  assert.ok(tracing.came(itself(id), queue, 1));
  assert.is(tracing.state, 'on');
});

test('it is off when two probes come without a copy, and on again with the next one that has one', () => {
  const tracing = new Tracing(0);
  tracing.came(itself(tracing.probe(0)!), queue, 1);
  assert.is(tracing.state, 'unknown');
  tracing.came(itself(tracing.probe(5_000)!), queue, 5_001);
  assert.is(tracing.state, 'off');
  const id = tracing.probe(10_000)!;
  tracing.came(copy(id), queue, 10_001);
  tracing.came(itself(id), queue, 10_001);
  assert.is(tracing.state, 'on');
});

test('probes of other daemons say nothing, and are no messages of jobs', () => {
  const tracing = new Tracing(0);
  for (let count = 0; count < 5; count += 1) assert.ok(tracing.came(itself(`another-${count}`), queue, count));
  assert.ok(tracing.came(copy('another-9'), queue, 9));
  assert.is(tracing.state, 'unknown');
  assert.not.ok(tracing.came(trace('publish.', { routing_keys: ['ncsa.sample'] }, '{}'), queue, 10));
});

test('silence is noticed after fifteen seconds, whatever came before', () => {
  const tracing = new Tracing(0);
  assert.not.ok(tracing.isSilent(15_000));
  assert.ok(tracing.isSilent(15_001));
  tracing.standBy(15_001);
  assert.is(tracing.state, 'standby');
  assert.not.ok(tracing.isSilent(30_000));
  tracing.came(trace('publish.', {}, ''), queue, 30_000);
  assert.not.ok(tracing.isSilent(45_000));
});

test.run();
