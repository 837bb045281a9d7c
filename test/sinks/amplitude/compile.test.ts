import { createInstance, Types } from '@amplitude/analytics-node';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { catalogue } from '../../../src/events/catalogue.js';
import { decode } from '../../../src/events/decode.js';
import type { Fields } from '../../../src/events/event.js';
import { DeviceReader } from '../../../src/people/devices.js';
import { compile } from '../../../src/sinks/amplitude/compile.js';
import { resolveEndpoint } from '../../../src/sinks/amplitude/endpoint.js';
import type { AmplitudeConfig } from '../../../src/sinks/amplitude/session.js';
import { fixtureFiles, fixtureLines } from '../../events/fixtures.js';
import { type AnalyticsSetup, startAmplitude } from '../../helpers/analytics-sinks.js';
import type { AmplitudeServer } from '../../helpers/servers/amplitude.js';
import { eventOf } from '../../helpers/sink-session.js';

const firefox = 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0';
const patience = new AbortController().signal;
const devices = new DeviceReader();
const compiled = (fields: Fields) => compile(eventOf(fields), { devices });

const test = suite<AnalyticsSetup<AmplitudeServer, AmplitudeConfig>>('amplitude compile');

test.before.each(async context => {
  Object.assign(context, await startAmplitude());
});

test.after.each(({ server }) => server.stop());

test('a download by a signed-in user', () => {
  const event = compiled({
    category: 'download',
    type: 'file',
    created: 1_700_000_000_123,
    resource_id: 'r1',
    resource_name: 'soil.csv',
    author_id: 'a1',
    author_name: 'Carl Example',
    user_id: 'u1',
    user_name: 'Ada Example',
    size: 2048,
    tags: ['a', 'b'],
  });
  const { device_id, ...rest } = event;
  assert.match(device_id, /^user-[0-9a-f]{16}$/);
  assert.equal(rest, {
    event_type: 'Download File',
    time: 1_700_000_000_123,
    insert_id: 'event-1',
    user_id: 'u1',
    event_properties: {
      category: 'download',
      type: 'file',
      resource_id: 'r1',
      resource_name: 'soil.csv',
      author_id: 'a1',
      author_name: 'Carl Example',
      user_name: 'Ada Example',
      size: 2048,
      tags: '["a","b"]',
      bytes: 2048,
    },
    user_properties: { $set: { name: 'Ada Example' } },
  });
});

test('an anonymous page view, with what its user agent tells', () => {
  const { event_properties, device_id, insert_id, time, ...rest } = compiled({
    category: 'page_view',
    user_id: '000000000000000000000000',
    url: '/datasets/1',
    user_agent: firefox,
    ip: '192.0.2.7',
    language: 'de',
    country: 'DE',
  });
  assert.match(device_id, /^anonymous-\d+$/);
  assert.equal(rest, {
    event_type: 'Page View',
    platform: 'Web',
    os_name: 'Ubuntu',
    language: 'de',
    ip: '192.0.2.7',
    country: 'DE',
  });
  assert.equal(event_properties, {
    category: 'page_view',
    url: '/datasets/1',
    browser: 'Firefox',
    browser_version: '121.0',
    device_category: 'desktop',
  });
});

test('what the event says of the device goes before what its user agent tells', () => {
  const event = compiled({
    category: 'x',
    user_agent: firefox,
    platform: 'iOS',
    os_name: 'iOS',
    device_model: 'iPad',
    ip: 'nowhere',
  });
  assert.is(event.platform, 'iOS');
  assert.is(event.os_name, 'iOS');
  assert.is(event.device_model, 'iPad');
  assert.is(event.ip, undefined);
});

test('a dataset’s size is a count', () => {
  const { event_properties } = compiled({ category: 'download', type: 'dataset', size: 7 });
  assert.is(event_properties?.item_count, 7);
  assert.is(event_properties?.bytes, undefined);
});

test('the name of the user is a property of the user too', () => {
  const fields = { category: 'upload', user_id: 'u1', user_name: 'Ada Example', author_name: 'Carl Example' };
  const event = compiled(fields);
  assert.equal(event.user_properties, { $set: { name: 'Ada Example' } });
  assert.is(event.event_properties?.author_name, 'Carl Example');
  assert.is(compiled({ ...fields, user_id: '0'.repeat(24) }).user_properties, undefined);
});

test('properties of a user, plain or in operations, and an age, are the user’s and not the event’s', () => {
  const sent = (fields: Fields) => {
    const { user_properties, event_properties } = compiled({ category: 'x', user_id: 'u1', ...fields });
    return [user_properties, Object.keys(event_properties ?? {})];
  };
  assert.equal(sent({ user_properties: { role: 'pi', tags: ['a'] }, age: 41 }), [
    { $set: { role: 'pi', tags: '["a"]', age: 41 } },
    ['category'],
  ]);
  const operations = { $setOnce: { first: 'x' }, $add: { visits: 1 }, $set: { role: 'pi' }, $odd: { a: 1 } };
  assert.equal(sent({ user_properties: operations, age: '25-34' }), [
    { $set: { $odd: '{"a":1}', role: 'pi', age: '25-34' }, $setOnce: { first: 'x' }, $add: { visits: 1 } },
    ['category'],
  ]);
  const fromPage = { setOnce: { first: 'x' }, add: { visits: 1 }, set: 'of tools' };
  assert.equal(sent({ user_properties: fromPage }), [
    { $set: { set: 'of tools' }, $setOnce: { first: 'x' }, $add: { visits: 1 } },
    ['category'],
  ]);
  assert.equal(sent({ user_properties: 'odd' }), [undefined, ['category', 'user_properties']]);
  // Strangers share a pseudonym: nothing is set of them.
  const stranger = compiled({ category: 'x', age: 41 });
  assert.equal([stranger.user_properties, stranger.event_properties?.age], [undefined, 41]);
});

test('a session that is a time is Amplitude’s session, any other a property', () => {
  assert.is(compiled({ category: 'x', session_id: 1_700_000_000_000 }).session_id, 1_700_000_000_000);
  assert.is(compiled({ category: 'x', session_id: '1700000000000' }).session_id, 1_700_000_000_000);
  const other = compiled({ category: 'x', session_id: 'abcdef' });
  assert.is(other.session_id, undefined);
  assert.is(other.event_properties?.session_id, 'abcdef');
});

test('whatever is a JSON object, the documented rules are kept', async ({ server, open }) => {
  const json = fc.dictionary(
    fc.oneof(
      fc.string(),
      fc.constantFrom('user_id', 'type', 'ip', 'session_id', 'device_id', 'constructor', '__proto__'),
    ),
    fc.jsonValue(),
  );
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('x'.repeat(3000), '\u0000', '\ud800'),
  );
  const event = fc.record({ fields: json, category: text, type: fc.option(text, { nil: undefined }), note: text });
  const session = await open();
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 20 }), async many => {
      server.accepted.length = 0;
      const batch = many.map(({ fields, category, type, note }, index) =>
        eventOf({ ...fields, note }, { id: `${server.asked.length}/${index}`, category, type }),
      );
      const result = await session.write(batch, patience);
      assert.equal(result.rejected, []);
      assert.is(server.accepted.length, batch.length);
    }),
    { numRuns: 100 },
  );
});

test('every recorded event is taken, and again it adds nothing', async ({ server, open }) => {
  const events = fixtureFiles.flatMap(file =>
    fixtureLines(file).flatMap((body, index) => {
      const decoded = decode({ id: `${file}-${index}`, body, source: 'clowder', received: Date.now() }, Date.now());
      return 'event' in decoded && decoded.event.text === undefined ? [decoded.event] : [];
    }),
  );
  assert.ok(events.length > 50);
  for (let round = 0; round < 2; round += 1) {
    const result = await (await open()).write(events, patience);
    assert.equal(result.rejected, []);
  }
  assert.is(server.accepted.length, events.length);
});

test('the event types of what is known are told apart', () => {
  // Both are the upload of a file: Clowder's own event has no type.
  const known = catalogue.filter(({ category, type }) => category !== 'upload' || type !== 'file');
  const types = known.map(({ category, type }) => compiled({ category, type }).event_type);
  assert.is(new Set(types).size, types.length);
});

test('the addresses are those of the SDK', async () => {
  assert.equal(await resolveEndpoint('US', undefined), { url: 'https://api2.amplitude.com/2/httpapi', minIdLength: 1 });
  assert.is((await resolveEndpoint('EU', undefined)).url, 'https://api.eu.amplitude.com/2/httpapi');
  assert.is((await resolveEndpoint('EU', 'https://proxy.example/batch')).url, 'https://proxy.example/batch');
});

test('the SDK would put the same event into the same request', async ({ server, open }) => {
  const event = eventOf({ category: 'download', type: 'file', user_id: 'u1', size: 3, user_agent: firefox });
  await (await open()).write([event], patience);
  const client = createInstance();
  const options = { serverUrl: server.url, minIdLength: 1, flushIntervalMillis: 1, logLevel: Types.LogLevel.None };
  await client.init('key-of-the-project', options).promise;
  const { code } = await client.track(compile(event, { devices })).promise;
  assert.is(code, 200);
  const [ours, theirs] = server.asked.map(({ body }) => JSON.parse(body));
  assert.is(server.accepted.length, 1);
  assert.is(server.duplicates, 1);
  const { client_upload_time, request_metadata, events, ...rest } = theirs;
  const { events: ourEvents, ...ourRest } = ours;
  assert.equal(ourRest, rest);
  const { library, event_id, ...theirEvent } = events[0];
  assert.equal(ourEvents[0], theirEvent);
});

test.run();
