import { systemClock } from '../../src/clock.js';
import { acceptEvent } from '../../src/events/accept.js';
import { createParser } from '../../src/nginx/lines/create-parser.js';
import { FormatError, type LogFormat, parseFormat, saysAgent } from '../../src/nginx/lines/format.js';
import { LineCounter } from '../../src/nginx/traffic/line-counter.js';
import { LogIds } from '../../src/nginx/traffic/log-ids.js';
import { PageViews } from '../../src/nginx/traffic/page-views.js';
import { PartialDownloads } from '../../src/nginx/traffic/partial-downloads.js';
import { RequestClassifier } from '../../src/nginx/traffic/requests.js';
import { TrafficEvents, trafficKinds } from '../../src/nginx/traffic/traffic.js';
import { VisitorKeys } from '../../src/nginx/traffic/visitors.js';
import { Windows } from '../../src/nginx/traffic/windows.js';
import { memoryInMemory } from '../helpers/delivery.js';
import type { Random } from '../helpers/random.js';
import { demand } from './problem.js';
import { bytes, mutated, text } from './values.js';

const formats = [
  'combined',
  'json',
  '$remote_addr $msec "$request" $status $bytes_sent "$http_user_agent" $connection $request_time',
  '{"time":"$time_iso8601","request":"$request","status":$status,"address":"$remote_addr","agent":"$http_user_agent"}',
].map(format => parseFormat(format));

const targets = [
  '/datasets/65fd8f8b72b6e319f3c4706e',
  '/files/65a3dea71616158972863493/blob?key=secret-of-somebody',
  '/api/files/65a3dea71616158972863493?r_key=secret-of-somebody',
  '/assets/x.js',
  '//',
  '/%00%ff/..;/',
  '*',
];

/** Any bytes in a log, in any format: nothing throws, and what is made of them are events that the API would take. */
export function fuzzLogLines(random: Random): void {
  const now = Date.now();
  const format = random.chance(0.1) ? anyFormat(random) : random.pick(formats);
  if (format === undefined) return;
  const prefix = random.pick(['', '/clowder']);
  const ids = new LogIds('a secret of the fuzzer');
  const windows = new Windows({ windowMs: 60_000, log: 'access.log', now: () => now, ids });
  const visitors = new VisitorKeys(memoryInMemory(), systemClock);
  const counter = new LineCounter({
    parser: createParser(format),
    address: format.address,
    agentUnsaid: saysAgent(format) ? 'machine' : 'person',
    ids,
    prefix,
    classifier: new RequestClassifier(random.chance(0.5)),
    views: new PageViews(),
    parts: new PartialDownloads(() => now),
    windows,
    traffic: new TrafficEvents({
      kinds: trafficKinds,
      keepIp: random.chance(0.5),
      clowderUrl: random.chance(0.5) ? 'https://h.example/clowder' : undefined,
      uploadsPublished: random.chance(0.5),
      prefix,
      visitors,
      countryOf: () => undefined,
      now: () => now,
    }),
    onUnparsed: () => {},
  });
  const lines = Buffer.concat(Array.from({ length: random.integer(1, 8) }, () => line(random, now)));
  const read = counter.takeLines(lines, lines.length, 'access.log', 0);
  counter.takeRest(lines.subarray(read), 'access.log', read);
  counter.closeByWallClock(now);
  for (const message of counter.takeMessages()) {
    const body = JSON.parse(message.body);
    const accepted = acceptEvent(body, { now, source: 'nginx' });
    demand('message' in accepted, `an event that the API refuses: ${JSON.stringify(accepted)}`, lines);
    const addresses = `${body.url} ${body.referrer}`;
    demand(!/[?&](?:r_)?key=secret-of-somebody/.test(addresses), `a key is shown: ${addresses}`, lines);
  }
}

function anyFormat(random: Random): LogFormat | undefined {
  try {
    return parseFormat(
      mutated(random, random.pick(['$remote_addr [$time_local] "$request" $status', '{"t":"$msec"}', text(random)])),
    );
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function line(random: Random, now: number): Buffer {
  if (random.chance(0.1)) return Buffer.concat([bytes(random, random.integer(0, 80)), Buffer.from('\n')]);
  const at = new Date(now - random.integer(-100_000, 1_000_000));
  const iso = at.toISOString();
  const agent = random.chance(0.7) ? 'Mozilla/5.0 (X11; Linux x86_64) Firefox/125.0' : text(random);
  const request = `${random.pick(['GET', 'POST', 'HEAD', text(random)])} ${random.pick(targets)} HTTP/1.1`;
  const local = `${iso.slice(8, 10)}/Nov/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  const whole = random.pick([
    `203.0.113.7 - - [${local}] "${request}" 200 512 "-" "${agent}"`,
    `203.0.113.7 ${(at.getTime() / 1000).toFixed(3)} "${request}" 200 512 "${agent}" 7 0.01`,
    JSON.stringify({ time: iso, time_iso8601: iso, request, status: 200, remote_addr: '::1', address: '::1', agent }),
  ]);
  const ending = random.chance(0.05) ? '' : '\n';
  return Buffer.from(`${random.chance(0.5) ? mutated(random, whole) : whole}${ending}`);
}
