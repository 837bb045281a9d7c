import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Availability } from '../../src/availability/availability.js';
import { OutageCosts } from '../../src/availability/costs.js';
import { availabilityAsCsv } from '../../src/availability/csv.js';
import { availabilityAsHtml } from '../../src/availability/html.js';
import type { Finding } from '../../src/health/result.js';
import { TargetMonitor } from '../../src/health/target-monitor.js';
import { answerOfCost } from '../../src/http/routes/outage-cost.js';
import { outageOf } from '../../src/page/services/outage.js';
import { targetOf } from '../helpers/health.js';
import { manualClock, type ScratchDatabase } from '../storage/scratch.js';
import { countedLog, observed } from './counted-log.js';

/**
 * `fixtures/nginx/outage.log`, counted by hand: its lines from 10:00:00 to 10:09:59 on five Wednesdays, by the clock in
 * Chicago (winter time until 8 March). Visitors are the different addresses of each minute that has any, over ten
 * minutes; a crawler and the daemon's own check are requests, and no visitors.
 *
 * | day         | requests | visitors by minute                       | downloads | failed uploads |
 * | ----------- | -------- | ---------------------------------------- | --------- | -------------- |
 * | 25 February | 5        | :00 2, :03 1, :09 1             = 4 / 10 | 1         | 0              |
 * | 4 March     | 7        | :00 1, :01 1, :05 1, :08 1      = 4 / 10 | 2         | 1 (413)        |
 * | 11 March    | 5        | :00 1, :02 3, :07 1             = 5 / 10 | 1         | 0              |
 * | 18 March    | 3        | :04 2, :09 1                    = 3 / 10 | 1         | 0              |
 * | expected    | 20 / 4   | 1.6 / 4                                  | 5 / 4     | 1 / 4          |
 * | least, most | 3, 7     | 0.3, 0.5                                 | 1, 2      | 0, 1           |
 * | 25 March    | 4        | :00 1, :02 1, :06 1             = 3 / 10 | 0 (502)   | 2 (502, 499)   |
 */
const byHand = {
  requests: { counted: 4, expected: { mean: 5, min: 3, max: 7 } },
  visitors: { counted: 0.3, expected: { mean: 0.4, min: 0.3, max: 0.5 } },
  downloads: { counted: 0, expected: { mean: 1.25, min: 1, max: 2 } },
  failedUploads: { counted: 2, expected: { mean: 0.25, min: 0, max: 1 } },
} as const;

const zone = 'America/Chicago';
const service = 'clowder';
const minute = 60_000;
const outage = { from: Date.parse('2026-03-25T10:00:00-05:00'), until: Date.parse('2026-03-25T10:10:00-05:00') };
const begin = Date.parse('2026-02-24T00:00:00-06:00');

/** The log as a daemon reads it, and the availability of a service that was down once. */
async function counted(): Promise<ScratchDatabase> {
  const clock = manualClock(outage.until + 15 * minute);
  const scratch = await countedLog(readFileSync('fixtures/nginx/outage.log', 'utf8'), clock);
  observed(scratch, service, [
    { from: begin, until: outage.from, state: 'up' },
    { ...outage, state: 'down', reason: 'HTTP 502' },
    { from: outage.until, until: scratch.now, state: 'up' },
  ]);
  return scratch;
}

/** The event with which the checks announce the recovery. */
async function recovery(costs: OutageCosts): Promise<Record<string, unknown>> {
  const monitor = new TargetMonitor(
    targetOf({ name: service, url: 'https://clowder.example.org/', interval: 60 }),
    'id',
  );
  const events: Record<string, unknown>[] = [];
  for (let at = outage.from - 2 * minute; at <= outage.until + minute; at += minute) {
    const isDown = at >= outage.from && at < outage.until;
    const finding: Finding = isDown ? 'down' : 'up';
    const ending = finding === 'up' ? monitor.outageEnding(at) : undefined;
    const [cost] = ending === undefined ? [] : await costs.of(service, [ending], zone);
    const result = { finding, reason: isDown ? 'HTTP 502' : undefined, times: undefined, loss: 0, readings: {} };
    const { changes } = monitor.observe({ at, ended: at + 10, result, cost });
    events.push(...changes.map(({ body }) => JSON.parse(body)));
  }
  assert.equal(
    events.map(({ type }) => type),
    ['down', 'up'],
  );
  return events[1] ?? {};
}

test('the cost of an outage by a log that was written down, as worked out by hand: event, page, API, tables and report', async () => {
  const scratch = await counted();
  const storage = {
    read: async (name: never, ...args: never) => scratch.read(name, ...(args as never)),
  } as never;
  const costs = new OutageCosts(storage);
  const [cost] = await costs.of(service, [outage], zone);
  assert.ok(cost);
  const { requests, visitors, downloads, failedUploads, weeks, leftOut, from, until } = cost;
  const rounded = (value: number | undefined): number => Math.round((value ?? -1) * 1e9) / 1e9;
  const { expected } = visitors ?? {};
  const mean = {
    counted: rounded(visitors?.counted),
    expected: { mean: rounded(expected?.mean), min: rounded(expected?.min), max: rounded(expected?.max) },
  };
  assert.equal({ requests, visitors: mean, downloads, failedUploads }, byHand);
  assert.equal([weeks, leftOut, { from, until }], [4, [], outage]);

  const event = await recovery(costs);
  for (const [name, figure] of [
    ['requests', byHand.requests],
    ['visitors', byHand.visitors],
    ['downloads', byHand.downloads],
    ['failed_uploads', byHand.failedUploads],
  ] as const) {
    const tenths = (value: number): number => Math.round(value * 10) / 10;
    assert.equal(
      [
        ...[event[`outage_${name}`], event[`expected_${name}`]],
        ...[event[`expected_${name}_min`], event[`expected_${name}_max`]],
      ],
      [figure.counted, figure.expected.mean, figure.expected.min, figure.expected.max].map(tenths),
      name,
    );
  }
  assert.equal([event.outage_seconds, event.expected_weeks, event.counted_until], [600, 4, outage.until]);

  const shown = outageOf({
    id: 'a',
    category: 'service_status',
    created: 1,
    _source: 'health',
    _received: 1,
    ...event,
  });
  assert.is(
    shown?.cost,
    '4 requests instead of 5 (3 to 7), 0.3 visitors at a time instead of 0.4 (0.3 to 0.5), 0 downloads instead of 1.3 (1 to 2), 2 failed uploads instead of 0.3 (0 to 1)',
  );

  const clock = { now: () => scratch.now };
  const availability = new Availability({ storage, watched: new Map(), clock });
  const [first, last] = [20260301, 20260331];
  const reports = await availability.report({ first, last, zone, service, costs: true });
  const found = reports[0]?.outages[0]?.cost;
  assert.ok(found);
  const answer = answerOfCost(found);
  assert.equal(answer.requests, { counted: 4, expected: 5, min: 3, max: 7 });
  assert.equal(answer.downloads, { counted: 0, expected: 1.3, min: 1, max: 2 });

  const [head = '', ...rows] = availabilityAsCsv(reports).split('\r\n');
  const row = rows.find(line => line.startsWith('outage,'))?.split(',') ?? [];
  const cells = Object.fromEntries(head.split(',').map((name, place) => [name, row[place]]));
  assert.equal(
    [cells.outage_requests, cells.expected_requests_min, cells.outage_failed_uploads, cells.expected_downloads],
    ['4', '3', '2', '1.3'],
  );

  const html = availabilityAsHtml(reports, { name: undefined, first, last, zone, created: scratch.now });
  const words = html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
  for (const text of ['4 instead of 5 3 to 7', '0.3 instead of 0.4 0.3 to 0.5', '0 instead of 1.3 1 to 2', '4 weeks'])
    assert.match(words, text);
});

test.run();
