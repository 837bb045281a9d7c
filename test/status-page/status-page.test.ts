import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ServiceReport } from '../../src/availability/report.js';
import { systemClock } from '../../src/clock.js';
import type { ServiceState } from '../../src/status/report.js';
import { statusAsAtom } from '../../src/status-page/feed.js';
import { statusAsHtml } from '../../src/status-page/html.js';
import type { Window } from '../../src/status-page/planned.js';
import { StatusPage, type StatusView } from '../../src/status-page/status-page.js';
import type { Correction, SaidOf } from '../../src/storage/availability.js';

const hour = 3_600_000;
const now = Date.UTC(2026, 2, 15, 12);

const none = { up: 0, degraded: 0, down: 0, maintenance: 0, unknown: 0 };
const report = (service: string, more: Partial<ServiceReport> = {}): ServiceReport => ({
  service,
  durations: { ...none, up: 35 * hour, down: hour },
  availability: 97.2,
  responseTimes: undefined,
  outages: [{ from: now - 20 * hour, until: now - 19 * hour, reason: 'connect ECONNREFUSED 10.0.0.5:27017' }],
  corrections: [],
  maintenance: [],
  days: [
    { day: 20260314, durations: { ...none, up: 23 * hour, down: hour }, availability: 95.8, responseTimes: undefined },
    {
      day: 20260315,
      durations: { ...none, up: 11 * hour, unknown: hour },
      availability: 100,
      responseTimes: undefined,
    },
  ],
  ...more,
});

const state = (service_name: string, more: Partial<ServiceState> = {}): ServiceState => ({
  ...{ service_name, target: 'https://10.0.0.5/', state: 'up', since: now - 2 * hour, checked: now },
  ...{ reason: 'HTTP 502 of 10.0.0.5', response_time: 0.1, uptime: 100 },
  ...more,
});

async function view(
  parts: {
    states?: ServiceState[];
    reports?: ServiceReport[];
    name?: string;
    windows?: readonly Window[];
    announced?: readonly SaidOf[];
  } = {},
): Promise<StatusView> {
  const page = new StatusPage({
    name: parts.name ?? 'Prairie Data',
    targets: () => [
      { name: 'clowder', group: undefined, windows: () => parts.windows ?? [] },
      { name: 'search', group: 'Behind it', windows: () => [] },
    ],
    services: async () => parts.states ?? [state('clowder'), state('search'), state('secret store', { state: 'down' })],
    availability: async () => parts.reports ?? [report('clowder'), report('secret store')],
    announced: async () => parts.announced ?? [],
    clock: { ...systemClock, now: () => now },
  });
  return page.view();
}

test('services by group, their days and their incidents; nothing of a target that is not public', async () => {
  const { groups, incidents, state: all } = await view();
  assert.is(all, 'up');
  assert.equal(
    groups.map(({ name, services }) => [name, services.map(one => one.name)]),
    [
      [null, ['clowder']],
      ['Behind it', ['search']],
    ],
  );
  const [clowder] = groups[0]?.services ?? [];
  assert.equal(
    clowder?.days.map(({ day, state }) => [day, state]),
    [
      [20260314, 'down'],
      [20260315, 'up'],
    ],
  );
  assert.is(Math.round((clowder?.availability ?? 0) * 100), 9714);
  assert.equal(
    incidents.filter(({ service }) => service === 'clowder').map(({ from, until, message }) => [from, until, message]),
    [[now - 20 * hour, now - 19 * hour, null]],
  );
});

test('reasons of checks, addresses and targets are in none of the forms', async () => {
  const found = await view();
  for (const text of [statusAsHtml(found), statusAsAtom(found), JSON.stringify(found)]) {
    assert.not.match(text, '10.0.0.5');
    assert.not.match(text, 'ECONN');
    assert.not.match(text, 'secret store');
    assert.match(text, 'clowder');
  }
});

test('the words of people are on the page', async () => {
  const said = { id: 'a', by: 'ops-key', at: now };
  const corrections = [
    { ...said, from: now - 21 * hour, until: now - 18 * hour, state: 'down', message: 'A disk failed' },
    { ...said, id: 'b', from: now - hour, until: null, state: 'maintenance', message: 'New <disks> & cables' },
    { ...said, id: 'c', from: now - hour, until: now, state: 'up', message: 'a false alarm' },
  ];
  const found = await view({ reports: [report('clowder', { corrections })] });
  assert.equal(
    found.incidents.map(one => [one.state, one.message]),
    [
      ['maintenance', 'New <disks> & cables'],
      ['down', 'A disk failed'],
    ],
  );
  const html = statusAsHtml(found);
  assert.match(html, 'New &#60;disks&#62; &#38; cables');
  assert.match(html, 'Since 15 March 2026, 11:00 UTC');
  assert.not.match(html, 'ops-key');
});

const minute = 60_000;
const remark = (at: number, state: string, message: string): Correction => ({
  ...{ id: `${at}`, from: at, until: at, state, message, by: 'ops-key', at },
});

test('what is said in the course of an outage is on the page, the latest words first of all', async () => {
  const outages = [
    { from: now - 20 * hour, until: now - 19 * hour, reason: 'HTTP 502' },
    { from: now - 2 * hour, until: null, reason: 'HTTP 502' },
  ];
  const corrections = [
    remark(now - 20 * hour - 5 * minute, 'down', 'Something is odd'),
    remark(now - 19.5 * hour, 'down', 'A disk is full'),
    remark(now - 18 * hour, 'up', 'The disk was replaced'),
    remark(now - hour, 'down', 'We look <into> it'),
    remark(now - 10 * minute, 'degraded', 'Nearly there'),
  ];
  const found = await view({ reports: [report('clowder', { outages, corrections })] });
  assert.equal(
    found.incidents.map(({ state, message, updates }) => [state, message, updates.length]),
    [
      ['down', 'Nearly there', 2],
      ['down', 'The disk was replaced', 3],
    ],
  );
  for (const text of [statusAsHtml(found), statusAsAtom(found)]) {
    for (const words of ['Something is odd', 'A disk is full', 'The disk was replaced', 'We look &#60;into&#62; it'])
      assert.match(text, words);
    assert.not.match(text, 'ops-key');
  }
  // A reader of the feed sees that there are new words.
  assert.match(statusAsAtom(found), `<updated>${new Date(now - 10 * minute).toISOString()}</updated>`);
});

test('words without an outage that the checks saw are an incident of that moment; praise is none', async () => {
  const incidents = async (...corrections: readonly Correction[]) =>
    (await view({ reports: [report('clowder', { outages: [], corrections })] })).incidents.map(one => [
      ...[one.state, one.from, one.until],
      ...one.updates.map(({ message }) => message),
    ]);
  const slow = remark(now - 3 * hour, 'degraded', 'Search is slow today');
  const well = remark(now - hour, 'up', 'All is well');
  assert.equal(await incidents(well), []);
  assert.equal(await incidents(slow), [['degraded', slow.from, slow.from, 'Search is slow today']]);
  assert.equal(await incidents(slow, well), [
    ['degraded', slow.from, slow.from, 'Search is slow today', 'All is well'],
  ]);
});

test('maintenance that is declared again while it goes on is one, with all its words', async () => {
  const said = { by: 'ops-key', state: 'maintenance' };
  const corrections = [
    { ...said, id: 'a', from: now - 3 * hour, until: now - hour, message: 'New disks', at: now - 4 * hour },
    { ...said, id: 'b', from: now - 1.5 * hour, until: now + hour, message: 'It takes longer', at: now - 1.5 * hour },
  ];
  const found = await view({ reports: [report('clowder', { outages: [], corrections })] });
  assert.equal(
    found.incidents.map(({ state, from, until, message }) => [state, from, until, message]),
    [['maintenance', now - 3 * hour, now + hour, 'It takes longer']],
  );
  assert.match(statusAsHtml(found), 'Since 15 March 2026, 09:00 UTC, until 13:00 UTC as planned');
});

test('maintenance of the settings is on the page, and that which is planned is ahead of time', async () => {
  const night = (day: number) => ({ from: now + (24 * day - 10) * hour, until: now + (24 * day - 9) * hour });
  const windows = [
    { from: now - hour, until: now + hour, message: 'New network' },
    ...[0, 1, 2, 3].map(day => ({ ...night(day), message: 'Backups' })),
    { from: now + 40 * 24 * hour, until: now + 41 * 24 * hour, message: 'Far away' },
  ];
  const maintenance = [-2, -1, 0].map(day => ({ ...night(day), state: 'maintenance', reason: 'Backups' }));
  const said = { service: 'clowder', by: 'ops-key', at: now - hour };
  const announced = [
    { ...said, id: 'a', from: now + 5 * hour, until: null, state: 'maintenance', message: 'Moving to new rooms' },
    { ...said, id: 'c', service: 'secret store', from: now + hour, until: null, state: 'maintenance', message: 'hush' },
  ];
  const found = await view({ reports: [report('clowder', { outages: [], maintenance })], windows, announced });
  assert.equal(
    found.planned.map(({ service, from, until, message }) => [service, from, until, message]),
    [
      ['clowder', now + 5 * hour, null, 'Moving to new rooms'],
      ['clowder', now + 14 * hour, now + 15 * hour, 'Backups'],
    ],
  );
  assert.equal(
    found.incidents.map(({ state, from, until, message }) => [state, from, until, message]),
    [
      ['maintenance', now - hour, now + hour, 'New network'],
      ['maintenance', now - 10 * hour, now - 9 * hour, 'Backups'],
    ],
  );
  const html = statusAsHtml(found);
  assert.match(html, 'Planned maintenance');
  assert.match(html, 'From 15 March 2026, 17:00 UTC on');
  const feed = statusAsAtom(found);
  assert.match(feed, 'clowder: planned maintenance');
  for (const text of [html, feed, JSON.stringify(found)]) assert.not.match(text, /hush|ops-key|Far away/);
});

test('maintenance that is declared again before it begins is one, as it was declared last', async () => {
  const said = (id: string, from: number, until: number | null, message: string): SaidOf => ({
    ...{ id, service: 'clowder', by: 'ops-key', state: 'maintenance', message, at: now - hour + Number(id) },
    ...{ from: now + from * hour, until: until === null ? null : now + until * hour },
  });
  const announced = [
    said('3', 6, 8, 'An hour later'),
    said('1', 5, 7, 'New disks'),
    said('2', 5, 7, 'New disks and cables'),
    said('4', 20, 22, 'New network'),
    said('5', 22, null, 'Moving'),
  ];
  const found = await view({ announced });
  assert.equal(
    found.planned.map(({ from, message }) => [(from - now) / hour, message]),
    [
      [6, 'An hour later'],
      [20, 'New network'],
      [22, 'Moving'],
    ],
  );
  const ids = [...statusAsAtom(found).matchAll(/<id>(.*?)<\/id>/g)].map(([, id]) => id);
  assert.is(new Set(ids).size, ids.length);
});

test('the worst service is the state of the page, and one that nobody has seen yet is no good news', async () => {
  assert.is((await view({ states: [state('clowder'), state('search', { state: 'down' })] })).state, 'down');
  assert.is((await view({ states: [state('clowder')] })).state, 'unknown');
  const empty = await view({ states: [], reports: [] });
  assert.match(statusAsHtml(empty), 'nobody has looked yet');
  assert.match(statusAsHtml(empty), 'There were none.');
});

test('the page is complete in itself: no script, nothing loaded', async () => {
  const html = statusAsHtml(await view({ name: '"><script>alert(1)</script>' }));
  assert.not.match(html, /<script|src=|url\(|https?:\/\//);
  assert.match(html, '&#60;script&#62;');
});

test('an incident keeps its id in the feed when it ends', async () => {
  const during = report('clowder', { outages: [{ from: now - hour, until: null, reason: undefined }] });
  const after = report('clowder', { outages: [{ from: now - hour, until: now, reason: undefined }] });
  const [before, then] = await Promise.all(
    [during, after].map(async one => statusAsAtom(await view({ reports: [one] }))),
  );
  const ids = (feed = '') => [...feed.matchAll(/<id>(.*?)<\/id>/g)].map(([, id]) => id);
  assert.equal(ids(before), ids(then));
  assert.is(ids(before).length, 2);
  assert.match(before ?? '', 'It goes on.');
  assert.match(then ?? '', '1 hour.');
});

test.run();
