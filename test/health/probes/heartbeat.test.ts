import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parsed, runOnce, targetOf } from '../../helpers/health.js';

test('an address names a heartbeat, and one result makes a state', () => {
  const target = targetOf({ name: 'Nightly backup', url: 'heartbeat:backup', every: 86_400, grace: 3600 });
  assert.equal([target.address, target.threshold], ['heartbeat:backup', { down: 1, up: 1 }]);
  assert.is(targetOf('b=heartbeat:backup every=31536000').address, 'heartbeat:backup');
  for (const url of ['heartbeat:', 'heartbeat:a/b', 'heartbeat://host'])
    assert.equal(parsed([{ name: 'b', url }]).problems, [
      'HEALTH_TARGETS: target "b" must name a heartbeat of 1 to 128 characters, as heartbeat:NAME',
    ]);
  assert.match(parsed(['b=heartbeat:backup every=99999999']).problems[0] ?? '', 'every must be a number of seconds');
});

test('a run is what was heard of the job', async () => {
  const run = (verdict: { reason: string; unknown: boolean } | undefined) =>
    runOnce('b=heartbeat:backup every=60', {
      heartbeats: { judge: name => (name === 'backup' ? verdict : undefined) },
    });
  assert.is((await run(undefined)).finding, 'up');
  const late = await run({ reason: 'overdue: expected by now', unknown: false });
  assert.equal([late.finding, late.reason], ['down', 'overdue: expected by now']);
  const early = await run({ reason: 'not heard of yet', unknown: true });
  assert.equal([early.finding, early.reason], ['unknown', 'not heard of yet']);
});

test.run();
