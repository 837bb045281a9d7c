import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ProbeTools } from '../../../src/health/probes/probe.js';
import { runOnce, targetOf } from '../../helpers/health.js';

const brokerWith = (inspect: ProbeTools['broker']['inspect']): Partial<ProbeTools> => ({
  broker: { kind: 'rabbitmq', inspect },
});

test('a queue may have any name that RabbitMQ allows', () => {
  const { check, address } = targetOf('a=queue:error.ncsa.image preview');
  assert.equal(check, { queue: 'error.ncsa.image preview', expect: {} });
  assert.is(address, 'queue:error.ncsa.image preview');
});

test('messages and consumers are read; limits may be expected of them', async () => {
  const broker = brokerWith(async queue =>
    queue === 'ncsa.image.preview' ? { messages: 12, consumers: 0 } : undefined,
  );
  const found = await runOnce('q=queue:ncsa.image.preview', broker);
  assert.equal([found.finding, found.readings], ['up', { queue_length: 12, consumers: 0 }]);
  assert.is((await runOnce('q=queue:error.none', broker)).reason, 'there is no queue error.none');
  const url = 'queue:ncsa.image.preview';
  const full = await runOnce({ name: 'q', url, expect: { messages: 10 } }, broker);
  assert.equal([full.finding, full.reason], ['down', '12 messages wait, more than 10']);
  assert.is((await runOnce({ name: 'q', url, expect: { consumers: 1 } }, broker)).reason, '0 consumers, fewer than 1');
});

test('a broker that fails, or does not answer, is down', async () => {
  const failing = await runOnce(
    'q=queue:a',
    brokerWith(async () => {
      throw new Error('not connected');
    }),
  );
  assert.equal([failing.finding, failing.reason], ['down', 'the broker does not answer: not connected']);
  const silent = await runOnce(
    { name: 'q', url: 'queue:a', timeout: 0.05 },
    brokerWith(() => new Promise(() => {})),
  );
  assert.is(silent.reason, 'no answer within 0.05 s');
});

test('without RabbitMQ the reason says why other queues cannot be seen', async () => {
  const { reason } = await runOnce('q=queue:other', {
    broker: { kind: 'embedded', inspect: async () => undefined },
  });
  assert.is(reason, 'there is no queue other here: without RABBITMQ_URI only the daemon’s own can be seen');
});

test.run();
