import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EncodedMessage } from '../../../../src/broker/rabbitmq/publish/outgoing-message.js';
import { PublishFrames } from '../../../../src/broker/rabbitmq/publish/publish-frames.js';

const require = createRequire(import.meta.url);
const amqplib = (file: string) => require(join(dirname(require.resolve('amqplib')), 'lib', file));
const { BasicProperties, BasicPublish, encodeMethod, encodeProperties } = amqplib('defs.js');
const { makeBodyFrame } = amqplib('frame.js');
const frameMax = 4_096;

/** What amqplib writes for the same message. */
function byAmqplib({ exchange, routingKey, content, options }: EncodedMessage): Buffer {
  const bytes = Buffer.from(content);
  const frames: Buffer[] = [
    encodeMethod(BasicPublish, 7, { exchange, routingKey, mandatory: true, immediate: false, ticket: 0 }),
    Buffer.from(encodeProperties(BasicProperties, 7, bytes.length, options)),
  ];
  for (let from = 0; from < bytes.length; from += frameMax - 8)
    frames.push(makeBodyFrame(7, bytes.subarray(from, from + frameMax - 8)));
  return Buffer.concat(frames);
}

/** Whether its properties fit into a frame: amqplib does not look. */
function hasRoom({ options }: EncodedMessage): boolean {
  return encodeProperties(BasicProperties, 7, 0, options).length <= frameMax;
}

function framesOf(...messages: readonly EncodedMessage[]): Buffer {
  const frames = new PublishFrames(7, frameMax);
  for (const message of messages) frames.add(message);
  return frames.take();
}

const message: EncodedMessage = { exchange: 'events', routingKey: '', content: '{}', options: { messageId: 'a' } };

const short = fc.string({ unit: 'grapheme', maxLength: 20 });
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.integer({ min: -40_000, max: 40_000 }),
  fc.integer({ min: -200, max: 200 }),
  // Beyond 2^50, amqplib takes a fraction for an integer, and fails.
  fc.double({ noNaN: true, min: -(2 ** 49), max: 2 ** 49 }),
  fc.constantFrom(2 ** 62, 2 ** 63, 1e300, -(2 ** 62)),
);
const properties = fc.record(
  {
    contentType: short,
    contentEncoding: short,
    headers: fc.dictionary(short, fc.oneof(number, fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 100 }))),
    deliveryMode: fc.constantFrom(1, 2),
    priority: fc.integer({ min: 0, max: 255 }),
    correlationId: short,
    replyTo: short,
    expiration: fc.integer({ min: 0, max: 60_000 }).map(String),
    messageId: short,
    timestamp: fc.integer({ min: 0, max: 253_402_300_799 }),
  },
  { requiredKeys: [] },
);
const messages = fc.record({
  exchange: short,
  routingKey: short,
  content: fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 10_000, size: 'max' }),
    fc.uint8Array({ maxLength: 10_000, size: 'max' }).map(bytes => Buffer.from(bytes)),
  ),
  options: properties,
});

test('messages are written byte for byte as amqplib writes them', () => {
  fc.assert(
    fc.property(fc.array(messages.filter(hasRoom), { maxLength: 4 }), many => {
      assert.ok(framesOf(...many).equals(Buffer.concat(many.map(byAmqplib))));
    }),
    { numRuns: 300 },
  );
});

test('bodies of any length: none, one frame, exactly full frames, more than the buffer had room for', () => {
  for (const length of [0, 1, 1_362, 1_363, 4_088, 4_089, 8_176, 300_000])
    for (const content of ['x'.repeat(length), 'ä'.repeat(length), Buffer.alloc(length, 7)])
      assert.ok(framesOf({ ...message, content }).equals(byAmqplib({ ...message, content })), String(length));
});

test('what cannot be encoded leaves nothing behind, and no trace in the messages beside it', () => {
  const frames = new PublishFrames(7, frameMax);
  const wrong: readonly EncodedMessage[] = [
    { ...message, options: { messageId: 'x'.repeat(256) } },
    { ...message, exchange: 'ä'.repeat(128) },
    { ...message, options: { headers: { ['x'.repeat(256)]: 1 } } },
    { ...message, options: { headers: { first: 'good', wrong: Symbol('x') } } },
  ];
  frames.add(message);
  for (const one of wrong) assert.throws(() => frames.add(one));
  frames.add(message);
  assert.ok(frames.take().equals(Buffer.concat([byAmqplib(message), byAmqplib(message)])));
  assert.is(frames.length, 0);
});

test('properties that do not fit into one frame are refused, and the next message is as it should be', () => {
  const frames = new PublishFrames(7, frameMax);
  const withHeader = (length: number): EncodedMessage => ({
    ...message,
    options: { messageId: 'a', headers: { long: 'x'.repeat(length) } },
  });
  const fitting = frameMax - encodeProperties(BasicProperties, 7, 0, withHeader(0).options).length;
  frames.add(withHeader(fitting));
  for (const length of [fitting + 1, 5_000, 300_000])
    for (const content of ['{}', 'x'.repeat(10_000), Buffer.from('{}')])
      assert.throws(
        () => frames.add({ ...withHeader(length), content }),
        (error: unknown) =>
          error instanceof RangeError && error.message === 'its headers do not fit into a frame of 4096 bytes',
      );
  frames.add(message);
  assert.ok(frames.take().equals(Buffer.concat([byAmqplib(withHeader(fitting)), byAmqplib(message)])));
});

test('what was taken stays as it was', () => {
  const frames = new PublishFrames(7, frameMax);
  frames.add(message);
  const taken = frames.take();
  frames.add({ ...message, exchange: 'others' });
  assert.ok(taken.equals(byAmqplib(message)));
});

test.run();
