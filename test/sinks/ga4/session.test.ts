import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BelievedTime } from '../../../src/believed-time.js';
import { describe, HaltedError, SetupError, TransientError } from '../../../src/errors.js';
import type { Event } from '../../../src/events/event.js';
import type { Ga4Config } from '../../../src/sinks/ga4/session.js';
import { ga4Sink } from '../../../src/sinks/ga4.js';
import { address } from '../../helpers/address.js';
import { type AnalyticsSetup, startGa4 } from '../../helpers/analytics-sinks.js';
import type { Ga4Server } from '../../helpers/servers/ga4.js';
import type { ScriptedFault } from '../../helpers/servers/stand-in.js';
import { collectingLog, eventOf, hexId, someEvents, standingClock } from '../../helpers/sink-session.js';
import { thrown } from '../../helpers/thrown.js';

const apiSecret = 'secret-of-the-stream';
const patience = new AbortController().signal;
const hourMs = 3_600_000;

const test = suite<AnalyticsSetup<Ga4Server, Ga4Config>>('ga4');

test.before.each(async context => {
  Object.assign(context, await startGa4());
});

test.after.each(async ({ server }) => {
  await server.stop();
  assert.equal(server.violations, []);
});

const idsOf = (events: readonly Event[]): string[] => events.map(event => event.id).sort();
const sentIds = (server: Ga4Server): unknown[] => server.eventIds().sort();

test('delivers a batch, each client in requests of its own', async ({ server, open }) => {
  const events = someEvents(500);
  const result = await (await open()).write(events, patience);
  assert.equal(result, { rejected: [], tooOld: [], duplicates: 0 });
  assert.equal(sentIds(server), idsOf(events));
  assert.is(new Set(server.hits.map(hit => hit.clientId)).size, 20);
  assert.ok(server.hits.every(hit => hit.userId !== undefined));
  assert.is(server.asked.length, 20);
});

test('a client with more than 25 events has several requests', async ({ server, open }) => {
  await (await open()).write(
    someEvents(60, () => ({ user_id: hexId(1) })),
    patience,
  );
  assert.equal(server.asked.map(({ body }) => JSON.parse(body).events.length).sort(), [10, 25, 25]);
});

test('redelivery adds nothing, in this session or another on the same memory', async ({ server, open }) => {
  const events = someEvents(100);
  const session = await open();
  await session.write(events, patience);
  assert.equal(await session.write(events, patience), { rejected: [], tooOld: [], duplicates: 100 });
  const later = [...events.slice(50), ...someEvents(110).slice(100)];
  assert.equal(await (await open()).write(later, patience), { rejected: [], tooOld: [], duplicates: 50 });
  assert.is(server.hits.length, 110);
});

test('an id that a batch repeats is sent once', async ({ server, open }) => {
  const [event] = someEvents(1) as [Event];
  assert.equal(await (await open()).write([event, event, event], patience), {
    rejected: [],
    tooOld: [],
    duplicates: 2,
  });
  assert.is(server.hits.length, 1);
});

test('delivers 493 of 500 once, and leaves out 7 that are too old, in any positions', async ({ server, open }) => {
  for (const bad of [
    [0, 1, 2, 3, 4, 5, 6],
    [0, 83, 166, 249, 332, 415, 499],
    [493, 494, 495, 496, 497, 498, 499],
  ]) {
    server.hits.length = 0;
    const round = bad.join('-');
    const events = someEvents(500, index => (bad.includes(index) ? { created: Date.now() - 73 * hourMs } : {})).map(
      event => ({ ...event, id: `${round}/${event.id}` }),
    );
    assert.equal(await (await open()).write(events, patience), { rejected: [], tooOld: bad, duplicates: 0 });
    assert.equal(sentIds(server), idsOf(events.filter((_, index) => !bad.includes(index))));
  }
});

test('72 hours ago is in time, a moment more is not', async ({ server, open }) => {
  const clock = standingClock();
  const at = (created: number, id: string): Event => eventOf({ category: 'x', created }, { id });
  const events = [at(clock.now() - 72 * hourMs, 'in time'), at(clock.now() - 72 * hourMs - 1, 'late')];
  const { tooOld } = await (await open({ clock })).write(events, patience);
  assert.equal(tooOld, [1]);
  assert.is(server.hits[0]?.timestampMicros, (clock.now() - 72 * hourMs) * 1000);
});

test('a clock that is a little ahead is forgiven, the future is not', async ({ server, open }) => {
  const clock = standingClock();
  const at = (created: number, id: string): Event => eventOf({ category: 'x', created }, { id });
  const events = [at(clock.now() + 30_000, 'ahead'), at(clock.now() + 24 * hourMs, 'tomorrow')];
  const { rejected = [] } = await (await open({ clock })).write(events, patience);
  assert.equal(
    rejected.map(({ index }) => index),
    [1],
  );
  assert.match(rejected[0]?.reason ?? '', /future/);
  assert.is(server.hits[0]?.timestampMicros, clock.now() * 1000);
});

test('a clock that jumps 40 days, ahead or back, makes no event too old, none one of the future, and none one that was not sent', async ({
  server,
  open,
}) => {
  const start = Date.now();
  const at = { jumpMs: 0, passedMs: 0 };
  const clock = {
    ...standingClock(),
    now: () => start + at.passedMs + at.jumpMs,
    monotonic: () => at.passedMs,
  };
  const session = await open({ clock, ageClock: new BelievedTime(clock) });
  const one = (id: string): Event => eventOf({ category: 'x', created: start + at.passedMs }, { id });
  const nothing = { rejected: [], tooOld: [], duplicates: 0 };
  assert.equal(await session.write([one('right')], patience), nothing);
  at.jumpMs = 40 * 24 * hourMs;
  assert.equal(await session.write([one('ahead')], patience), nothing);
  at.jumpMs = -40 * 24 * hourMs;
  assert.equal(await session.write([one('back')], patience), nothing);
  assert.equal(
    server.hits.map(({ timestampMicros }) => timestampMicros),
    [start * 1000, start * 1000, start * 1000],
  );
  at.jumpMs = 0;
  assert.is((await session.write([one('right'), one('ahead'), one('back')], patience)).duplicates, 3);

  at.jumpMs = -40 * 24 * hourMs;
  assert.equal(await session.write([one('back again')], patience), nothing);
  at.passedMs = hourMs;
  const { rejected = [] } = await session.write([one('back for an hour')], patience);
  assert.match(rejected[0]?.reason ?? '', /future/);
});

test('what was sent in time is a duplicate even when it comes again too late', async ({ open }) => {
  const clock = standingClock();
  const events = [eventOf({ category: 'x', created: clock.now() - 71 * hourMs })];
  const session = await open({ clock });
  await session.write(events, patience);
  clock.advance(2 * hourMs);
  assert.equal(await session.write(events, patience), { rejected: [], tooOld: [], duplicates: 1 });
});

const passing: readonly [string, ScriptedFault, wait?: number][] = [
  ['408', { status: 408 }],
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '7' } }, 7_000],
  ['500', { status: 500 }],
  ['502', { status: 502, body: '<html>' }],
  ['503 with Retry-After', { status: 503, headers: { 'retry-after': '12' } }, 12_000],
  ['504', { status: 504 }],
  ['200 with a page that is not Google’s', { status: 200, body: '<html>Welcome to the hotel</html>' }],
  ['cut before the answer', { cut: 'before', processed: false }],
  ['no HTTP', { garbage: 'hello\r\n\r\n', processed: false }],
];
for (const [name, fault, wait] of passing) {
  test(`${name}: held, then delivered`, async ({ server, open }) => {
    server.faults.push(fault);
    const events = someEvents(5, () => ({ user_id: hexId(1) }));
    const error = await thrown((await open()).write(events, patience));
    assert.instance(error, TransientError);
    assert.is((error as TransientError).retryAfterMs, wait);
    await (await open()).write(events, patience);
    assert.equal(sentIds(server), idsOf(events));
  });
}

const setup: readonly [string, ScriptedFault][] = [
  ['401', { status: 401 }],
  ['403', { status: 403 }],
  ['404', { status: 404 }],
  ['301', { status: 301, headers: { location: 'https://elsewhere.example/' } }],
  ['400 to whatever is sent', { status: 400, body: 'no' }],
];
for (const [name, fault] of setup) {
  test(`${name}: a matter of setup, and fixed at the server it flows`, async ({ server, open }) => {
    server.always = fault;
    const events = someEvents(5);
    assert.instance(await thrown((await open()).write(events, patience)), SetupError);
    server.always = undefined;
    const session = await open();
    await session.probe(patience);
    await session.write(events, patience);
    assert.equal(sentIds(server), idsOf(events));
  });
}

for (const status of [400, 413, 422]) {
  test(`${status} for one event: that one is rejected, the rest delivered once`, async ({ server, open }) => {
    for (let request = 0; request < 60; request += 1) {
      server.faults.push(({ url, body }) =>
        url.pathname === '/mp/collect' && body.includes('"event-17"') ? { status, body: 'no such thing' } : undefined,
      );
    }
    const events = someEvents(40, () => ({ user_id: hexId(1) }));
    const { rejected = [] } = await (await open()).write(events, patience);
    assert.equal(
      rejected.map(({ index }) => index),
      [17],
    );
    assert.match(rejected[0]?.reason ?? '', `${status} (no such thing)`);
    assert.equal(sentIds(server), idsOf(events.filter((_, index) => index !== 17)));
  });
}

test('a failure in the middle keeps what was sent from being sent again', async ({ server, open }) => {
  const events = someEvents(100);
  for (let request = 0; request < 8; request += 1) server.faults.push(undefined);
  server.faults.push({ status: 503 });
  assert.instance(await thrown((await open()).write(events, patience)), TransientError);
  assert.ok(server.hits.length >= 5 && server.hits.length < 100);
  await (await open()).write(events, patience);
  assert.equal(sentIds(server), idsOf(events));
});

const ambiguous: readonly [string, ScriptedFault][] = [
  ['cut before the answer', { cut: 'before', processed: true }],
  ['cut in the middle of the answer', { cut: 'middle', processed: true }],
  ['garbage', { garbage: 'hello\r\n\r\n', processed: true }],
];
for (const [name, fault] of ambiguous) {
  test(`${name}, with resend: sent again, perhaps twice, never lost`, async ({ server, open }) => {
    server.faults.push(fault);
    const events = someEvents(5, () => ({ user_id: hexId(1) }));
    assert.instance(await thrown((await open()).write(events, patience)), TransientError);
    await (await open()).write(events, patience);
    assert.is(server.hits.length, 10);
    assert.equal([...new Set(sentIds(server))], idsOf(events));
  });

  test(`${name}, with skip: taken as sent, never twice`, async ({ server, open }) => {
    server.faults.push(fault);
    const log = collectingLog();
    const events = someEvents(5, () => ({ user_id: hexId(1) }));
    const skipping = { onAmbiguous: 'skip' as const };
    assert.equal(await (await open({ log }, skipping)).write(events, patience), {
      rejected: [],
      tooOld: [],
      duplicates: 0,
    });
    await (await open({}, skipping)).write(events, patience);
    assert.equal(sentIds(server), idsOf(events));
    assert.match(log.lines.join('\n'), 'batch.assumed_sent');
  });
}

test('with skip, one silence does not write off the whole batch', async ({ server, open }) => {
  const events = someEvents(500, index => ({ user_id: hexId(index) }));
  server.always = { cut: 'before', processed: false };
  const skipping = { onAmbiguous: 'skip' as const };
  assert.instance(await thrown((await open({}, skipping)).write(events, patience)), TransientError);
  assert.ok(server.asked.length <= 6);
  server.always = undefined;
  await (await open({}, skipping)).write(events, patience);
  assert.ok(server.hits.length >= 494, `${server.hits.length} of 500`);
});

test('connection refused is not ambiguous: nothing is skipped', async ({ server, open }) => {
  const events = someEvents(5);
  const skipping = { onAmbiguous: 'skip' as const };
  await server.stop();
  const session = await open({}, skipping);
  assert.instance(await thrown(session.write(events, patience)), TransientError);
  assert.instance(await thrown(session.probe(patience)), TransientError);
  await server.start();
  await (await open({}, skipping)).write(events, patience);
  assert.equal(sentIds(server), idsOf(events));
});

test('a write that is aborted is held', async ({ server, open }) => {
  server.always = { delayMs: 60_000 };
  const abort = new AbortController();
  const session = await open();
  setTimeout(() => abort.abort(), 20);
  assert.instance(await thrown(session.write(someEvents(3), abort.signal)), TransientError);
});

test('once another write has failed, no request is begun: the rest is sent with the next try, and nothing twice', async ({
  server,
  open,
}) => {
  const events = someEvents(500);
  const halt = new AbortController();
  server.always = () => {
    halt.abort();
    return undefined;
  };
  const session = await open();
  assert.instance(await thrown(session.write(events, patience, halt.signal)), HaltedError);
  assert.ok(server.asked.length <= 6, `${server.asked.length} of 20 requests`);
  server.always = undefined;
  await (await open()).write(events, patience);
  assert.is(server.asked.length, 20);
  assert.equal(sentIds(server), idsOf(events));
});

test('a proxy without a validation server can be probed', async ({ server, open }) => {
  server.always = { status: 404 };
  await (await open()).probe(patience);
  assert.is(server.hits.length, 0);
});

test('the secret goes to Google and nowhere else', async ({ server, open }) => {
  const log = collectingLog();
  const session = await open({ log });
  const texts: string[] = [];
  const faults: ScriptedFault[] = [400, 401, 403, 404, 413, 429, 500].map(status => ({
    status,
    body: `?api_secret=${apiSecret} ${apiSecret}`,
  }));
  for (const fault of [...faults, { cut: 'before', processed: false } as const]) {
    server.always = fault;
    try {
      texts.push(JSON.stringify(await session.write(someEvents(1), patience)));
    } catch (error) {
      texts.push(describe(error), String((error as Error).stack));
    }
  }
  assert.is(server.asked[0]?.url.searchParams.get('api_secret'), apiSecret);
  assert.not.match([...texts, ...log.lines, ...server.asked.map(({ body }) => body)].join('\n'), apiSecret);
});

test('what does not fit is said once', async ({ open }) => {
  const log = collectingLog();
  await (await open({ log })).write(
    someEvents(20, () => ({ note: 'x'.repeat(200) })),
    patience,
  );
  assert.is(log.lines.filter(line => line.includes('event.shortened') && line.includes('note')).length, 1);
});

test('configuration: both or none, and what can never work is said', () => {
  const problems: string[] = [];
  const add = (name: string): number => problems.push(name);
  const none = {
    measurementId: undefined,
    apiSecret: undefined,
    serverUrl: address('https://www.google-analytics.com'),
    clientId: undefined,
    onAmbiguous: 'resend' as const,
  };
  assert.is(ga4Sink.configure(none, { add }), undefined);
  assert.equal(problems, []);
  assert.is(ga4Sink.configure({ ...none, measurementId: 'G-TEST1' }, { add }), undefined);
  assert.is(ga4Sink.configure({ ...none, apiSecret: 's' }, { add }), undefined);
  ga4Sink.configure({ ...none, apiSecret: 's', measurementId: 'UA-12345-1', clientId: 'me' }, { add });
  assert.equal(problems, ['GOOGLE_API_SECRET', 'GOOGLE_MEASUREMENT_ID', 'GOOGLE_MEASUREMENT_ID', 'GOOGLE_CLIENT_ID']);
  const good = { ...none, apiSecret: 's', measurementId: 'G-TEST1', clientId: '12.34' };
  assert.equal(ga4Sink.configure(good, { add }), good);
});

test.run();
