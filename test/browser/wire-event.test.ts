import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type EventFault, readEvent } from '../../src/browser/wire-event.js';
import { acceptCloudEvent } from '../../src/events/cloud-event.js';
import { decode } from '../../src/events/decode.js';
import { hashOf } from '../../src/events/identity.js';
import type { Message } from '../../src/events/message.js';

const now = 1_709_600_000_000;
const facts = new Map([
  ['source', 'browser'],
  ['user_agent', 'Firefox'],
  ['language', 'de'],
  ['visitor', 'v1'],
]);

function read(text: string): Message {
  const message = readEvent({ value: JSON.parse(text), text }, facts, now);
  if ('kind' in message) throw new Error(message.reason);
  return message;
}

function fault(value: unknown): EventFault {
  const message = readEvent({ value, text: JSON.stringify(value) }, facts, now);
  if (!('kind' in message)) throw new Error(`accepted: ${message.body}`);
  return message;
}

const bodyOf = (event: unknown): Record<string, unknown> => JSON.parse(read(JSON.stringify(event)).body);

/** As @amplitude/analytics-browser 2.48.1 writes it. */
const sdkEvent = {
  user_id: 'ann',
  device_id: '0b0d8a51',
  session_id: 1709542924131,
  time: 1709542924150,
  platform: 'Web',
  language: 'en-US',
  ip: '$remote',
  insert_id: '3e3a5b2e',
  event_type: 'dataset_rated',
  event_properties: { resource_id: '65fd8f8b72b6e319f3c4706e', stars: 4 },
  event_id: 3,
  library: 'amplitude-ts/2.48.1',
};

test('an event of the browser SDK: its type is the category, its properties are fields, its ids go by our names', () => {
  const message = read(JSON.stringify(sdkEvent));
  assert.is(message.source, 'browser');
  assert.is(message.id, hashOf('["page","0b0d8a51","3e3a5b2e"]'));
  assert.is(message.given, undefined);
  assert.equal(JSON.parse(message.body), {
    category: 'dataset_rated',
    user_id: 'ann',
    device_id: '0b0d8a51',
    session_id: '1709542924131',
    platform: 'Web',
    language: 'en-US',
    insert_id: '3e3a5b2e',
    event_id: 3,
    library: 'amplitude-ts/2.48.1',
    resource_id: '65fd8f8b72b6e319f3c4706e',
    stars: 4,
    source: 'browser',
    user_agent: 'Firefox',
    visitor: 'v1',
    created: 1709542924150,
  });
  const decoded = decode(message);
  assert.is(decoded.kind, 'event');
  if (decoded.kind === 'event') assert.is(decoded.event.created, 1709542924150);
});

test('an event of amplitude-js 8: uuid, timestamp and version_name; what is empty is left out', () => {
  const message = read(
    JSON.stringify({
      device_id: 'd1',
      user_id: null,
      timestamp: 1709542924150,
      event_id: 5,
      session_id: -1,
      event_type: 'view_resource',
      version_name: '1.13',
      platform: 'Web',
      os_name: 'Firefox',
      os_version: '128',
      device_model: 'Linux',
      language: 'en-US',
      api_properties: {},
      event_properties: { type: 'dataset', resource_id: 'r1', viewer_id: 'u1' },
      user_properties: {},
      uuid: 'f0f0',
      library: { name: 'amplitude-js', version: '8.21.10' },
      sequence_number: 12,
      groups: {},
      group_properties: {},
      user_agent: 'Own',
    }),
  );
  assert.is(message.id, hashOf('["page","d1","f0f0"]'));
  assert.equal(JSON.parse(message.body), {
    category: 'view_resource',
    device_id: 'd1',
    event_id: 5,
    app_version: '1.13',
    platform: 'Web',
    os_name: 'Firefox',
    os_version: '128',
    device_model: 'Linux',
    language: 'en-US',
    insert_id: 'f0f0',
    library: 'amplitude-js/8.21.10',
    sequence_number: 12,
    user_agent: 'Own',
    type: 'dataset',
    resource_id: 'r1',
    viewer_id: 'u1',
    source: 'browser',
    visitor: 'v1',
    created: 1709542924150,
  });
});

test('$identify keeps what it does, under names that every database takes', () => {
  const user_properties = { $set: { role: 'pi' }, $add: { visits: 1 }, set: 2, $: 3 };
  const body = bodyOf({ event_type: '$identify', device_id: 'd', user_properties });
  assert.is(body.category, '$identify');
  assert.equal(body.user_properties, { $set: { role: 'pi' }, add: { visits: 1 }, set: 2, '': 3 });
  assert.equal(bodyOf({ event_type: 'a', user_properties: ['x'] }).user_properties, ['x']);
});

test('a property whose name is taken, or is the daemon’s, is kept under another', () => {
  const body = bodyOf({
    event_type: 'a',
    user_id: 'ann',
    id: 'x',
    created: 5,
    event_properties: { category: 'b', user_id: 'eve', visitor: 'w', source: 'nginx', ip: '192.0.2.1', property_ip: 1 },
  });
  assert.is(body.category, 'a');
  assert.is(body.user_id, 'ann');
  assert.is(body.visitor, 'v1');
  assert.is(body.source, 'browser');
  assert.is(body.created, now);
  assert.is(body.ip, undefined);
  assert.is(body.property_id, 'x');
  assert.is(body.property_created, 5);
  assert.is(body.property_category, 'b');
  assert.is(body.property_user_id, 'eve');
  assert.is(body.property_source, 'nginx');
  assert.is(body.property_ip, '192.0.2.1');
});

test('no two properties share a name', () => {
  const body = bodyOf({ event_type: 'a', event_properties: { property_ip: 1, ip: 2 } });
  assert.is(body.property_ip, 1);
  assert.is(body.property_property_ip, 2);
});

test('a field that is not of its kind is kept as it came; numbers keep their digits', () => {
  const { body } = read(
    '{"event_type":"a","user_id":12345678901234567890,"event_properties":{"size":"much","n":1.10}}',
  );
  assert.match(body, '"user_id":"12345678901234567890"');
  assert.match(body, '"size":"much"');
  assert.match(body, '"n":1.10');
});

test('properties that are not an object are kept whole', () => {
  assert.equal(bodyOf({ event_type: 'a', event_properties: [1] }).event_properties, [1]);
});

test('keys in addresses of pages do not stay', () => {
  const body = bodyOf({
    event_type: '[Amplitude] Page Viewed',
    event_properties: { '[Amplitude] Page URL': 'https://c.example.org/files/1?key=secret&page=2', note: 'key=kept' },
  });
  assert.is(body['[Amplitude] Page URL'], 'https://c.example.org/files/1?page=2');
  assert.is(body.note, 'key=kept');
});

test('what the snippet says of an address has its resource, and others are left alone', () => {
  const event_properties = { url: 'https://c.example.org/files/65fd8f8b72b6e319f3c4706e?key=secret' };
  const view = bodyOf({ event_type: 'browser_page_view', event_properties });
  assert.is(view.type, 'file');
  assert.is(view.resource_id, '65fd8f8b72b6e319f3c4706e');
  assert.is(view.url, 'https://c.example.org/files/65fd8f8b72b6e319f3c4706e');
  assert.is(bodyOf({ event_type: 'search', event_properties }).resource_id, undefined);
  const own = { ...event_properties, type: 'map' };
  assert.is(bodyOf({ event_type: 'browser_page_view', event_properties: own }).type, 'map');
});

test('sent again it is the same event, whoever the device is, and without an insert_id another one', () => {
  assert.is(read(JSON.stringify(sdkEvent)).id, read(JSON.stringify({ ...sdkEvent, event_id: 9 })).id);
  assert.is.not(read(JSON.stringify(sdkEvent)).id, read(JSON.stringify({ ...sdkEvent, device_id: 'other' })).id);
  assert.is.not(read('{"event_type":"a"}').id, read('{"event_type":"a"}').id);
});

test('nobody chooses the id of another event: that of an item under an Idempotency-Key, or of a CloudEvent', () => {
  const item = read('{"event_type":"a","device_id":"nightly import","insert_id":"0"}');
  assert.is.not(item.id, hashOf('nightly import\n0'));
  const cloudEvent = acceptCloudEvent(
    { specversion: '1.0', type: 'a', source: 'nightly import', id: '0' },
    { now, source: 'http' },
  );
  assert.ok('message' in cloudEvent);
  if ('message' in cloudEvent) assert.is.not(item.id, cloudEvent.message.id);
});

test('ids and a library of any form are taken, though nothing can be made a text of them', () => {
  const odd = { toString: 1, valueOf: 2 };
  const event = { event_type: 'a', device_id: odd, insert_id: odd, library: { name: odd, version: 1 } };
  const message = read(JSON.stringify(event));
  assert.is(message.id, read(JSON.stringify(event)).id);
  assert.is.not(message.id, read(JSON.stringify({ ...event, insert_id: {} })).id);
  assert.equal(JSON.parse(message.body).library, event.library);
  assert.equal(bodyOf({ event_type: 'a', library: { x: 1 } }).library, { x: 1 });
  const numbered = (insert_id: unknown): string => read(JSON.stringify({ ...event, insert_id })).id;
  assert.is(numbered(7), numbered('7'));
});

test('an event without a time has that of its first arrival', () => {
  const { id, given, body } = read('{"event_type":"a","insert_id":"i"}');
  assert.equal(given, { hash: id, stamped: now });
  assert.ok(body.endsWith(`,"created":${now}}`));
});

for (const [value, field, kind] of [
  ['x', 'event_type', 'missing'],
  [null, 'event_type', 'missing'],
  [[], 'event_type', 'missing'],
  [{}, 'event_type', 'missing'],
  [{ event_type: '' }, 'event_type', 'missing'],
  [{ event_type: 7 }, 'event_type', 'invalid'],
  [{ event_type: 'x'.repeat(129) }, 'event_type', 'invalid'],
  [{ event_type: 'service_status' }, 'event_type', 'invalid'],
  [{ event_type: 'extraction_status' }, 'event_type', 'invalid'],
  [{ event_type: 'audit' }, 'event_type', 'invalid'],
  [{ event_type: 'usage' }, 'event_type', 'invalid'],
  [{ event_type: 'connections' }, 'event_type', 'invalid'],
  [{ event_type: 'a', time: 'yesterday' }, 'time', 'invalid'],
  [{ event_type: 'a', time: -5 }, 'time', 'invalid'],
  [{ event_type: 'a', event_properties: nested(60) }, 'event_properties', 'invalid'],
  [{ event_type: 'a', event_properties: many(10_000) }, 'event_properties', 'invalid'],
] as const) {
  test(`${JSON.stringify(value).slice(0, 60)} is refused: ${field} is ${kind}`, () => {
    const found = fault(value);
    assert.is(found.field, field);
    assert.is(found.kind, kind);
    assert.ok(found.reason.length > 10);
  });
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { a: nested(depth - 1) };
}

function many(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, index]));
}

test.run();
