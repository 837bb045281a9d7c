import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RecentIds } from '../../../../src/broker/rabbitmq/ledger/recent-ids.js';

test('an id is taken as often as it was added, before and after the first was looked for', () => {
  const recent = new RecentIds(['a', 'b']);
  recent.add(['a', 'c']);
  assert.equal([recent.take('a'), recent.take('a'), recent.take('a')], [true, true, false]);
  recent.add(['a']);
  assert.equal([recent.take('a'), recent.take('b'), recent.take('d')], [true, true, false]);
  assert.is(recent.total, 5);
});

test('what is beyond those that are kept is forgotten, whether it was looked for or not', () => {
  for (const looked of [false, true]) {
    const recent = new RecentIds();
    recent.add(['a', 'b', 'c', 'd', 'e']);
    if (looked) assert.not(recent.take('x'));
    recent.trim(2);
    assert.equal(
      ['a', 'b', 'c', 'd', 'e'].map(id => recent.take(id)),
      [false, false, false, true, true],
      `looked: ${looked}`,
    );
  }
});

test.run();
