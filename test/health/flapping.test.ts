import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Flapping, flappingAfter, flappingInWords, notFlapping } from '../../src/health/flapping.js';

const after = (runs: string, before: Flapping = notFlapping): Flapping =>
  [...runs].reduce((state, run, at) => flappingAfter(state, run === 'u' ? 'up' : 'down', at, 2), before);

test('runs that go to and fro flap; failures now and then do not', () => {
  assert.is(after('unununun').since, null);
  assert.is(after('ununununu').since, 8);
  assert.is(after('uunnuunnuunnuunnuu').since, 16);
  assert.is(after('uuuunuuuuuuunuuuuuunuuuuuuunuuu').since, null);
  assert.is(after('uuuunnnnnnnnnnnnuuuuuuuuuuuuuuu').since, null);
});

test('it is over once five runs agree, and begins from nothing then', () => {
  const flapping = after('ununununu');
  assert.is(after('uuu', flapping).since, 8);
  assert.equal(after('uuuu', flapping), notFlapping);
  assert.equal(after('nnnnn', flapping), notFlapping);
});

test('it is said in words', () => {
  assert.is(
    flappingInWords(after('ununununu'), 'connection refused'),
    'flapping: changed 8 times in the last 9 checks; the last failed: connection refused',
  );
  assert.is(flappingInWords(after('ununununu'), undefined), 'flapping: changed 8 times in the last 9 checks');
});

test.run();
