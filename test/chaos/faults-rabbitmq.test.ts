// timeout: 300 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rabbitmqScripts } from '../helpers/servers/rabbitmq-node.js';
import { required } from '../helpers/skip.js';
import { report } from './report.js';
import { run } from './run.js';

required('rabbitmq', rabbitmqScripts() === undefined ? { skip: 'no rabbitmq-server found' } : {});

/** Two daemons, and a broker that is killed. */
const seed = 100;

test(`faults everywhere, RabbitMQ too (seed ${seed}): what was acknowledged is in every sink, once and unchanged`, async () => {
  const result = await run({ broker: 'rabbitmq', seed, durationMs: 12_000, print: () => {} });
  assert.equal(result.verdict.problems, [], report(result));
  assert.ok(result.strokes.some(({ target }) => target === 'broker'));
  assert.ok(result.strokes.some(({ target }) => target === 'second daemon'));
  assert.ok(result.record.count('acknowledged') > 50, report(result));
});

test.run();
