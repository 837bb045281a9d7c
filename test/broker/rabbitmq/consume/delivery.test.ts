import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AmqpDelivery } from '../../../../src/broker/rabbitmq/consume/delivery.js';
import { encode } from '../../../../src/broker/rabbitmq/publish/outgoing-message.js';
import { PublishFrames } from '../../../../src/broker/rabbitmq/publish/publish-frames.js';
import { hashOf, isEventId, timedId } from '../../../../src/events/identity.js';
import { isEpochMs } from '../../../../src/events/timestamp.js';
import { arriving } from '../fake-channel.js';

const now = 1_700_000_000_000;

function delivery(body: string | Buffer, properties: object = {}): AmqpDelivery {
  return new AmqpDelivery(arriving(7, body, properties), now);
}

test('a message of ours comes back as it was', () => {
  const headers = { 'event-sink-source': 'health', 'event-sink-received': now - 5_000 };
  const { id, body, source, received, timestamp, redelivered, tag, size, bytes } = delivery('{"n":1}', {
    messageId: 'own-1',
    timestamp: 1_600_000_000,
    headers,
  });
  assert.equal(
    { id, body, source, received, timestamp, redelivered, tag, size, bytes },
    {
      ...{ id: 'own-1', body: '{"n":1}', source: 'health', received: now - 5_000, timestamp: undefined },
      ...{ redelivered: false, tag: 7, size: 7, bytes: undefined },
    },
  );
});

test('a foreign message has the time of its property, in seconds', () => {
  const foreign = delivery('{}', { timestamp: 1_600_000_000 });
  assert.ok(isEventId(foreign.id));
  assert.is(foreign.source, 'clowder');
  assert.is(foreign.timestamp, 1_600_000_000_000);
  assert.is(foreign.received, now);
});

test('a timestamp property that is not a time counts as absent', () => {
  for (const timestamp of [
    2 ** 64 - 1,
    2 ** 63,
    -1,
    0,
    0.0001,
    1e12,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '1600000000',
    {},
    null,
  ])
    assert.is(delivery('no JSON', { timestamp }).timestamp, undefined, String(timestamp));
});

test('a received header that is not a time, or lies ahead, is now', () => {
  const odd = [
    -5,
    -1e300,
    9e99,
    Number.NaN,
    0,
    0.5,
    now + 1,
    now * 2,
    '1',
    { '!': 'timestamp', value: 5 },
    null,
    [now],
    true,
  ];
  for (const value of odd)
    assert.is(delivery('no JSON', { headers: { 'event-sink-received': value } }).received, now, String(value));
});

test('ids of any type, length and content become an id that every sink can hold', () => {
  for (const messageId of ['x'.repeat(200), 'ünicode', '\n', 5, {}, null, '', 'ü'.repeat(127)])
    assert.ok(isEventId(delivery('{}', { messageId }).id), String(messageId));
  assert.is(delivery('{}', { messageId: 5 }).id, hashOf('{}'));
  assert.is(delivery('{}', { messageId: 'ünicode' }).id, hashOf('ünicode'));
});

test('a body that is not UTF-8 says so, and keeps its bytes', () => {
  const latin = Buffer.from('{"category":"latin","resource_name":"M\xfcller"}', 'latin1');
  const { unreadable, bytes } = delivery(latin);
  assert.match(unreadable ?? '', 'not UTF-8');
  assert.equal(bytes, latin);
});

test('whatever properties and headers come, the message can be counted, and published again', () => {
  const anything = fc.oneof(fc.double(), fc.bigInt().map(Number), fc.string(), fc.anything());
  const properties = fc.record(
    {
      messageId: anything,
      timestamp: anything,
      contentEncoding: anything,
      headers: fc.oneof(
        fc.constant(undefined),
        fc.record({ 'event-sink-source': anything, 'event-sink-received': anything, 'event-sink-dead-at': anything }),
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), properties, (bytes, given) => {
      const message = delivery(Buffer.from(bytes), given);
      assert.ok(isEventId(message.id));
      assert.ok(isEpochMs(message.received) && message.received <= now);
      assert.ok(message.timestamp === undefined || isEpochMs(message.timestamp));
      const encoded = encode({ message, target: null }, 'events');
      if ('refused' in encoded) throw new Error(encoded.refused);
      new PublishFrames(1, 131_072).add(encoded);
    }),
    { numRuns: 2_000 },
  );
});

test('its id is the same whether its body was read before or not', () => {
  const at = now - 1;
  for (const body of [
    '{"n":1}',
    `{"created":${at}}`,
    `\ufeff{"created":${at}}`,
    '\ufeff{"n":1}',
    'no JSON',
    '{"n":"M\u00fc"}',
  ]) {
    for (const properties of [{}, { timestamp: 1_600_000_000 }]) {
      const read = delivery(body, properties);
      assert.is(read.body, body);
      const unread = delivery(body, properties);
      assert.is(read.unnamed, unread.unnamed);
      assert.is(read.id, unread.id);
      assert.is(unread.body, body);
    }
  }
  assert.is.not(delivery('{"n":1}').id, delivery('{"n":1}', { timestamp: 1_600_000_000 }).id);
});

test('a long body is the same as a short one in every respect, whatever its characters', () => {
  const at = now - 1;
  for (const bytes of [60, 4_095, 4_096, 4_097, 100_000])
    for (const filling of ['x', 'ü', '中', '😀'])
      for (const created of [`"created":${at},`, '']) {
        const start = `{${created}"text":"`;
        const text = filling.repeat((bytes - start.length - 2) / Buffer.byteLength(filling));
        const unfilled = `${start}${text}"}`;
        const body = unfilled + ' '.repeat(bytes - Buffer.byteLength(unfilled));
        // A part of what came from the socket, which is used again for something else.
        const socket = Buffer.from(`before${body}after`);
        const content = socket.subarray(6, 6 + bytes);
        const one = new AmqpDelivery({ ...arriving(7, ''), content }, now);
        socket.fill(0);
        assert.is(one.size, bytes);
        assert.is(one.bytes, undefined);
        assert.is(one.id, created === '' ? hashOf(body) : timedId(at, hashOf(body)));
        assert.is(one.unnamed, created === '' ? hashOf(body) : undefined);
        assert.is(one.body, body);
      }
});

test('the time in its body is a part of the id, also where the body is not quite JSON', () => {
  const at = now - 1;
  for (const [body, isTimed] of [
    [`{"created":${at}}`, true],
    [`\ufeff{"created":${at}}`, true],
    [`\n\ufeff{"created":${at}}`, false],
    [`{"a":{"created":1},"created":"${new Date(at).toISOString()}"}`, true],
    [`{"created":1,"created":${at}}`, true],
    [`{"created":${at}`, true],
    [`{"created":${at}} x`, true],
    [`{"cre\\u0061ted":${at}}`, false],
    [`[{"created":${at}}]`, false],
    [`"created ${at}"`, false],
    [`{"created":{"at":${at}}}`, false],
    ['{"created":null}', false],
    [`{"created"`, false],
  ] as const) {
    const one = delivery(body);
    assert.is(one.id.startsWith(at.toString(16).padStart(12, '0')), isTimed, body);
    assert.is(one.unnamed === undefined, isTimed, body);
    assert.is(one.body, body);
    if (one.fields !== undefined) assert.equal(one.fields, JSON.parse(body.replace('\ufeff', '')));
  }
});

test.run();
