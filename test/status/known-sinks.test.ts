import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sinks } from '../../src/sinks/registry.js';
import { knownSinkNames, namedSinkOf } from '../../src/status/known-sinks.js';
import { rememberingMemory } from '../helpers/sink-session.js';

const kinds = sinks.map(({ name }) => name);

test('a name that was configured once is known for ever', async () => {
  const keyValues = rememberingMemory();
  assert.equal(await knownSinkNames(sinks, ['mongodb'], keyValues), kinds);
  assert.is(keyValues.entries.size, 0);
  assert.equal(await knownSinkNames(sinks, ['mongodb', 'mongodb.b', 'ga4.a'], keyValues), [
    ...kinds,
    'ga4.a',
    'mongodb.b',
  ]);
  assert.equal(await knownSinkNames(sinks, ['mongodb.c'], keyValues), [...kinds, 'ga4.a', 'mongodb.b', 'mongodb.c']);
  assert.equal(await knownSinkNames(sinks, [], keyValues), [...kinds, 'ga4.a', 'mongodb.b', 'mongodb.c']);
});

test('a queue is of a named sink when its kind is one', () => {
  assert.is(namedSinkOf('event-sink.mongodb.archive', sinks), 'mongodb.archive');
  for (const queue of [
    'event-sink.mongodb',
    'event-sink.local.x',
    'event-sink.nothing.x',
    'extractor.x',
    'event-sink.ga4.A',
  ]) {
    assert.is(namedSinkOf(queue, sinks), undefined, queue);
  }
});

test.run();
