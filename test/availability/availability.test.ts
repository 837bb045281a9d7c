import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Availability } from '../../src/availability/availability.js';
import { AvailabilityRecorder } from '../../src/availability/recorder.js';
import { correctionOf } from '../../src/health/declaration.js';
import { judge, type Result } from '../../src/health/result.js';
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

interface Run {
  readonly at: number;
  readonly finding: Result['finding'];
}

/** March 2026 of a service that is checked every five minutes; runs outside of `away` happen. */
async function month() {
  const scratch = new ScratchDatabase();
  const outages = [
    [time('2026-03-03T10:00'), time('2026-03-03T12:00')],
    [summer('2026-03-20T22:00'), summer('2026-03-21T04:00')],
  ] as const;
  const away = [summer('2026-03-10T00:00'), summer('2026-03-11T00:00')] as const;
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
  const runs: Run[] = [];
  for (let at = time('2026-03-01T00:00'); at < summer('2026-04-01T00:00'); at += 5 * minutes) {
    if (at >= away[0] && at < away[1]) continue;
    const outcome = outages.some(([from, until]) => at >= from && at < until) ? bad : good;
    const result = judge(outcome, target);
    const previous = monitor.saved.lastRun;
    const observed = monitor.observe({ at, ended: at, result });
    const seen = seenOf(target, { at, ended: at, result }, previous, observed);
    assert.ok(observed.event && seen);
    const { created, healthy } = JSON.parse(observed.event.body);
    runs.push({ at: created, finding: healthy ? 'up' : 'down' });
    recorder.see(seen);
    if (runs.length % 7 === 0) await recorder.save();
  }
  await recorder.save();
  scratch.now = summer('2026-04-02T00:00');
  const availability = new Availability({ storage: callsOf(scratch), watched: new Map(), clock: clockOf(scratch) });
  return {
    scratch,
    runs,
    report: async () => (await availability.report({ first: 20260301, last: 20260331, zone, service: undefined }))[0],
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

test('a month with two outages, a daemon away for a day, an hour that was not there, and maintenance said afterwards', async () => {
  const { scratch, report } = await month();
  const before = await report();
  // 743 hours: the month lacks one. The last run was five minutes before the end, the one before the day away too.
  const unseen = Math.round((24 + 10 / 60) * 1000) / 1000;
  assert.equal(inHours(before?.durations ?? {}), {
    up: Math.round((743 - 8 - 24 - 10 / 60) * 1000) / 1000,
    degraded: 0,
    down: 8,
    maintenance: 0,
    unknown: unseen,
  });
  assert.equal(
    before?.outages.map(({ from, until, reason }) => [from, until, reason]),
    [
      [time('2026-03-03T10:00'), time('2026-03-03T12:00'), 'HTTP 502'],
      [summer('2026-03-20T22:00'), summer('2026-03-21T04:00'), 'HTTP 502'],
    ],
  );
  const days = new Map(before?.days.map(({ day, durations }) => [day, inHours(durations)]));
  assert.is(days.size, 31);
  assert.equal(days.get(20260303), { up: 22, degraded: 0, down: 2, maintenance: 0, unknown: 0 });
  assert.equal(days.get(20260308), { up: 23, degraded: 0, down: 0, maintenance: 0, unknown: 0 });
  assert.equal(days.get(20260310), { up: 0, degraded: 0, down: 0, maintenance: 0, unknown: 24 });
  assert.equal(days.get(20260320), { up: 22, degraded: 0, down: 2, maintenance: 0, unknown: 0 });

  const said = { service: 'clowder', id: 'said', by: 'ops', at: summer('2026-03-22T09:00') };
  const window = { from: summer('2026-03-20T21:00'), until: summer('2026-03-21T03:00'), message: 'new disks' };
  for (let twice = 0; twice < 2; twice += 1)
    scratch.write('keepCorrection', correctionOf({ ...said, status: 'maintenance', window }));
  const after = await report();
  assert.equal(inHours(after?.durations ?? {}), {
    up: Math.round((743 - 9 - 24 - 10 / 60) * 1000) / 1000,
    degraded: 0,
    down: 3,
    maintenance: 6,
    unknown: unseen,
  });
  assert.equal(
    after?.corrections.map(({ id, by, at, message }) => [id, by, at, message]),
    [['said', 'ops', said.at, 'new disks']],
  );
});

test('the same from the raw events: each run holds until the next one', async () => {
  const { runs, report } = await month();
  const sums = { up: 0, down: 0 };
  for (const [place, { at, finding }] of runs.entries()) {
    const next = runs[place + 1]?.at ?? at;
    if (next - at <= 10 * minutes) sums[finding === 'down' ? 'down' : 'up'] += next - at;
  }
  const durations = (await report())?.durations;
  assert.is(durations?.up, sums.up);
  assert.is(durations?.down, sums.down);
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
