import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EncodedMessage } from '../../../../src/broker/rabbitmq/publish/outgoing-message.js';
import { PendingConfirms } from '../../../../src/broker/rabbitmq/publish/pending-confirms.js';

function pending(...ids: readonly string[]): PendingConfirms {
  const messages = ids.map(
    (messageId): EncodedMessage => ({
      exchange: 'events',
      routingKey: '',
      content: Buffer.from(''),
      options: { messageId },
    }),
  );
  return new PendingConfirms(messages, 0, 1_000);
}

test('is settled when the last message has its result, in the order of the messages', async () => {
  const confirms = pending('a', 'b', 'c');
  confirms.decide(2, 'confirmed');
  confirms.decide(0, 'failed');
  assert.not.ok(confirms.complete);
  confirms.decide(1, { refused: 'too large' });
  await confirms.settled;
  assert.equal(confirms.results, ['failed', { refused: 'too large' }, 'confirmed']);
});

test('no messages are settled at once', async () => {
  const confirms = pending();
  await confirms.settled;
  assert.equal(confirms.results, []);
});

test('a message that was returned stays returned when its confirm follows', () => {
  const confirms = pending('a', 'b');
  confirms.returned('b', 'events', '');
  confirms.decide(0, 'confirmed');
  confirms.decide(1, 'confirmed');
  assert.equal(confirms.results, ['confirmed', 'returned']);
});

test('a return of another address, or after the decision, changes nothing', () => {
  const confirms = pending('a', 'b');
  confirms.returned('a', 'events', 'elsewhere');
  confirms.returned('b', 'others', '');
  confirms.decide(0, 'confirmed');
  confirms.returned('a', 'events', '');
  confirms.decide(1, 'confirmed');
  assert.equal(confirms.results, ['confirmed', 'confirmed']);
});

test('the first decision of a message stands, whatever comes after the end', () => {
  const confirms = pending('a', 'b', 'c');
  confirms.decide(0, 'confirmed');
  confirms.end('rejected');
  confirms.decide(1, 'confirmed');
  confirms.end('failed');
  assert.equal(confirms.results, ['confirmed', 'rejected', 'rejected']);
  assert.ok(confirms.complete);
});

test.run();
