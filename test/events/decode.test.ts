import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../../src/events/decode.js';
import type { Message } from '../../src/events/message.js';

const received = 1_709_600_000_000;
const timestamp = 1_709_500_000_000;

function message(body: string, rest: Partial<Message> = {}): Message {
  return { id: 'm1', body, source: 'clowder', received, ...rest };
}

function eventOf(...of: Parameters<typeof decode>) {
  const decoded = decode(...of);
  if (decoded.kind !== 'event') throw new Error(JSON.stringify(decoded));
  return decoded.event;
}

function refusal(...of: Parameters<typeof decode>) {
  const decoded = decode(...of);
  if (decoded.kind !== 'refused') throw new Error(JSON.stringify(decoded));
  return decoded;
}

test('an event keeps its fields verbatim and its created normalised', () => {
  const body = '{"category":"upload","size":12,"id":"not mine","created":1709542841}';
  assert.equal(decode(message(body)), {
    kind: 'event',
    event: {
      id: 'm1',
      created: 1_709_542_841_000,
      category: 'upload',
      type: undefined,
      fields: JSON.parse(body),
      body,
      source: 'clowder',
      received,
    },
  });
});

test('a category or type that is not text counts as none', () => {
  for (const category of ['""', 'null', '7', '{}', '["upload"]']) {
    const event = eventOf(message(`{"category":${category},"type":${category},"created":1}`));
    assert.is(event.category, 'unknown');
    assert.is(event.type, undefined);
  }
  assert.is(eventOf(message('{"created":1}')).category, 'unknown');
});

test('without created: the timestamp of the message, else a stamp, which is asked for', () => {
  for (const body of ['{"category":"x"}', '{"category":"x","created":null}']) {
    assert.is(eventOf(message(body, { timestamp })).created, timestamp);
    assert.is(eventOf(message(body, { timestamp }), 5).created, timestamp);
    assert.equal(decode(message(body)), { kind: 'undated' });
    assert.is(eventOf(message(body), 5).created, 5);
  }
});

test('a hundred levels are an event, more are none: writers of JSON would run out of stack', () => {
  const nested = (levels: number): string => {
    const inner = levels - 1;
    return `{"created":1,"a":${'['.repeat(inner)}${']'.repeat(inner)}}`;
  };
  assert.is(eventOf(message(nested(100))).created, 1_000);
  for (const levels of [101, 5_000, 500_000]) {
    const { reason, event } = refusal(message(nested(levels)));
    assert.is(reason, 'the body is nested more than 100 levels deep');
    assert.is(event.text, nested(levels));
  }
});

test('a timestamp that is not a time counts as none', () => {
  for (const odd of [0, -1, 1.5, Number.NaN, 1e18]) {
    assert.equal(decode(message('{}', { timestamp: odd })), { kind: 'undated' });
  }
});

test('a created that cannot be read is refused, in words; echo sinks still get the fields', () => {
  const { reason, event } = refusal(message('{"category":"x","type":"y","created":"yesterday"}'));
  assert.is(reason, "created cannot be read as a time between 1970 and 9999: it is 'yesterday'");
  assert.equal(event.fields, { category: 'x', type: 'y', created: 'yesterday' });
  assert.is(event.text, undefined);
  assert.is(event.category, 'x');
  assert.is(event.created, received);
  assert.is(refusal(message('{"created":-5}', { timestamp })).event.created, timestamp);
  assert.is(refusal(message('{"created":{}}'), 5).event.created, 5);
});

test('text is refused, in words; echo sinks get it whole', () => {
  const { reason, event } = refusal(message('Hello World!'));
  assert.is(reason, "the body is not JSON: unexpected 'H' at position 0; it begins with 'Hello World!'");
  assert.equal(event, {
    id: 'm1',
    created: received,
    category: 'unknown',
    type: undefined,
    fields: {},
    text: 'Hello World!',
    source: 'clowder',
    received,
  });
  assert.is(refusal(message('Hello', { timestamp })).event.created, timestamp);
  assert.is(refusal(message('Hello'), 5).event.created, 5);
});

test('JSON that is not an object is refused, with the reason', () => {
  const reasons = ['[1,2]', '"up"', '17', 'true', 'null', '', ' \n', '{"category":'].map(
    body => refusal(message(body)).reason,
  );
  assert.equal(reasons, [
    'the body is JSON but not an object: it is a list',
    "the body is JSON but not an object: it is 'up'",
    'the body is JSON but not an object: it is 17',
    'the body is JSON but not an object: it is true',
    'the body is JSON but not an object: it is null',
    'the body is empty',
    'the body is empty',
    `the body is not JSON: unexpected end of JSON input; it begins with '{"category":'`,
  ]);
});

test('a reason is short and safe to show', () => {
  const { reason } = refusal(message(`\u001b[31mred\u0000\u202e\r\n${'🌾'.repeat(500)}`));
  assert.not.match(reason, /[\p{Cc}\p{Cf}]/u);
  assert.is(Buffer.from(reason).toString(), reason);
  assert.ok([...reason].length < 150, reason);
  assert.ok(reason.endsWith("…'"));
});

test('a byte order mark is not a fault', () => {
  assert.is(eventOf(message('\ufeff{"category":"x","created":1}')).category, 'x');
});

test('any body is an event, undated or refused, and never an exception', () => {
  const body = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.dictionary(fc.string(), fc.jsonValue()).map(value => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(body, text => {
      const decoded = decode(message(text), 1);
      assert.not.equal(decoded.kind, 'undated');
      if (decoded.kind === 'refused') assert.ok(decoded.reason.length < 160);
    }),
  );
  assert.is(decode(message(`${'['.repeat(100_000)}`)).kind, 'refused');
});

test('more fields than anybody needs are refused, as text for sinks that take any', () => {
  const bodyOf = (count: number) =>
    JSON.stringify(Object.fromEntries([['created', 1], ...Array.from({ length: count - 1 }, (_, n) => [`f${n}`, n])]));
  assert.is(decode({ id: 'a', body: bodyOf(10_000), source: 'clowder', received: 1 }).kind, 'event');
  const refused = decode({ id: 'a', body: bodyOf(10_001), source: 'clowder', received: 1 });
  assert.is(refused.kind, 'refused');
  if (refused.kind === 'refused') assert.is(refused.reason, 'the body has 10001 fields: more than 10000');
});

test.run();
