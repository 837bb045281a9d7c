import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { catalogue } from '../../../src/events/catalogue.js';
import { decode } from '../../../src/events/decode.js';
import type { Event, Fields } from '../../../src/events/event.js';
import { DeviceReader } from '../../../src/people/devices.js';
import { personalFilter } from '../../../src/people/personal-data.js';
import { type CompileOptions, compile } from '../../../src/sinks/ga4/compile.js';
import { limits, reservedEvents } from '../../../src/sinks/ga4/limits.js';
import { bodyOf, requestsOf } from '../../../src/sinks/ga4/requests.js';
import { fixtureFiles, fixtureLines } from '../../events/fixtures.js';
import { startGa4 } from '../../helpers/analytics-sinks.js';
import { validationMessages } from '../../helpers/servers/ga4.js';
import { eventOf } from '../../helpers/sink-session.js';

const firefox = 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0';
const now = Date.now();
const devices = new DeviceReader();
/** As events are by default. */
const withoutPeople = personalFilter('none', 'a secret of the test')!;
const options: CompileOptions = { devices, clientId: undefined, now };
const compiled = (fields: Fields, changes: Partial<CompileOptions> = {}) =>
  compile(eventOf({ created: now - 5_000, ...fields }), { ...options, ...changes });

test('a dataset that is viewed by a signed-in user', () => {
  const created = 1_700_000_000_123;
  const { context, event, shortened } = compiled({
    category: 'view_resource',
    type: 'dataset',
    resource_id: 'r1',
    resource_name: 'Soil',
    author_id: 'a1',
    author_name: 'Carl Example',
    user_id: 'u1',
    user_name: 'Ada Example',
    created,
  });
  assert.match(context.client_id, /^[1-9]\d*\.[1-9]\d*$/);
  assert.equal(context, { client_id: context.client_id, user_id: 'u1' });
  assert.equal(event, {
    name: 'view_dataset',
    timestamp_micros: created * 1000,
    params: {
      event_id: 'event-1',
      session_id: 1_699_999_200,
      engagement_time_msec: 1,
      category: 'view_resource',
      type: 'dataset',
      resource_id: 'r1',
      resource_name: 'Soil',
      author_id: 'a1',
      author_name: 'Carl Example',
      user_name: 'Ada Example',
    },
  });
  assert.equal(shortened, []);
});

test('an anonymous page view: Google’s names, the user agent, no user', () => {
  const { context, event } = compiled({
    category: 'page_view',
    type: 'dataset',
    user_id: '0'.repeat(24),
    url: 'https://c.example/datasets/1',
    referrer: 'https://search.example/',
    user_agent: firefox,
    visitor: 'v1',
    session_id: 'abc',
    status: 200,
  });
  assert.is(event.name, 'page_view');
  assert.is(event.params.page_location, 'https://c.example/datasets/1');
  assert.is(event.params.page_referrer, 'https://search.example/');
  assert.is(event.params.status, 200);
  assert.type(event.params.session_id, 'number');
  assert.equal(context, { client_id: context.client_id, user_agent: firefox });
});

test('device and place of the event', () => {
  const { context } = compiled({ category: 'x', user_agent: firefox, language: 'de', ip: '192.0.2.7', country: 'DE' });
  assert.equal(context.device, {
    category: 'desktop',
    language: 'de',
    operating_system: 'Ubuntu',
    browser: 'Firefox',
    browser_version: '121.0',
  });
  assert.is(context.user_agent, undefined);
  assert.is(context.ip_override, '192.0.2.7');
  assert.is(context.user_location, undefined);
  assert.equal(compiled({ category: 'x', country: 'DE' }).context.user_location, { country_id: 'DE' });
  assert.is(compiled({ category: 'x', country: 'Germany' }).context.user_location, undefined);
});

test('the client: the tag’s own, the visitor’s, the user’s, the configured one, or a pseudonym', () => {
  const clientOf = (fields: Fields, clientId?: string) =>
    compiled({ category: 'x', ...fields }, clientId === undefined ? {} : { clientId }).context.client_id;
  assert.is(clientOf({ client_id: '1234.5678', user_id: 'u' }), '1234.5678');
  assert.is.not(clientOf({ client_id: '0.5678', user_id: 'u' }), '0.5678');
  assert.is(clientOf({ user_id: 'u' }), clientOf({ user_id: 'u', resource_id: 'r' }));
  assert.is.not(clientOf({ user_id: 'u' }), clientOf({ user_id: 'v' }));
  assert.is.not(clientOf({ user_id: 'u', visitor: 'v' }), clientOf({ user_id: 'u' }));
  assert.is(clientOf({}, '11.22'), '11.22');
  assert.is.not(clientOf({ user_id: 'u' }, '11.22'), '11.22');
  const clients = new Set(Array.from({ length: 1000 }, (_, index) => clientOf({ user_agent: `b${index}` })));
  assert.is(clients.size, 100);
});

test('what does not fit is shortened and said', () => {
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`field_${index}`, index]));
  const { event, shortened } = compiled({
    category: 'a_category_of_a_name_that_is_much_longer_than_forty',
    [`parameter_${'x'.repeat(60)}`]: 1,
    note: 'n'.repeat(101),
    url: `/datasets?${'q'.repeat(1200)}`,
    ...many,
  });
  assert.match(event.name, /^a_category_of_a_name_that_is_much_l_[0-9a-f]{4}$/);
  assert.is(Object.keys(event.params).length, 25);
  assert.is(String(event.params.note).length, 100);
  assert.is(String(event.params.page_location).length, 1000);
  const kinds = new Set(shortened.map(({ what }) => what));
  assert.equal([...kinds].sort(), ['event name', 'parameter left out', 'parameter name', 'parameter value']);
  assert.is(shortened.filter(({ what }) => what === 'parameter left out').length, 12);
});

test('names that mean something to Google are told apart from fields of that name', () => {
  for (const name of [...reservedEvents, 'google_x', 'firebase_y', '_hidden', 'ga_z']) {
    const event = compiled({ category: name }).event;
    assert.match(event.name, /^(clowder_|hidden)/, name);
  }
  const { params } = compiled({
    category: 'x',
    event_id: 'theirs',
    session_id: 5,
    items: [1],
    transaction_id: '',
    'a-b': 1,
    a_b: 2,
    firebase_conversion: 1,
    'gtag.config': 1,
    source: 'browser',
  }).event;
  assert.is(params.event_id, 'event-1');
  assert.is(params.clowder_event_id, 'theirs');
  assert.is(params.session_id, 5);
  assert.is(params.clowder_items, '[1]');
  assert.is(params.transaction_id, undefined);
  assert.equal([params.source, params.clowder_source], [undefined, 'browser']);
  assert.equal([params.a_b, Object.values(params).includes(2)], [1, true]);
});

test('properties of a user, and an age, within Google’s limits', () => {
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`p${index}`, index]));
  const { context, event } = compiled({
    category: 'x',
    user_id: 'u1',
    user_properties: {
      $set: { role: 'x'.repeat(50), user_id: 'own', 'a name that is much too long': true },
      $add: { n: 1 },
    },
    age: 41,
  });
  const { role, age, clowder_user_id: own, ...rest } = context.user_properties!;
  assert.equal([role, age, own], [{ value: 'x'.repeat(36) }, { value: 41 }, { value: 'own' }]);
  assert.equal(
    Object.keys(rest).map(name => name.length),
    [24],
  );
  assert.equal([event.params.age, event.params.user_properties], [undefined, undefined]);
  const sent = compiled({ category: 'x', user_id: 'u1', user_properties: many });
  assert.is(Object.keys(sent.context.user_properties!).length, 25);
  for (const one of [{ context, event, shortened: [] }, sent]) {
    const [request] = requestsOf([['a', one]]);
    assert.equal(validationMessages(bodyOf(request!), now), []);
  }
  const stranger = compiled({ category: 'x', age: 41 });
  assert.equal([stranger.context.user_properties, stranger.event.params.age], [undefined, 41]);
});

test('a place by its codes, or as it was said', () => {
  const where = (fields: Fields) => {
    const { context, event } = compiled({ category: 'x', ...fields });
    const { country, region, city } = event.params;
    return [context.ip_override ?? context.user_location, country, region, city];
  };
  assert.equal(where({ country: 'us', region: 'CA', city: 'Davis' }), [
    { city: 'Davis', region_id: 'US-CA', country_id: 'US' },
    ...[undefined, undefined, undefined],
  ]);
  assert.equal(where({ country: 'US', region: 'US-IL' })[0], { region_id: 'US-IL', country_id: 'US' });
  assert.equal(where({ country: 'US', region: 'Illinois' }), [{ country_id: 'US' }, undefined, 'Illinois', undefined]);
  assert.equal(where({ country: 'Germany', city: 'Jena' }), [undefined, 'Germany', undefined, 'Jena']);
  assert.equal(where({ country: 'DE', ip: '192.0.2.7' }), ['192.0.2.7', 'DE', undefined, undefined]);
});

test('an engagement is the event’s own, when it is one', () => {
  const engaged = (own: unknown) => {
    const { engagement_time_msec: sent, clowder_engagement_time_msec: apart } = compiled({
      category: 'x',
      engagement_time_msec: own,
    }).event.params;
    return [sent, apart];
  };
  assert.equal(engaged(1234), [1234, undefined]);
  assert.equal(engaged('long'), [1, 'long']);
});

test('the names of what is known are told apart', () => {
  // Both are the upload of a file: Clowder's own event has no type.
  const known = catalogue.filter(({ category, type }) => category !== 'upload' || type !== 'file');
  const names = known.map(({ category, type }) => compiled({ category, type }).event.name);
  assert.is(new Set(names).size, names.length);
});

const hostile = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('x'.repeat(3000), '\u0000'.repeat(200), '\ud800', '_a', 'google_', 'items', 'error', '🌾'.repeat(90)),
);
const name = fc.oneof(
  hostile,
  fc.constantFrom(
    'user_id',
    'type',
    'ip',
    'session_id',
    'client_id',
    'user_agent',
    'country',
    'language',
    'os',
    'url',
    'visitor',
    'constructor',
    '__proto__',
    'toString',
  ),
);
const anyEvent: fc.Arbitrary<Event> = fc
  .record({
    id: fc.string({
      minLength: 1,
      maxLength: 128,
      unit: fc.integer({ min: 32, max: 126 }).map(code => String.fromCharCode(code)),
    }),
    fields: fc.dictionary(name, fc.oneof(fc.jsonValue(), hostile), { maxKeys: 60 }),
    category: hostile,
    type: fc.option(hostile, { nil: undefined }),
    age: fc.integer({ min: 0, max: limits.backdateMs }),
  })
  .map(({ id, fields, category, type, age }) => eventOf(fields as Fields, { id, category, type, created: now - age }));

test('whatever is a JSON object, without people no documented limit is broken', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 60 }), fc.boolean(), (events, one) => {
      const requests = requestsOf(
        events.map(event => {
          const result = compile(withoutPeople(event), options);
          return [event.id, one ? { ...result, context: { client_id: '1.2' } } : result] as const;
        }),
      );
      assert.is(
        requests.reduce((sum, { hits }) => sum + hits.length, 0),
        events.length,
      );
      for (const request of requests) assert.equal(validationMessages(bodyOf(request), now), []);
    }),
    { numRuns: 150 },
  );
});

test('25 events that are as large as can be stay below the size of a request', () => {
  const wide = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`field_${index}`, '\u0001'.repeat(500)]));
  const big = { category: 'x', url: '\u0001'.repeat(2000), referrer: '\u0001'.repeat(2000), user_id: 'u', ...wide };
  const requests = requestsOf(Array.from({ length: 100 }, (_, index) => [`${index}`, compiled(big)]));
  for (const request of requests) assert.equal(validationMessages(bodyOf(request), now), []);
  assert.ok(requests.length > 4);
});

test('every recorded event, rebased to now, is a hit once', async () => {
  const { server, open } = await startGa4();
  try {
    const events = fixtureFiles.flatMap(file =>
      fixtureLines(file).flatMap((body, index) => {
        const decoded = decode({ id: `${file}-${index}`, body, source: 'clowder', received: now }, now);
        if (!('event' in decoded) || decoded.event.text !== undefined) return [];
        return [withoutPeople({ ...decoded.event, created: now - index * 1_000 })];
      }),
    );
    for (let round = 0; round < 2; round += 1) {
      const session = await open();
      const result = await session.write(events, new AbortController().signal);
      assert.equal(result, { rejected: [], tooOld: [], duplicates: round * events.length });
    }
    assert.equal(server.eventIds().sort(), events.map(({ id }) => id).sort());
    assert.equal(server.violations, []);
  } finally {
    await server.stop();
  }
});

test.run();
