import { BSON } from 'mongodb';
import { decode } from '../../src/events/decode.js';
import type { Event } from '../../src/events/event.js';
import { hashOf, isEventId } from '../../src/events/identity.js';
import { DeviceReader } from '../../src/people/devices.js';
import { personalFilter, personalLevels } from '../../src/people/personal-data.js';
import { compile as compileForAmplitude } from '../../src/sinks/amplitude/compile.js';
import { compile as compileForGa4, isTooOld, untimely } from '../../src/sinks/ga4/compile.js';
import { bodyOf, requestsOf } from '../../src/sinks/ga4/requests.js';
import { measurementText } from '../../src/sinks/influxdb/line-protocol.js';
import { latestMs, lineOf, type Schema, seriesOf } from '../../src/sinks/influxdb/point.js';
import { FieldTypes } from '../../src/sinks/influxdb/types.js';
import { compile as compileForMatomo } from '../../src/sinks/matomo/compile.js';
import { toDocument } from '../../src/sinks/mongodb/document.js';
import { flawOf } from '../../src/sinks/mongodb/flaw.js';
import { rowOf } from '../../src/sinks/postgresql/row.js';
import { formats, renderEvent } from '../../src/sinks/webhook/render.js';
import { linesIn, parseLine } from '../helpers/line-protocol.js';
import type { Random } from '../helpers/random.js';
import { validationMessages } from '../helpers/servers/ga4.js';
import { violationsOf } from '../helpers/servers/matomo.js';
import { demand } from './problem.js';
import { bytes, event, jsonText, number, text } from './values.js';

const devices = new DeviceReader();
const now = Date.UTC(2026, 0, 15);
const influxdb: Schema = {
  measurement: measurementText('events'),
  tags: new Set(['author_id', 'category', 'extractor_name', 'healthy', 'type', 'user_id']),
};

/**
 * A message as a stranger may publish it: a body of any bytes, odd properties. Decoding never throws, and whatever it
 * makes an event of goes through the compiler of every sink, none of which throws, and whose results keep the rules of
 * their destination.
 */
export function fuzzMessage(random: Random): void {
  const body = foreignBody(random);
  const id = hashOf(body);
  const message = {
    id,
    body,
    source: 'clowder' as const,
    received: now,
    ...(random.chance(0.3) ? { timestamp: number(random) } : {}),
  };
  const first = decode(message);
  const decoded = first.kind === 'undated' ? decode(message, now) : first;
  demand(decoded.kind !== 'undated', 'still undated with a stamp', body);
  if (decoded.kind === 'undated') return;
  if (decoded.kind === 'refused') {
    demand(decoded.reason.length > 5 && decoded.reason.length < 500, `a poor reason: ${decoded.reason}`, body);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be in a log or a terminal
    demand(!/[\u0000-\u001f\u007f-\u009f]/.test(decoded.reason), 'control characters in a reason', body);
  }
  const { event: found } = decoded;
  demand(isEventId(found.id) && Number.isSafeInteger(found.created), 'an event without id or time', body);
  mongodb(found, body);
  local(found);
  if (decoded.kind !== 'event') return;
  point(found, body);
  row(found, body);
  webhook(found, body);
  analytics(found, random, body);
}

function foreignBody(random: Random): string {
  if (random.chance(0.03)) return bytes(random, 60).toString('utf8');
  if (random.chance(0.995)) return jsonText(random, event(random));
  const levels = random.pick([98, 99, 100, 3_000, 20_000]);
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  return `{"category":"x","created":${now},"deep":${open.repeat(levels)}1${close.repeat(levels)}}`;
}

function mongodb(found: Event, body: string): void {
  const document = toDocument(found);
  const flaw = flawOf(document, BSON.calculateObjectSize);
  if (flaw !== undefined) return;
  const stored = BSON.deserialize(BSON.serialize(document));
  demand(stored._id === found.id, 'MongoDB: another id', body);
}

/** As the local store keeps it. */
function local({ fields, text: whole }: Event): void {
  JSON.stringify(whole === undefined ? fields : { text: whole });
}

function point(found: Event, body: string): void {
  if (found.created > latestMs) return;
  const line = lineOf(found, seriesOf(found, influxdb), 7, influxdb, new FieldTypes());
  demand(linesIn(line).length === 1, 'InfluxDB: not one line', body);
  const { fields, measurement, ns } = parseLine(Buffer.from(line).toString());
  demand(measurement === 'events' && fields.event_id?.value === found.id, 'InfluxDB: another id', body);
  demand(ns === BigInt(found.created) * 1_000_000n + 7n, 'InfluxDB: another time', body);
}

/** What jsonb takes, as far as it can be known here. */
function row(found: Event, body: string): void {
  const made = rowOf(found);
  if ('flaw' in made) return;
  demand(made.id === found.id, 'PostgreSQL: another id', body);
  const kept = JSON.stringify(JSON.parse(made.body ?? ''));
  demand(!/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(kept), 'PostgreSQL: what it cannot hold', body);
}

function webhook(found: Event, body: string): void {
  for (const format of formats)
    demand(JSON.parse(renderEvent(found, format)).id === found.id, 'Webhook: another id', body);
}

function analytics(received: Event, random: Random, body: string): void {
  const found = personalFilter(random.pick(personalLevels), 'a secret')?.(received) ?? received;
  const amplitude = compileForAmplitude(found, { devices });
  demand(amplitude.insert_id === found.id && amplitude.event_type !== '', 'Amplitude: no id or type', body);
  JSON.parse(JSON.stringify(amplitude));
  const hit = compileForMatomo(found, { devices, siteId: 1, siteUrl: 'http://clowder', idDimension: 1 });
  demand(violationsOf(hit).length === 0, `Matomo: ${violationsOf(hit)}`, body);
  if (isTooOld(found.created, now) || untimely(found.created, now) !== undefined) return;
  const compiled = compileForGa4(found, { devices, clientId: undefined, now });
  for (const request of requestsOf([[found.id, compiled]])) {
    const violations = validationMessages(bodyOf(request), now).filter(({ fieldPath }) => fieldPath !== 'user_id');
    demand(violations.length === 0, `Google Analytics: ${JSON.stringify(violations)}`, body);
  }
}

const withoutPeople = (['none', 'pseudonym'] as const).map(level => personalFilter(level, 'a secret')!);

/** Names and addresses stay at home where the setting says so, whatever else is in the event. */
export function fuzzNames(random: Random): void {
  const secret = `Person ${random.integer(1, 1e9)}`;
  const fields = {
    ...(event(random) as object),
    user_name: secret,
    author_name: secret,
    email: `${secret.replace(' ', '.')}@example.org`,
    comment: `by ${secret}`,
  };
  const found: Event = {
    id: 'x',
    created: now,
    category: 'upload',
    type: undefined,
    fields,
    source: 'http',
    received: now,
  };
  const sent = withoutPeople
    .map(filter => filter(found))
    .flatMap(clean => [
      compileForAmplitude(clean, { devices }),
      compileForGa4(clean, { devices, clientId: undefined, now }),
      clean,
    ])
    .map(one => JSON.stringify(one))
    .join();
  demand(
    !sent.includes(secret) && !sent.includes(secret.replace(' ', '.')),
    'a name of a person is sent',
    text(random) + sent,
  );
}
