import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { attributed } from '../../src/health/dependencies.js';
import type { Result } from '../../src/health/result.js';
import { parsed } from '../helpers/health.js';

const failed: Result = { finding: 'down', reason: 'connection refused', times: undefined, loss: 100, readings: {} };

test('a target depends on targets, and not on itself', () => {
  const problems = (...written: readonly unknown[]) => parsed(written).problems;
  assert.equal(problems('a=tcp://h:1', 'b=tcp://h:2 depends_on=a'), []);
  assert.equal(problems('a=tcp://h:1 depends_on=c'), [
    'HEALTH_TARGETS: target "a" depends on "c", which is not a target',
  ]);
  assert.equal(problems('a=tcp://h:1 depends_on=b', 'b=tcp://h:2 depends_on=a'), [
    'HEALTH_TARGETS: target "a" depends on itself, straight or by way of others',
    'HEALTH_TARGETS: target "b" depends on itself, straight or by way of others',
  ]);
});

test('a failure says nothing while a parent fails, and names the one that is down', () => {
  const parent = { name: 'switch', fails: true, announced: false, causedBy: undefined };
  const { finding, reason, causedBy, causeAnnounced } = attributed(failed, [parent]);
  assert.equal([finding, causedBy, causeAnnounced], ['unknown', 'switch', false]);
  assert.is(reason, 'cannot be known: switch is down (here: connection refused)');
  const far = { name: 'rack', fails: true, announced: true, causedBy: 'power' };
  assert.is(attributed(failed, [parent, far]).causedBy, 'power');
  assert.equal(attributed(failed, [{ ...parent, fails: false }]), failed);
});

test.run();
