import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { attributed, standingOf } from '../../src/health/dependencies.js';
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
  const parent = { name: 'switch', fails: true, announced: false, maintained: false, causedBy: undefined };
  const { finding, reason, causedBy, causeAnnounced } = attributed(failed, [parent]);
  assert.equal([finding, causedBy, causeAnnounced], ['unknown', 'switch', false]);
  assert.is(reason, 'cannot be known: switch is down (here: connection refused)');
  const far = { ...parent, name: 'rack', announced: true, causedBy: 'power' };
  assert.is(attributed(failed, [parent, far]).causedBy, 'power');
  assert.equal(attributed(failed, [{ ...parent, fails: false }]), failed);
});

test('a failure says nothing either while a parent is being worked on, unless another one is down', () => {
  const parent = { name: 'switch', fails: true, announced: false, maintained: true, causedBy: undefined };
  const found = attributed(failed, [parent]);
  assert.equal([found.finding, found.causeAnnounced, found.causeMaintained], ['unknown', true, true]);
  assert.is(found.reason, 'cannot be known: switch is being worked on (here: connection refused)');
  // What hangs from a target that this hides is hidden as well.
  const hidden = standingOf('rack', 'unknown', found);
  assert.equal([attributed(failed, [hidden]).causedBy, attributed(failed, [hidden]).causeMaintained], ['switch', true]);
  const down = { ...parent, name: 'power', announced: true, maintained: false };
  assert.equal([attributed(failed, [hidden, down]).causedBy], ['power']);
  assert.equal(attributed(failed, [{ ...parent, fails: false }]), failed);
});

test('the service at the bottom counts, and not the maintenance of one between', () => {
  const asRouter = { name: 'router', fails: true, announced: true, maintained: false, causedBy: undefined };
  const said = (router: typeof asRouter) => {
    const between = standingOf('switch', 'maintenance', attributed(failed, [router]));
    const { reason, causeAnnounced, causeMaintained } = attributed(failed, [between]);
    return [reason, causeAnnounced, causeMaintained];
  };
  const down = 'cannot be known: router is down (here: connection refused)';
  assert.equal(said(asRouter), [down, true, false]);
  assert.equal(said({ ...asRouter, announced: false }), [down, false, false]);
  const worked = 'cannot be known: router is being worked on (here: connection refused)';
  assert.equal(said({ ...asRouter, announced: false, maintained: true }), [worked, true, true]);
  const alone = attributed(failed, [standingOf('switch', 'maintenance', failed)]);
  assert.is(alone.reason, 'cannot be known: switch is being worked on (here: connection refused)');
});

test.run();
