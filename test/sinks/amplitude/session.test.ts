import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describe, SetupError, TransientError } from '../../../src/errors.js';
import type { Event } from '../../../src/events/event.js';
import type { AmplitudeConfig } from '../../../src/sinks/amplitude/session.js';
import { amplitudeSink } from '../../../src/sinks/amplitude.js';
import { address } from '../../helpers/address.js';
import { type AnalyticsSetup, startAmplitude } from '../../helpers/analytics-sinks.js';
import type { AmplitudeServer } from '../../helpers/servers/amplitude.js';
import type { ScriptedFault } from '../../helpers/servers/stand-in.js';
import { collectingLog, eventOf, hexId, someEvents, standingClock } from '../../helpers/sink-session.js';
import { thrown } from '../../helpers/thrown.js';

const apiKey = 'key-of-the-project';
const patience = new AbortController().signal;

const test = suite<AnalyticsSetup<AmplitudeServer, AmplitudeConfig>>('amplitude');

test.before.each(async context => {
  Object.assign(context, await startAmplitude());
});

test.after.each(async context => {
  await context.server.stop();
});

const ids = (server: AmplitudeServer): unknown[] => server.accepted.map(event => event.insert_id);
const idsOf = (events: readonly Event[]): string[] => events.map(event => event.id);

test('delivers a batch in one request', async ({ server, open }) => {
  const events = someEvents(500);
  const result = await (await open()).write(events, patience);
  assert.equal(result.rejected, []);
  assert.is(result.deferred, undefined);
  assert.equal(ids(server), idsOf(events));
  assert.is(server.asked.length, 1);
});

test('delivers 493 of 500 once, and gives a reason for each of 7 bad ones in any positions', async ({
  server,
  open,
}) => {
  for (const bad of [
    [0, 1, 2, 3, 4, 5, 6],
    [0, 83, 166, 249, 332, 415, 499],
    [493, 494, 495, 496, 497, 498, 499],
    [7, 8, 100, 101, 102, 300, 498],
  ]) {
    server.accepted.length = 0;
    server.asked.length = 0;
    const round = `${bad.join('-')}`;
    const events = someEvents(500, index => (bad.includes(index) ? { broken: true } : {})).map(event => ({
      ...event,
      id: `${round}/${event.id}`,
    }));
    server.refuses = event =>
      (event.event_properties as { broken?: boolean }).broken
        ? `event_properties.${String(event.insert_id).at(-1)}`
        : undefined;
    const result = await (await open()).write(events, patience);
    assert.equal(
      result.rejected?.map(({ index }) => index).sort((a, b) => a - b),
      bad,
    );
    for (const { reason } of result.rejected ?? []) assert.match(reason, /Invalid field values on some events/);
    assert.is(server.accepted.length, 493);
    assert.is(server.duplicates, 0);
    assert.ok(server.asked.length < 60, `${server.asked.length} requests`);
  }
});

test('12 bad events do not starve 5 good ones', async ({ server, open }) => {
  const events = someEvents(17, index => (index < 12 ? { broken: true } : {}));
  server.refuses = event => ((event.event_properties as { broken?: boolean }).broken ? 'event_properties' : undefined);
  const result = await (await open()).write(events, patience);
  assert.is(result.rejected?.length, 12);
  assert.equal(ids(server), idsOf(events.slice(12)));
});

test('finds the bad event by halves where the server names none', async ({ server, open }) => {
  const events = someEvents(40);
  for (let request = 0; request < 60; request += 1) {
    server.faults.push(asked =>
      asked.body.includes('"event-17"') || asked.body.includes('"event-30"')
        ? { status: 400, body: '{"code":400,"error":"Invalid event JSON"}' }
        : undefined,
    );
  }
  const result = await (await open()).write(events, patience);
  assert.equal(
    result.rejected?.map(({ index }) => index),
    [17, 30],
  );
  assert.match(result.rejected?.[0]?.reason ?? '', /Invalid event JSON/);
  assert.is(server.accepted.length, 38);
});

test('one value that a firewall stops does not hold the batch', async ({ server, open }) => {
  server.forbids = event => String((event.event_properties as { note?: string }).note).includes('<script>');
  const events = someEvents(30, index => (index === 11 ? { note: '<script>' } : {}));
  const result = await (await open()).write(events, patience);
  assert.equal(
    result.rejected?.map(({ index }) => index),
    [11],
  );
  assert.match(result.rejected?.[0]?.reason ?? '', /403/);
  assert.is(server.accepted.length, 29);
});

test('everything forbidden is a matter of setup, found with one more request', async ({ server, open }) => {
  server.always = { status: 403, body: '{"code":403,"error":"Forbidden"}' };
  const error = await thrown((await open()).write(someEvents(30), patience));
  assert.instance(error, SetupError);
  assert.is(server.asked.length, 2);
});

test('halves what is too large', async ({ server, open }) => {
  server.maxEvents = 8;
  const events = someEvents(30);
  const result = await (await open()).write(events, patience);
  assert.equal(result.rejected, []);
  assert.equal(ids(server), idsOf(events));
});

test('an event too large for Amplitude is rejected, the rest delivered', async ({ server, open }) => {
  const wide = Object.fromEntries(Array.from({ length: 999 }, (_, index) => [`field_${index}`, 'x'.repeat(1024)]));
  const events = someEvents(10, index => (index === 3 ? wide : {}));
  const result = await (await open()).write(events, patience);
  assert.equal(
    result.rejected?.map(({ index }) => index),
    [3],
  );
  assert.match(result.rejected?.[0]?.reason ?? '', /413/);
  assert.is(server.accepted.length, 9);
});

test('cuts a batch whose events grow past a request', async ({ server, open }) => {
  const wide = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`field_${index}`, 'é'.repeat(1024)]));
  const events = someEvents(40, () => wide);
  await (await open()).write(events, patience);
  assert.is(server.accepted.length, 40);
  assert.ok(server.asked.every(({ body }) => Buffer.byteLength(body) < 1_000_000));
});

test('puts off only the throttled users, and leaves them alone until their time', async ({ server, open }) => {
  const clock = standingClock();
  const session = await open({ clock });
  const slow = hexId(1003);
  server.throttledUsers.add(slow);
  const events = someEvents(60);
  const waiting = events.flatMap((event, index) => (event.fields.user_id === slow ? [index] : []));
  const first = await session.write(events, patience);
  assert.equal(first.deferred, { indexes: waiting, retryAfterMs: 30_000 });
  assert.equal(first.rejected, []);
  assert.is(server.accepted.length, 57);

  server.asked.length = 0;
  const more = await session.write(
    waiting.map(index => events[index]!),
    patience,
  );
  assert.equal(more.deferred?.indexes, [0, 1, 2]);
  assert.is(server.asked.length, 0);

  clock.advance(30_000);
  server.throttledUsers.clear();
  const last = await session.write(
    waiting.map(index => events[index]!),
    patience,
  );
  assert.is(last.deferred, undefined);
  assert.is(server.accepted.length, 60);
});

test('rejects what is silenced and puts off what is throttled in the same answer', async ({ server, open }) => {
  const events = someEvents(6, index => ({ user_id: `person-${index}` }));
  server.throttledUsers.add('person-1');
  const session = await open();
  await session.write([eventOf({ category: 'x', user_id: 'person-4' }, { id: 'first' })], patience);
  server.silencedDevices.add(String(server.accepted[0]?.device_id));
  const result = await session.write(events, patience);
  assert.equal(
    result.rejected?.map(({ index }) => index),
    [4],
  );
  assert.match(result.rejected?.[0]?.reason ?? '', /silenced/);
  assert.equal(result.deferred?.indexes, [1]);
  assert.is(server.accepted.length, 5);
});

test('a daily quota is waited for longer', async ({ server, open }) => {
  const events = someEvents(4, index => ({ user_id: `person-${index}` }));
  const body = {
    code: 429,
    error: 'Too many',
    exceeded_daily_quota_users: { 'person-2': 500_001 },
    throttled_events: [2],
  };
  server.faults.push({ status: 429, body: JSON.stringify(body) });
  const result = await (await open({ clock: standingClock() })).write(events, patience);
  assert.equal(result.deferred, { indexes: [2], retryAfterMs: 600_000 });
  assert.is(server.accepted.length, 3);
});

test('sends an id that a batch repeats once, and every position shares its fate', async ({ server, open }) => {
  const [event, other] = someEvents(2, index => (index === 1 ? { broken: true } : {})) as [Event, Event];
  server.refuses = sent => ((sent.event_properties as { broken?: boolean }).broken ? 'event_properties' : undefined);
  const result = await (await open()).write([event, other, event, other, event], patience);
  assert.is(server.accepted.length, 1);
  assert.is(server.duplicates, 0);
  assert.is(result.duplicates, 2);
  assert.equal(
    result.rejected?.map(({ index }) => index),
    [1, 3],
  );
});

test('a redelivery adds nothing', async ({ server, open }) => {
  const events = someEvents(50);
  server.faults.push({ cut: 'before', processed: true });
  const session = await open();
  assert.instance(await thrown(session.write(events, patience)), TransientError);
  await (await open()).write(events, patience);
  assert.is(server.accepted.length, 50);
  assert.is(server.duplicates, 50);
});

const passing: readonly [string, ScriptedFault, wait?: number][] = [
  ['408', { status: 408 }],
  ['429 without detail', { status: 429, body: '{"code":429,"error":"Too many requests"}' }, 30_000],
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '7' } }, 7_000],
  ['429 with garbage', { status: 429, body: '<html>slow down</html>' }, 30_000],
  ['429 that names strangers', { status: 429, body: '{"throttled_users":{"somebody-else":40}}' }, 30_000],
  ['500', { status: 500, body: '{"code":200}' }],
  ['502', { status: 502, body: '<html>' }],
  ['503 with Retry-After', { status: 503, headers: { 'retry-after': '12' } }, 12_000],
  ['504, processed', { status: 504, processed: true }],
  ['400 that is not Amplitude’s', { status: 400, body: '<html>Bad Request</html>' }],
  ['200 that is not Amplitude’s', { status: 200, body: '<html>Welcome to the hotel</html>' }],
  ['cut before the answer', { cut: 'before', processed: false }],
  ['cut in the middle of the answer, processed', { cut: 'middle', processed: true }],
  ['no HTTP', { garbage: 'hello\r\n\r\n', processed: false }],
];
for (const [name, fault, wait] of passing) {
  test(`${name}: held, then delivered once`, async ({ server, open }) => {
    server.faults.push(fault);
    const events = someEvents(5);
    const error = await thrown((await open()).write(events, patience));
    assert.instance(error, TransientError);
    assert.is((error as TransientError).retryAfterMs, wait);
    await (await open()).write(events, patience);
    assert.equal(ids(server), idsOf(events));
  });
}

test('connection refused: held', async ({ server, open }) => {
  const session = await open();
  await server.stop();
  assert.instance(await thrown(session.write(someEvents(1), patience)), TransientError);
  assert.instance(await thrown(session.probe(patience)), TransientError);
});

test('a write that is aborted is held', async ({ server, open }) => {
  server.always = { delayMs: 60_000 };
  const abort = new AbortController();
  const session = await open();
  setTimeout(() => abort.abort(), 20);
  assert.instance(await thrown(session.write(someEvents(1), abort.signal)), TransientError);
});

const setup: readonly [string, ScriptedFault][] = [
  ['401', { status: 401 }],
  ['404', { status: 404, body: 'no such page' }],
  ['301', { status: 301, headers: { location: 'https://elsewhere.example/' } }],
  ['405', { status: 405 }],
  ['400 wrong path', { status: 400, body: '{"code":400,"error":"Invalid request path"}' }],
  [
    '400 missing key',
    { status: 400, body: '{"code":400,"error":"Request missing required field","missing_field":"api_key"}' },
  ],
];
for (const [name, fault] of setup) {
  test(`${name}: a matter of setup`, async ({ server, open }) => {
    server.always = fault;
    assert.instance(await thrown((await open()).write(someEvents(5), patience)), SetupError);
    assert.is(server.asked.length, 1);
  });
}

test('200 with an empty body, or whose code says otherwise, is a yes', async ({ server, open }) => {
  server.faults.push({ status: 200, processed: true }, { status: 200, body: '{"code":500}', processed: true });
  server.faults.push({ status: 200, body: 'success', processed: true });
  const session = await open();
  for (let time = 0; time < 3; time += 1) await session.write(someEvents(3), patience);
  assert.is(server.accepted.length, 3);
});

test('a wrong key holds until it is fixed at the server', async ({ server, open }) => {
  server.apiKeys.clear();
  const session = await open();
  const another = await open();
  for (const attempt of [() => session.write(someEvents(3), patience), () => another.probe(patience)]) {
    const error = await thrown(attempt());
    assert.instance(error, SetupError);
    assert.match(error.message, /AMPLITUDE_API_KEY/);
  }
  server.apiKeys.add(apiKey);
  await (await open()).probe(patience);
  assert.is(server.accepted.length, 0);
  await (await open()).write(someEvents(3), patience);
  assert.is(server.accepted.length, 3);
});

test('no error and no log line tells the key', async ({ server, open }) => {
  const log = collectingLog();
  const session = await open({ log });
  const texts: string[] = [];
  for (const body of [
    `{"code":400,"error":"Invalid API key: ${apiKey}"}`,
    `{"code":400,"error":"Invalid event JSON near ${apiKey}"}`,
    `{"code":400,"error":"${apiKey}","events_with_invalid_fields":{"time":[0]}}`,
    `<html>${apiKey}</html>`,
  ]) {
    for (const status of [400, 401, 403, 404, 413, 429, 500]) {
      server.always = { status, body };
      try {
        texts.push(JSON.stringify(await session.write(someEvents(1), patience)));
      } catch (error) {
        texts.push(describe(error), String((error as Error).stack));
      }
    }
  }
  assert.not.match([...texts, ...log.lines].join('\n'), apiKey);
});

test('configuration: on with a key, and a lone address is a mistake', () => {
  const problems: string[] = [];
  const add = (name: string): number => problems.push(name);
  const values = { apiKey: undefined, secretKey: undefined, serverUrl: undefined, zone: 'EU' as const };
  assert.is(amplitudeSink.configure(values, { add }), undefined);
  assert.equal(problems, []);
  assert.equal(amplitudeSink.configure({ ...values, apiKey: 'k' }, { add }), { ...values, apiKey: 'k' });
  amplitudeSink.configure({ ...values, serverUrl: address('https://proxy.example/2/httpapi') }, { add });
  assert.equal(problems, ['AMPLITUDE_API_KEY']);
});

test.run();
