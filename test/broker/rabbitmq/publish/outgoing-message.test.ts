import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  encode,
  type OutgoingMessage,
  restored,
  stored,
  toQueue,
} from '../../../../src/broker/rabbitmq/publish/outgoing-message.js';
import { PublishFrames } from '../../../../src/broker/rabbitmq/publish/publish-frames.js';
import type { Message } from '../../../../src/events/message.js';

const message: Message = { id: 'a', body: '{"n":1}', source: 'http', received: 1_700_000_000_123 };

function encoded(outgoing: OutgoingMessage) {
  const result = encode(outgoing, 'events');
  if ('refused' in result) throw new Error(`refused: ${result.refused}`);
  return result;
}

test('an event goes to the exchange, persistent and mandatory, with what others and we can read from it', () => {
  assert.equal(encoded({ message, target: null }), {
    exchange: 'events',
    routingKey: '',
    content: '{"n":1}',
    options: {
      messageId: 'a',
      contentType: 'application/json',
      deliveryMode: 2,
      mandatory: true,
      timestamp: 1_700_000_000,
      headers: { 'event-sink-source': 'http', 'event-sink-received': 1_700_000_000_123 },
    },
  });
});

test('a foreign message keeps its time, or its lack of one', () => {
  const foreign: Message = { ...message, source: 'clowder' };
  assert.is(encoded({ message: foreign, target: null }).options.timestamp, undefined);
  assert.is(encoded({ message: { ...foreign, timestamp: 5_000 }, target: null }).options.timestamp, 5);
});

test('what is published for somebody else has no headers of ours', () => {
  const { options, routingKey } = encoded({ message, target: { ...toQueue('preview'), plain: true } });
  assert.equal(options.headers, {});
  assert.is(routingKey, 'preview');
});

test('properties of a message for somebody else: as they were asked for, and beside them what is usual', () => {
  const properties = {
    replyTo: 'clowder.example',
    correlationId: 'c-1',
    headers: { attempt: 2, first: false },
    contentType: 'text/plain',
    expirationMs: 60_000,
    priority: 9,
    persistent: false,
  };
  const { options } = encoded({ message, target: { ...toQueue('preview'), plain: true, properties } });
  assert.equal(options, {
    messageId: 'a',
    replyTo: 'clowder.example',
    correlationId: 'c-1',
    headers: { attempt: 2, first: false },
    contentType: 'text/plain',
    expiration: '60000',
    priority: 9,
    deliveryMode: 1,
    mandatory: true,
    timestamp: 1_700_000_000,
  });
  const { options: usual } = encoded({ message, target: { ...toQueue('preview'), plain: true, properties: {} } });
  assert.equal([usual.contentType, usual.deliveryMode, usual.replyTo], ['application/json', 2, undefined]);
});

test('no number that came from outside keeps a message from being published', () => {
  const frames = new PublishFrames(1, 131_072);
  const numbers = [
    2 ** 64 - 1,
    (2 ** 64 - 1) * 1000,
    2 ** 63,
    -5,
    -1e300,
    9e99,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    0.5,
  ];
  for (const number of numbers) {
    for (const source of ['clowder', 'http'] as const) {
      const odd: Message = { ...message, source, received: number, timestamp: number };
      const target = { ...toQueue('q'), headers: { attempts: number, first: number } };
      for (const outgoing of [
        { message: odd, target: null },
        { message: odd, target },
      ]) {
        const result = encoded(outgoing);
        assert.not.throws(() => frames.add(result), String(number));
        assert.is(result.options.timestamp, undefined, String(number));
      }
    }
  }
});

test('whatever a message holds, it is published or refused with a reason: it never fails as an outage does', () => {
  const frames = new PublishFrames(1, 131_072);
  const value = fc.oneof(fc.double(), fc.bigInt().map(Number), fc.string({ size: 'large' }));
  fc.assert(
    fc.property(
      fc.record({ id: fc.string(), received: fc.double(), timestamp: fc.double() }),
      fc.dictionary(fc.string({ maxLength: 60 }), value),
      fc.string(),
      (fields, headers, routingKey) => {
        const target = { exchange: '', routingKey, headers };
        const result = encode({ message: { ...message, ...fields }, target }, 'events');
        if ('refused' in result) return assert.match(result.refused, /^its .* (bytes|fit)/);
        const { length } = frames;
        frames.add(result);
        assert.ok(frames.length > length);
      },
    ),
    { numRuns: 500 },
  );
});

test('an id, a name or headers that AMQP cannot carry are a refusal of that message', () => {
  const long = 'ü'.repeat(128);
  assert.equal(encode({ message: { ...message, id: long }, target: null }, 'events'), {
    refused: 'its id has 256 bytes, and AMQP carries at most 255',
  });
  assert.equal(encode({ message, target: toQueue(long) }, 'events'), {
    refused: 'its routing key has 256 bytes, and AMQP carries at most 255',
  });
  const headers = { reason: 'x'.repeat(70_000) };
  assert.match(
    (encode({ message, target: { ...toQueue('q'), headers } }, 'events') as { refused: string }).refused,
    'its headers have',
  );
});

test('comes back from the outbox as it went in', () => {
  const latin = Buffer.from('M\xfcller', 'latin1');
  const packed = gzipSync('{}');
  const kinds: OutgoingMessage[] = [
    { message, target: null },
    { message: { ...message, timestamp: 7_000 }, target: null },
    {
      message,
      target: { ...toQueue('q'), plain: true, properties: { replyTo: 'a', headers: { n: 1 }, persistent: true } },
    },
    { message, target: { ...toQueue('event-sink.mongodb.dead'), headers: { 'event-sink-reason': 'no', n: 3 } } },
    { message, target: { exchange: 'theirs', routingKey: 'key', plain: true } },
    { message: { ...message, body: latin.toString() }, target: toQueue('q'), bytes: latin },
    { message: { ...message, body: packed.toString() }, target: null, bytes: packed, contentEncoding: 'gzip' },
  ];
  for (const outgoing of kinds) {
    const back = restored(stored(outgoing));
    assert.equal(encode(back, 'events'), encode(outgoing, 'events'));
  }
});

test('of plain text no copy of the bytes is kept in the outbox', () => {
  assert.is(stored({ message, target: null, bytes: Buffer.from(message.body) }).body, message.body);
});

test.run();
