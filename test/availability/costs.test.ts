import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Availability } from '../../src/availability/availability.js';
import { fieldsOfCost } from '../../src/availability/cost-fields.js';
import { costInWords } from '../../src/availability/cost-words.js';
import { OutageCosts } from '../../src/availability/costs.js';
import { availabilityAsCsv } from '../../src/availability/csv.js';
import { availabilityAsHtml } from '../../src/availability/html.js';
import { manualClock, type ScratchDatabase } from '../storage/scratch.js';
import { countedLog, observed } from './counted-log.js';

const zone = 'America/Chicago';
const service = 'clowder';
/** Winter and summer time there: clocks went on in the night of 8 March 2026. */
const winter = (text: string): number => Date.parse(`${text}:00-06:00`);
const summer = (text: string): number => Date.parse(`${text}:00-05:00`);
const minute = 60_000;
const hour = 60 * minute;
const begin = winter('2026-02-24T00:00');
/** A Wednesday; 20 s after a window begins, and 20 s before one ends. */
const outage = { from: summer('2026-03-25T14:00') + 20_000, until: summer('2026-03-25T14:30') - 20_000 };
const file = '5f1e6d2b8c3a4e5f60718293';

interface Line {
  readonly time: number;
  readonly visitor?: number;
  readonly request?: string;
  readonly status?: number;
}

const page = 'GET /datasets';
const download = `GET /files/${file}/blob`;
const upload = `POST /api/uploadToDataset/${file}`;

function written({ time, visitor = 1, request = page, status = 200 }: Line): string {
  const [, day, month, year, clock] = /, (\d+) (\w+) (\d+) (\S+) GMT/.exec(new Date(time).toUTCString()) ?? [];
  const at = `${day}/${month}/${year}:${clock} +0000`;
  return `203.0.113.${visitor} - - [${at}] "${request} HTTP/1.1" ${status} 100 "-" "Mozilla/5.0 Firefox/123.0"\n`;
}

/** Half an hour; the first requests are uploads that fail, then come downloads, then pages. */
function halfHour(from: number, perMinute: number, visitors: number, downloads: number, failed: number): Line[] {
  return Array.from({ length: 30 * perMinute }, (_, number) => {
    const [inMinute, at] = [number % perMinute, Math.floor(number / perMinute)];
    const isFailed = number < failed;
    const isDownload = !isFailed && number < failed + downloads;
    return {
      time: from + at * minute + inMinute * 1000,
      visitor: 1 + (inMinute % visitors),
      request: isFailed ? upload : isDownload ? download : page,
      status: isFailed ? 503 : 200,
    };
  });
}

/** A month in which little happens: what is compared, something at the same hours of UTC, and the outage. */
function month(): string {
  const lines: Line[] = [
    ...Array.from({ length: 31 * 24 }, (_, number) => ({ time: begin + number * hour + 50 * minute })),
    ...halfHour(winter('2026-02-25T14:00'), 4, 2, 6, 1),
    ...halfHour(winter('2026-03-04T14:00'), 3, 3, 3, 0),
    // The same hour of UTC, and another of the clock: not to be compared.
    ...halfHour(winter('2026-03-04T13:00'), 9, 9, 20, 20),
    ...halfHour(summer('2026-03-11T14:00'), 5, 1, 0, 2),
    ...halfHour(summer('2026-03-18T14:00'), 2, 2, 3, 0),
    ...Array.from({ length: 12 }, (_, number) => ({ time: outage.from + number * minute, status: 502 })),
    ...[502, 502, 413, 499].map((status, number) => {
      return { time: outage.from + (12 + number) * minute, request: upload, status };
    }),
    { time: outage.until + minute, request: upload, status: 200 },
  ];
  return lines
    .sort((a, b) => a.time - b.time)
    .map(written)
    .join('');
}

const test = suite<{ scratch: ScratchDatabase }>('cost of an outage');

/** The log as a daemon reads it, into the tables of storage; and a service that was down once. */
test.before.each(async context => {
  const clock = manualClock(summer('2026-04-01T00:00'));
  const scratch = await countedLog(month(), clock);
  observed(scratch, service, [
    { from: begin, until: outage.from, state: 'up' },
    { ...outage, state: 'down', reason: 'HTTP 502' },
    { from: outage.until, until: scratch.now, state: 'up' },
  ]);
  context.scratch = scratch;
});

const storageOf = (scratch: ScratchDatabase) => ({
  read: async (name: never, ...args: never) => scratch.read(name, ...(args as never)),
});

async function costIn(scratch: ScratchDatabase, time = outage) {
  const [cost] = await new OutageCosts(storageOf(scratch) as never).of(service, [time], zone);
  return cost;
}

test('the same hours of the four weeks before, by the clock there, computed by hand', async ({ scratch }) => {
  const cost = await costIn(scratch);
  assert.equal(cost, {
    from: outage.from,
    until: outage.until,
    requests: { counted: 16, expected: { mean: 105, min: 60, max: 150 } },
    visitors: { counted: 16 / 30, expected: { mean: 2, min: 1, max: 3 } },
    downloads: { counted: 0, expected: { mean: 3, min: 0, max: 6 } },
    failedUploads: { counted: 4, expected: { mean: 0.75, min: 0, max: 2 } },
    weeks: 4,
    leftOut: [],
  });
  assert.is(
    costInWords(cost ?? {}),
    '16 requests instead of 105 (60 to 150), 0.5 visitors at a time instead of 2 (1 to 3), 0 downloads instead of 3 (0 to 6), 4 failed uploads instead of 0.8 (0 to 2)',
  );
});

test('by the hours of UTC, other weeks are compared', async ({ scratch }) => {
  const [cost] = await new OutageCosts(storageOf(scratch) as never).of(service, [outage], 'UTC');
  // 60, 150, then what came an hour earlier by the clock: 270 on 4 March, and nothing on 25 February.
  assert.equal(cost?.requests.expected, { mean: 120, min: 0, max: 270 });
});

test('a week in which the service was down itself is left out, and said so', async ({ scratch }) => {
  const at = summer('2026-03-11T14:10');
  observed(scratch, service, [{ from: at, until: at + 20_000, state: 'down' }]);
  const cost = await costIn(scratch);
  assert.equal(cost?.requests, { counted: 16, expected: { mean: 90, min: 60, max: 120 } });
  assert.equal(cost?.leftOut, [{ from: summer('2026-03-11T14:00') + 20_000, reason: 'down' }]);
  assert.is(cost?.weeks, 3);
});

test('fewer than two weeks are not enough: nothing is made up', async ({ scratch }) => {
  const said = { message: null, by: 'ops', at: scratch.now, until: summer('2026-03-18T15:00') };
  const correction = { id: 'said', from: summer('2026-03-18T13:00'), state: 'maintenance', ...said };
  scratch.write('keepCorrection', { service, correction, endsMaintenance: false });
  // Nobody looked before 10 March.
  scratch.database.run('DELETE FROM availability_spans WHERE service = ?', service);
  observed(scratch, service, [{ from: summer('2026-03-10T00:00'), until: outage.from, state: 'up' }]);
  const cost = await costIn(scratch);
  assert.equal(
    cost?.leftOut.map(({ reason }) => reason),
    ['maintenance', 'unknown', 'unknown'],
  );
  assert.is(cost?.weeks, 1);
  assert.equal(cost?.requests, { counted: 16, expected: undefined });
  assert.equal(cost && Object.keys(fieldsOfCost(cost)), [
    ...['outage_requests', 'outage_visitors', 'outage_downloads', 'outage_failed_uploads'],
    ...['expected_weeks', 'counted_until'],
  ]);
});

test('weeks without a log, and a log that was lost', async ({ scratch }) => {
  const lost = Math.floor(outage.from / hour) * hour - 7 * 24 * hour;
  scratch.write('noteUsageGaps', {
    gaps: [{ hour: lost, reason: 'lost_log', origin: 'access.log', ms: hour, count: 0 }],
  });
  scratch.database.run('UPDATE traffic_logs SET since = ?', winter('2026-03-01T00:00'));
  const cost = await costIn(scratch);
  assert.equal(
    cost?.leftOut.map(({ from, reason }) => [new Date(from).toISOString(), reason]),
    [
      ['2026-03-18T19:00:20.000Z', 'no_log'],
      ['2026-02-25T20:00:20.000Z', 'no_log'],
    ],
  );
  assert.equal(cost?.requests.expected, { mean: 120, min: 90, max: 150 });
});

test('an outage goes as far as the log is read; what the log does not say has no cost', async ({ scratch }) => {
  const halfway = outage.from + 10 * minute - 20_000;
  scratch.database.run('UPDATE traffic_logs SET until = ?', halfway);
  const cost = await costIn(scratch);
  assert.equal([cost?.until, cost?.requests.counted], [halfway, 10]);
  scratch.database.run('UPDATE traffic_logs SET until = ?', outage.from);
  assert.is(await costIn(scratch), undefined);
  scratch.database.run('DELETE FROM traffic_logs');
  assert.is(await costIn(scratch), undefined);
});

test('windows of seconds: the minutes that an outage touches', async ({ scratch }) => {
  scratch.database.exec('DELETE FROM traffic_windows; DELETE FROM traffic_logs');
  const at = outage.from;
  const window = { seconds: 10, visitors: 2, downloads: 0, failedUploads: 1 };
  const during = [0, 10, 20].map(second => ({ ...window, start: at + second * 1000, requests: 3 }));
  const earlier = [1, 2].map(week => ({ ...window, start: at - week * 7 * 24 * hour, requests: 50 }));
  const first = { ...window, start: begin, requests: 1 };
  const windows = [first, ...earlier, ...during];
  scratch.write('keepTraffic', { log: 'a', windows, seconds: 10, until: at + 45_000 });
  const short = { from: at + 5_000, until: at + 25_000 };
  assert.equal((await costIn(scratch, short))?.requests, { counted: 9, expected: { mean: 25, min: 0, max: 50 } });
  assert.equal((await costIn(scratch, short))?.visitors?.counted, 1);
  // A minute that is not over is not counted yet.
  scratch.database.run('UPDATE traffic_logs SET until = ?', at + 39_000);
  assert.is(await costIn(scratch, short), undefined);
});

test('windows of another length make no mean of visitors', async ({ scratch }) => {
  scratch.database.run('UPDATE traffic_windows SET seconds = 30 WHERE start = ?', summer('2026-03-18T14:05'));
  const cost = await costIn(scratch);
  assert.equal(cost?.visitors, { counted: 16 / 30, expected: undefined });
  assert.is(cost?.requests.expected?.mean, 105);
});

test('in the report, as a table and on the page that prints', async ({ scratch }) => {
  const clock = { now: () => scratch.now };
  const availability = new Availability({ storage: storageOf(scratch) as never, watched: new Map(), clock });
  const request = { first: 20260301, last: 20260331, zone, service, costs: true };
  const reports = await availability.report(request);
  assert.is(reports[0]?.outages[0]?.cost?.requests.counted, 16);

  const [head = '', ...rows] = availabilityAsCsv(reports).split('\r\n');
  const row = rows.find(line => line.startsWith('outage,'))?.split(',') ?? [];
  const cells = Object.fromEntries(head.split(',').map((name, place) => [name, row[place]]));
  assert.equal(
    [cells.outage_requests, cells.expected_requests, cells.expected_requests_min, cells.expected_requests_max],
    ['16', '105', '60', '150'],
  );
  assert.equal([cells.outage_failed_uploads, cells.expected_failed_uploads], ['4', '0.8']);
  assert.is(cells.counted_until, '2026-03-25T19:29:40.000Z');

  const created = scratch.now;
  const html = availabilityAsHtml(reports, { name: 'Prairie Data', first: 20260301, last: 20260331, zone, created });
  const words = html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
  for (const text of ['16 instead of 105 60 to 150', '0 instead of 3 0 to 6', '0.5 instead of 2 1 to 3', '4 weeks'])
    assert.match(words, text);

  const [without] = await availability.report({ ...request, costs: false });
  assert.is(without?.outages[0]?.cost, undefined);
});

test.run();
