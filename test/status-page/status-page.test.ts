import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ServiceReport } from '../../src/availability/report.js';
import { systemClock } from '../../src/clock.js';
import type { ServiceState } from '../../src/status/report.js';
import { statusAsAtom } from '../../src/status-page/feed.js';
import { statusAsHtml } from '../../src/status-page/html.js';
import { StatusPage, type StatusView } from '../../src/status-page/status-page.js';

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
  parts: { states?: ServiceState[]; reports?: ServiceReport[]; name?: string } = {},
): Promise<StatusView> {
  const page = new StatusPage({
    name: parts.name ?? 'Prairie Data',
    targets: () => [
      { name: 'clowder', group: undefined },
      { name: 'search', group: 'Behind it' },
    ],
    services: async () => parts.states ?? [state('clowder'), state('search'), state('secret store', { state: 'down' })],
    availability: async () => parts.reports ?? [report('clowder'), report('secret store')],
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
