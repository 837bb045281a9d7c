import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Tracing } from '../../src/extractors/tracing.js';
import { trace } from './traces.js';

const queue = 'event-sink.extractions';
const itself = (id: string) => ({ ...trace(queue, {}, ''), direct: id });
const copy = (id: string) => trace('publish.', { routing_keys: [queue], properties: { message_id: id } }, '');

test('a probe goes out every five seconds', () => {
  const tracing = new Tracing();
  const ids = [0, 1_000, 4_999, 5_000, 9_000, 10_000].map(now => tracing.probe(now));
  assert.equal(
    ids.map(id => id !== undefined),
    [true, false, false, true, false, true],
  );
  assert.is(new Set(ids.filter(id => id !== undefined)).size, 3);
});

test('tracing is on when the copy of a probe came before the probe', () => {
  const tracing = new Tracing();
  assert.is(tracing.state, 'unknown');
  const id = tracing.probe(0)!;
  assert.ok(tracing.came(copy(id), queue));
  assert.ok(tracing.came(itself(id), queue));
  assert.is(tracing.state, 'on');
});

test('it is off when two probes come without a copy, and on again with the next one that has one', () => {
  const tracing = new Tracing();
  tracing.came(itself(tracing.probe(0)!), queue);
  assert.is(tracing.state, 'unknown');
  tracing.came(itself(tracing.probe(5_000)!), queue);
  assert.is(tracing.state, 'off');
  const id = tracing.probe(10_000)!;
  tracing.came(copy(id), queue);
  tracing.came(itself(id), queue);
  assert.is(tracing.state, 'on');
});

test('probes of other daemons say nothing, and are no messages of jobs', () => {
  const tracing = new Tracing();
  for (let count = 0; count < 5; count += 1) assert.ok(tracing.came(itself(`another-${count}`), queue));
  assert.ok(tracing.came(copy('another-9'), queue));
  assert.is(tracing.state, 'unknown');
  assert.not.ok(tracing.came(trace('publish.', { routing_keys: ['ncsa.sample'] }, '{}'), queue));
});

test('silence is noticed when nothing came after three probes, whatever came before', () => {
  const tracing = new Tracing();
  const probes = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => tracing.probe(from + index * 5_000));
  probes(0, 3);
  assert.not.ok(tracing.isSilent);
  probes(15_000, 1);
  assert.ok(tracing.isSilent);
  tracing.standBy();
  assert.is(tracing.state, 'standby');
  assert.not.ok(tracing.isSilent);
  probes(20_000, 3);
  tracing.came(trace('publish.', {}, ''), queue);
  probes(35_000, 3);
  assert.not.ok(tracing.isSilent);
});

test.run();
