import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Availability } from '../../src/availability/availability.js';
import { AvailabilityRecorder } from '../../src/availability/recorder.js';
import { correctionOf, declarationOf } from '../../src/health/declaration.js';
import { judge } from '../../src/health/result.js';
import { seenOf } from '../../src/health/seen.js';
import { TargetMonitor } from '../../src/health/target-monitor.js';
import type { Calls } from '../../src/storage/calls.js';
import { targetOf } from '../helpers/health.js';
import { ScratchDatabase } from '../storage/scratch.js';

const hour = 3_600_000;
const minutes = 60_000;
const zone = 'America/Chicago';
const good = { sent: 1, good: 1, times: { average: 0.12, min: 0.12, max: 0.12 }, readings: {}, reason: undefined };
const bad = { sent: 1, good: 0, times: undefined, readings: {}, reason: 'HTTP 502' };

const time = (text: string): number => Date.parse(`${text}:00-06:00`);
/** After the night of 8 March clocks are an hour ahead. */
const summer = (text: string): number => Date.parse(`${text}:00-05:00`);

const callsOf = (scratch: ScratchDatabase): Pick<Calls, 'read'> => ({
  read: async (name, ...args) => scratch.read(name, ...args),
});
const clockOf = (scratch: ScratchDatabase) => ({ now: () => scratch.now });

type Times = readonly (readonly [from: number, until: number])[];

interface Story {
  /** Days there, 20260301. */
  readonly first: number;
  readonly last: number;
  readonly from: number;
  readonly until: number;
  readonly outages: Times;
  readonly slow: Times;
  /** When the daemon itself was away. */
  readonly away: Times;
}

const march: Story = {
  ...{ first: 20260301, last: 20260331, from: time('2026-03-01T00:00'), until: summer('2026-04-01T00:00') },
  outages: [
    [time('2026-03-03T10:00'), time('2026-03-03T12:00')],
    // Two hours: that from 2 to 3 is not there.
    [time('2026-03-08T01:00'), summer('2026-03-08T04:00')],
    [summer('2026-03-20T22:00'), summer('2026-03-21T04:00')],
  ],
  slow: [[time('2026-03-05T08:00'), time('2026-03-05T09:30')]],
  away: [[summer('2026-03-10T00:00'), summer('2026-03-11T00:00')]],
};

/** After the first two hours of that month the hour from 1 to 2 comes again. */
const november: Story = {
  ...{ first: 20261101, last: 20261130, from: summer('2026-11-01T00:00'), until: time('2026-12-01T00:00') },
  outages: [[summer('2026-11-01T00:30'), time('2026-11-01T01:30')]],
  slow: [
    [time('2026-11-01T01:30'), time('2026-11-01T02:00')],
    [time('2026-11-30T22:00'), time('2026-12-01T00:00')],
  ],
  away: [],
};

const isIn = (times: Times, at: number): boolean => times.some(([from, until]) => at >= from && at < until);

/** A month of a service that is checked every five minutes. */
async function month({ first, last, from, until, outages, slow, away }: Story = march) {
  const scratch = new ScratchDatabase();
  const target = {
    ...targetOf({ name: 'clowder', url: 'https://clowder.example.org/', interval: 300 }),
    threshold: { down: 1, up: 1 },
  };
  const monitor = new TargetMonitor(target, 'id-secret-of-tests');
  const recorder = new AvailabilityRecorder(
    'clowder',
    async seen => scratch.write('keepAvailability', seen),
    error => assert.unreachable(String(error)),
  );
  /** As they are published. */
  const events: string[] = [];
  for (let at = from; at < until; at += 5 * minutes) {
    if (isIn(away, at)) continue;
    const outcome = isIn(outages, at) ? bad : isIn(slow, at) ? { ...good, warning: 'slow' } : good;
    const result = judge(outcome, target);
    const previous = monitor.saved.lastRun;
    const observed = monitor.observe({ at, ended: at, result });
    const seen = seenOf(target, { at, ended: at, result }, previous, observed);
    assert.ok(observed.event && seen);
    events.push(observed.event.body);
    recorder.see(seen);
    if (events.length % 7 === 0) await recorder.save();
  }
  await recorder.save();
  scratch.now = until + 24 * hour;
  const availability = new Availability({ storage: callsOf(scratch), watched: new Map(), clock: clockOf(scratch) });
  return {
    scratch,
    events,
    report: async () => (await availability.report({ first, last, zone, service: undefined }))[0],
  };
}

const inHours = (durations: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(durations).map(([state, ms]) => [state, Math.round((ms / hour) * 1000) / 1000]));

test('words without an end change no figure, and are kept; maintenance to come is known ahead', async () => {
  const { scratch, report } = await month();
  const before = await report();
  const at = time('2026-03-03T11:00');
  const of = { service: 'clowder', by: 'ops', at };
  const window = { from: at, until: undefined, message: 'A disk is full' };
  scratch.write('keepCorrection', correctionOf({ ...of, id: 'a', status: 'down', window }));
  scratch.write('keepCorrection', correctionOf({ ...of, id: 'b', status: 'up', window: { ...window, message: '' } }));
  const ahead = { from: scratch.now + hour, until: scratch.now + 2 * hour, message: 'New disks' };
  scratch.write('keepCorrection', correctionOf({ ...of, id: 'c', status: 'maintenance', window: ahead }));
  const elsewhere = { ...of, service: 'another', id: 'd', status: 'down', window };
  scratch.write('keepCorrection', correctionOf(elsewhere));
  const after = await report();
  assert.equal(
    after?.corrections.map(({ id, from, until, message }) => [id, from, until, message]),
    [['a', at, at, 'A disk is full']],
  );
  assert.equal([after?.durations, after?.outages, after?.days], [before?.durations, before?.outages, before?.days]);
  const calls = { storage: callsOf(scratch), watched: new Map(), clock: clockOf(scratch) };
  const availability = new Availability(calls);
  assert.equal(
    (await availability.announced(scratch.now + 24 * hour)).map(({ service, id }) => [service, id]),
    [['clowder', 'c']],
  );
  // Words alone are nothing that was seen of a service.
  const all = await availability.report({ first: 20260301, last: 20260331, zone, service: undefined });
  assert.equal(
    all.map(({ service }) => service),
    ['clowder'],
  );
});

test('a month with outages, slow hours, a daemon away for a day, an hour that was not there, and maintenance said afterwards', async () => {
  const { scratch, report } = await month();
  const before = await report();
  // 743 hours: the month lacks one. The last run was five minutes before the end, the one before the day away too.
  const unseen = Math.round((24 + 10 / 60) * 1000) / 1000;
  assert.equal(inHours(before?.durations ?? {}), {
    up: Math.round((743 - 10 - 1.5 - 24 - 10 / 60) * 1000) / 1000,
    degraded: 1.5,
    down: 10,
    maintenance: 0,
    unknown: unseen,
  });
  assert.equal(
    before?.outages.map(({ from, until, reason }) => [from, until, reason]),
    [
      [time('2026-03-03T10:00'), time('2026-03-03T12:00'), 'HTTP 502'],
      [time('2026-03-08T01:00'), time('2026-03-08T03:00'), 'HTTP 502'],
      [summer('2026-03-20T22:00'), summer('2026-03-21T04:00'), 'HTTP 502'],
    ],
  );
  const days = new Map(before?.days.map(({ day, durations }) => [day, inHours(durations)]));
  assert.is(days.size, 31);
  assert.equal(days.get(20260303), { up: 22, degraded: 0, down: 2, maintenance: 0, unknown: 0 });
  assert.equal(days.get(20260305), { up: 22.5, degraded: 1.5, down: 0, maintenance: 0, unknown: 0 });
  assert.equal(days.get(20260308), { up: 21, degraded: 0, down: 2, maintenance: 0, unknown: 0 });
  assert.equal(days.get(20260310), { up: 0, degraded: 0, down: 0, maintenance: 0, unknown: 24 });
  assert.equal(days.get(20260320), { up: 22, degraded: 0, down: 2, maintenance: 0, unknown: 0 });

  const said = { service: 'clowder', id: 'said', by: 'ops', at: summer('2026-03-22T09:00') };
  const window = { from: summer('2026-03-20T21:00'), until: summer('2026-03-21T03:00'), message: 'new disks' };
  for (let twice = 0; twice < 2; twice += 1)
    scratch.write('keepCorrection', correctionOf({ ...said, status: 'maintenance', window }));
  const after = await report();
  assert.equal(inHours(after?.durations ?? {}), {
    up: Math.round((743 - 11 - 1.5 - 24 - 10 / 60) * 1000) / 1000,
    degraded: 1.5,
    down: 5,
    maintenance: 6,
    unknown: unseen,
  });
  assert.equal(
    after?.corrections.map(({ id, by, at, message }) => [id, by, at, message]),
    [['said', 'ops', said.at, 'new disks']],
  );
});

/** What somebody says afterwards, as events: a later one holds over those before it. */
const said = (created: number, type: string, from: number, until: number): string =>
  JSON.stringify({ category: 'service_status', type, service_name: 'clowder', created, from, until });

const stories = {
  march: {
    story: march,
    said: [
      said(summer('2026-03-22T09:00'), 'maintenance', summer('2026-03-20T21:00'), summer('2026-03-21T03:00')),
      said(summer('2026-03-22T10:00'), 'down', summer('2026-03-20T23:00'), summer('2026-03-20T23:30')),
      // A false alarm; slow hours that were an outage; half of the day in which nobody looked; the night of the change.
      said(summer('2026-03-23T09:00'), 'up', time('2026-03-03T11:00'), time('2026-03-03T12:00')),
      said(summer('2026-03-23T09:05'), 'down', time('2026-03-05T08:30'), time('2026-03-05T10:00')),
      said(summer('2026-03-23T09:10'), 'degraded', summer('2026-03-10T12:00'), summer('2026-03-11T00:00')),
      said(summer('2026-03-23T09:15'), 'maintenance', time('2026-03-08T01:30'), summer('2026-03-08T03:30')),
    ],
    /** Hours of the day on which clocks change. */
    changed: [20260308, { up: 21, degraded: 0, down: 1, maintenance: 1, unknown: 0 }],
  },
  november: {
    story: november,
    said: [said(time('2026-11-02T09:00'), 'maintenance', time('2026-11-01T01:00'), time('2026-11-01T04:00'))],
    changed: [20261101, { up: 20.5, degraded: 0, down: 1.5, maintenance: 3, unknown: 0 }],
  },
} as const;

const localDay = new Intl.DateTimeFormat('en-CA', { timeZone: zone });

/** By day, from nothing but the events: every five minutes are what the check before them found, or what was said. */
function byHand({ from, until }: Story, events: readonly string[]) {
  const read = events.map(body => JSON.parse(body));
  const checks = read.filter(({ category }) => category === 'health');
  const slots = new Map<number, string>();
  for (let at = from; at < until; at += 5 * minutes) slots.set(at, 'unknown');
  for (const [place, { created, healthy, message }] of checks.entries()) {
    const next = checks[place + 1]?.created ?? created;
    if (next - created > 10 * minutes || next === created) continue;
    slots.set(created, healthy === false ? 'down' : message === undefined ? 'up' : 'degraded');
  }
  const words = read.filter(({ category }) => category === 'service_status').sort((a, b) => a.created - b.created);
  for (const one of words) for (const at of slots.keys()) if (at >= one.from && at < one.until) slots.set(at, one.type);
  const days = new Map<string, Record<string, number>>();
  for (const [at, state] of slots) {
    const day = localDay.format(at).replaceAll('-', '');
    const sums = days.get(day) ?? { up: 0, degraded: 0, down: 0, maintenance: 0, unknown: 0 };
    days.set(day, { ...sums, [state]: (sums[state] ?? 0) + 5 * minutes });
  }
  return days;
}

for (const [name, { story, said: words, changed }] of Object.entries(stories))
  test(`the same from the raw events, ${name}: outages, slow hours, corrections, the day on which clocks change`, async () => {
    const { scratch, events, report } = await month(story);
    for (const [place, body] of words.entries()) {
      const { created: received } = JSON.parse(body);
      const declaration = declarationOf({ id: `said-${place}`, body, source: 'http', received });
      assert.ok(declaration);
      scratch.write('keepCorrection', correctionOf(declaration));
    }
    const found = await report();
    const days = byHand(story, [...events, ...words]);
    assert.is(days.size, found?.days.length);
    assert.equal(
      Object.fromEntries(found?.days.map(({ day, durations }) => [day, durations]) ?? []),
      Object.fromEntries(days),
    );
    const [day, hours] = changed;
    assert.equal(inHours(days.get(String(day)) ?? {}), hours);
    const sums = { up: 0, degraded: 0, down: 0 };
    for (const one of days.values())
      for (const state of ['up', 'degraded', 'down'] as const) sums[state] += one[state] ?? 0;
    const share = ((sums.up + sums.degraded) / (sums.up + sums.degraded + sums.down)) * 100;
    assert.ok(Math.abs((found?.availability ?? 0) - share) < 1e-9);
  });

test('maintenance that ends early hides nothing of what comes after it', async () => {
  for (const [what, until, ending, expected] of [
    ['declared with its end', 14, { at: 12 }, { maintenance: 2, down: 0.5, up: 13.5 }],
    ['declared without one', undefined, { at: 12 }, { maintenance: 2, down: 0.5, up: 13.5 }],
    ['a correction of the past ends nothing', 14, { at: 12, from: 10, until: 11 }, { maintenance: 3, down: 0, up: 13 }],
    ['said before the maintenance was', 14, { at: 8, from: 12 }, { maintenance: 4, down: 0, up: 12 }],
  ] as const) {
    const scratch = new ScratchDatabase();
    const oClock = (hours: number) => Date.UTC(2026, 2, 1) + hours * hour;
    scratch.now = oClock(16);
    const spans = [
      { lane: 'observed', from: oClock(0), until: oClock(12.5), state: 'up' },
      { lane: 'observed', from: oClock(12.5), until: oClock(13), state: 'down' },
      { lane: 'observed', from: oClock(13), until: oClock(16), state: 'up' },
    ] as const;
    scratch.write('keepAvailability', { service: 'clowder', spans, times: [] });
    const declare = (status: string, said: number, from: number, end: number | undefined) => {
      const window = { from: oClock(from), until: end === undefined ? undefined : oClock(end), message: undefined };
      const declaration = { service: 'clowder', id: status, by: 'ops', status, at: oClock(said), window };
      scratch.write('keepCorrection', correctionOf(declaration));
    };
    declare('maintenance', 10, 10, until);
    const { at, from = at, until: end }: { at: number; from?: number; until?: number } = ending;
    declare('up', at, from, end);
    declare('up', at, from, end);
    const availability = new Availability({ storage: callsOf(scratch), watched: new Map(), clock: clockOf(scratch) });
    const [report] = await availability.report({ first: 20260301, last: 20260301, zone: 'UTC', service: undefined });
    assert.equal(inHours(report?.durations ?? {}), { degraded: 0, unknown: 0, ...expected }, what);
  }
});

test('maintenance that was called off, or declared anew, is counted as it was said last; who said so stays', async () => {
  const oClock = (hours: number) => Date.UTC(2026, 2, 1) + hours * hour;
  type Said = { id: string; at: number; from?: number; until?: number; withdraws?: string };
  const cases: Record<string, [said: readonly Said[], maintenance: number, corrections: readonly string[]]> = {
    'called off before it began': [
      [
        { id: 'a', at: 6, from: 10, until: 14 },
        { id: 'b', at: 8, withdraws: 'a' },
      ],
      0,
      ['a maintenance 10-10', 'b withdrawn 10-10'],
    ],
    'called off twice, and an id that nobody knows': [
      [
        { id: 'a', at: 6, from: 10 },
        { id: 'b', at: 8, withdraws: 'a' },
        { id: 'c', at: 9, withdraws: 'a' },
        { id: 'd', at: 9, withdraws: 'x' },
      ],
      0,
      ['a maintenance 10-10', 'b withdrawn 10-10'],
    ],
    'called off afterwards: it was none': [
      [
        { id: 'a', at: 6, from: 10, until: 14 },
        { id: 'b', at: 15, withdraws: 'a' },
      ],
      0,
      ['a maintenance 10-10', 'b withdrawn 10-10'],
    ],
    'moved before it began': [
      [
        { id: 'a', at: 6, from: 10, until: 14 },
        { id: 'b', at: 8, from: 12, until: 13 },
      ],
      1,
      ['a maintenance 10-10', 'b maintenance 12-13'],
    ],
    'given an end while it goes on': [
      [
        { id: 'a', at: 10, from: 10 },
        { id: 'b', at: 11, from: 11, until: 12 },
      ],
      2,
      ['a maintenance 10-11', 'b maintenance 11-12'],
    ],
    'said of the past': [
      [
        { id: 'a', at: 10, from: 10, until: 14 },
        { id: 'b', at: 12, from: 8, until: 11 },
      ],
      6,
      ['a maintenance 10-14', 'b maintenance 8-11'],
    ],
    'the earlier word comes again': [
      [
        { id: 'a', at: 6, from: 10, until: 14 },
        { id: 'b', at: 8, from: 12, until: 13 },
        { id: 'a', at: 6, from: 10, until: 14 },
      ],
      1,
      ['a maintenance 10-10', 'b maintenance 12-13'],
    ],
  };
  for (const [what, [said, maintenance, corrections]] of Object.entries(cases)) {
    const scratch = new ScratchDatabase();
    scratch.now = oClock(16);
    const span = { lane: 'observed', from: oClock(0), until: oClock(16), state: 'up' } as const;
    scratch.write('keepAvailability', { service: 'clowder', spans: [span], times: [] });
    for (const { id, at, from = at, until, withdraws } of said) {
      const status = withdraws === undefined ? 'maintenance' : 'withdrawn';
      const window = { from: oClock(from), until: until === undefined ? undefined : oClock(until), message: 'words' };
      const declaration = { service: 'clowder', id, by: 'ops', status, at: oClock(at), window };
      scratch.write(
        'keepCorrection',
        correctionOf(withdraws === undefined ? declaration : { ...declaration, withdraws }),
      );
    }
    const availability = new Availability({ storage: callsOf(scratch), watched: new Map(), clock: clockOf(scratch) });
    const [report] = await availability.report({ first: 20260301, last: 20260301, zone: 'UTC', service: undefined });
    assert.is(inHours(report?.durations ?? {}).maintenance, maintenance, what);
    const hours = (ms: number | null): string => (ms === null ? '' : String((ms - oClock(0)) / hour));
    assert.equal(
      report?.corrections.map(({ id, state, from, until }) => `${id} ${state} ${hours(from)}-${hours(until)}`).sort(),
      corrections,
      what,
    );
    assert.ok(report?.corrections.every(({ by, message }) => by === 'ops' && message === 'words'));
  }
});

test('what took the place of declared maintenance is known by its id, and what was called off is not replaced', () => {
  const scratch = new ScratchDatabase();
  const declare = (id: string, at: number, window: { from: number; until?: number }, withdraws?: string): void => {
    const said = { service: 'clowder', id, by: 'ops', at, window: { until: undefined, message: 'words', ...window } };
    const declaration =
      withdraws === undefined ? { ...said, status: 'maintenance' } : { ...said, status: 'withdrawn', withdraws };
    scratch.write('keepCorrection', correctionOf(declaration));
  };
  declare('moved', 1 * hour, { from: 10 * hour, until: 14 * hour });
  declare('later', 2 * hour, { from: 12 * hour, until: 15 * hour });
  declare('goes on', 16 * hour, { from: 16 * hour });
  declare('given an end', 17 * hour, { from: 17 * hour, until: 18 * hour });
  declare('off', 19 * hour, { from: 30 * hour, until: 32 * hour });
  declare('withdrawal', 20 * hour, { from: 20 * hour }, 'off');
  declare('after it', 21 * hour, { from: 29 * hour, until: 33 * hour });
  const known = ['moved', 'later', 'goes on', 'given an end', 'off', 'after it', 'withdrawal'].map(
    id => scratch.read('declaredMaintenance', { id })?.replacedBy,
  );
  assert.equal(known, ['later', null, null, null, null, null, undefined]);
});

test('what is said ahead of time hides no outage that comes then, unless it is maintenance', async () => {
  const oClock = (hours: number) => Date.UTC(2026, 2, 1) + hours * hour;
  for (const [status, expected] of [
    ['up', { up: 15, down: 1, maintenance: 0 }],
    ['maintenance', { up: 13, down: 0, maintenance: 3 }],
  ] as const) {
    const scratch = new ScratchDatabase();
    scratch.now = oClock(16);
    const spans = [
      { lane: 'observed', from: oClock(0), until: oClock(12), state: 'up' },
      { lane: 'observed', from: oClock(12), until: oClock(13), state: 'down' },
      { lane: 'observed', from: oClock(13), until: oClock(16), state: 'up' },
    ] as const;
    scratch.write('keepAvailability', { service: 'clowder', spans, times: [] });
    const window = { from: oClock(11), until: oClock(14), message: 'words' };
    const said = { service: 'clowder', id: 'a', by: 'ops', status, at: oClock(8), window };
    scratch.write('keepCorrection', correctionOf(said));
    const availability = new Availability({ storage: callsOf(scratch), watched: new Map(), clock: clockOf(scratch) });
    const [report] = await availability.report({ first: 20260301, last: 20260301, zone: 'UTC', service: undefined });
    assert.equal(inHours(report?.durations ?? {}), { degraded: 0, unknown: 0, ...expected }, status);
    assert.is(report?.corrections[0]?.message, 'words', status);
  }
});

test('what somebody looks at now ends with the last look', async () => {
  const scratch = new ScratchDatabase();
  scratch.now = Date.UTC(2026, 2, 1, 12);
  const until = scratch.now - 20_000;
  const span = { lane: 'observed', from: Date.UTC(2026, 2, 1), until, state: 'up' } as const;
  scratch.write('keepAvailability', { service: 'clowder', spans: [span], times: [] });
  const query = { first: 20260301, last: 20260331, zone: 'UTC', service: 'clowder' };
  const reportWith = async (watched: Map<string, number>) =>
    (await new Availability({ storage: callsOf(scratch), watched, clock: clockOf(scratch) }).report(query))[0];
  assert.is((await reportWith(new Map([['clowder', 60_000]])))?.durations.unknown, 0);
  assert.is((await reportWith(new Map()))?.durations.unknown, 20_000);
});

test.run();
