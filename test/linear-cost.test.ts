import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { agentKind, showsKey } from '../src/agents.js';
import { serverText } from '../src/broker/rabbitmq/errors.js';
import { acceptEvent } from '../src/events/accept.js';
import { decode } from '../src/events/decode.js';
import { itemTexts } from '../src/events/json-text.js';
import type { Message } from '../src/events/message.js';
import { isSameEvent } from '../src/events/same-event.js';
import { lineShape } from '../src/nginx/lines/line-shape.js';
import { repairedJson, unescapedDefault, unescapedJson } from '../src/nginx/lines/unescape.js';
import { RequestClassifier } from '../src/nginx/traffic/requests.js';
import { resourceOf } from '../src/nginx/traffic/resources.js';
import { findRoute, routes } from '../src/nginx/traffic/route-table.js';
import { maskUrlSecrets } from '../src/nginx/traffic/secrets.js';
import { DeviceReader } from '../src/people/devices.js';
import { personalFilter } from '../src/people/personal-data.js';
import { redact } from '../src/redact.js';
import { retryAfterMs } from '../src/retry-after.js';
import { interpret } from '../src/sinks/amplitude/answer.js';
import { compile as amplitudeEvent } from '../src/sinks/amplitude/compile.js';
import { compile as ga4Event } from '../src/sinks/ga4/compile.js';
import { summary } from '../src/sinks/http/faults.js';
import { lineOf, seriesOf } from '../src/sinks/influxdb/point.js';
import { conflictIn, FieldTypes } from '../src/sinks/influxdb/types.js';
import { toDocument } from '../src/sinks/mongodb/document.js';
import { visible } from '../src/visible.js';
import { cpuMs } from './helpers/cpu-time.js';

/**
 * Everything that looks at a text of somebody else, with the worst that is known for it. Its cost is counted in turns
 * of a bare loop of the same run: for 16 times the length, 16 times as many, with room for a busy machine; the square
 * would be 256 times as many.
 */
const lengths = [4 * 1024, 64 * 1024, 1024 * 1024];
const maxGrowth = 6;
/**
 * Turns of the bare loop for each character that are nothing yet: what is done once for a text counts for much at
 * first.
 */
const few = 50;

const filled = (length: number, piece: string, start = '', end = ''): string =>
  start + piece.repeat(Math.max(1, Math.floor((length - start.length - end.length) / piece.length))) + end;

const now = 1_700_000_000_000;
const schema = { measurement: 'events', tags: new Set(['category', 'resource_name']) };

const filters = (['none', 'pseudonym'] as const).map(level => personalFilter(level, 'a secret')!);

/** An event's way on the main thread: checked, decoded, and compiled for every destination. */
function deliver(body: string): unknown {
  const message: Message = { id: 'one', body, source: 'http', received: now };
  const accepted = acceptEvent(JSON.parse(body), { now, source: 'http', text: body });
  const decoded = decode('message' in accepted ? accepted.message : message, now);
  if (decoded.kind === 'undated') throw new Error('it is dated');
  const { event } = decoded;
  const devices = new DeviceReader();
  return [
    amplitudeEvent(event, { devices }),
    ga4Event(event, { devices, clientId: undefined, now }),
    lineOf(event, seriesOf(event, schema), 0, schema, new FieldTypes()),
    toDocument(event),
    ...filters.map(filter => filter(event)),
  ];
}

const withText = (field: string, text: string): string =>
  JSON.stringify({ category: 'view_resource', created: now, [field]: text });
const withName = (name: string): string => JSON.stringify({ category: 'x', created: now, [name]: 'a' });
const withNumber = (digits: string): string => `{"category":"x","created":${now},"size":${digits},"other":${digits}}`;

/** As many fields as fit. */
function withFields(length: number, name: (n: number) => string): string {
  const fields: string[] = [];
  for (let n = 0, size = 0; size < length; n += 1) {
    fields.push(`${JSON.stringify(name(n))}:1`);
    size += fields.at(-1)!.length + 1;
  }
  return `{"category":"x","created":${now},${fields.join()}}`;
}

function nested(length: number): string {
  const levels = Math.floor(length / 2);
  return `{"category":"x","created":${now},"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
}

const classifier = new RequestClassifier(true);
const request = (path: string, query = '') => {
  const asked = { method: 'GET', path, query, status: 200, route: routes[findRoute('GET', path)]! };
  classifier.kindOf(asked, 'person');
  return resourceOf(asked, '', `${path}?${query}`);
};

const cases: Record<string, readonly [make: (length: number) => string, run: (text: string) => unknown]> = {
  'an event with a text that is almost a mail address': [
    n => withText('resource_name', filled(n, '.', 'a@', ' ')),
    deliver,
  ],
  'an event with a text of mail addresses': [n => withText('resource_name', filled(n, 'a@b.de ')), deliver],
  'an event with a text of almost addresses': [
    n => withText('resource_name', filled(n / 2, '1.') + filled(n / 2, 'a:')),
    deliver,
  ],
  'an event with a text of names': [
    n => JSON.stringify({ category: 'x', created: now, user_name: 'aaa', message: filled(n, 'aaa ') }),
    deliver,
  ],
  'an event with many names and a text': [
    n => withFields(n / 2, i => `user_name${i}`).replace('{', `{"user_name":"aab","message":"${filled(n / 2, 'aa')}",`),
    deliver,
  ],
  'an event with many people': [
    n => JSON.stringify({ category: 'x', created: now, user_names: Array.from({ length: n / 8 }, (_, i) => `n${i}`) }),
    deliver,
  ],
  'an event with a text of keys': [n => withText('url', filled(n, '?key=')), deliver],
  'an event with a text of backslashes': [n => withText('resource_name', filled(n / 2, '\\', '', 'x\\')), deliver],
  'an event with a long agent': [n => withText('user_agent', filled(n, 'Mozilla/5.0 (')), deliver],
  'an event with a long user id': [n => withText('user_id', filled(n, '0', '', 'x')), deliver],
  'an event with a long field name': [n => withName(filled(n, '_', 'a', 'a')), deliver],
  'an event with a field name that is almost personal': [n => withName(filled(n, '_user_')), deliver],
  'an event with a category of words': [
    n => JSON.stringify({ category: filled(n, 'a.'), created: now, type: filled(n, '_') }),
    body => decode({ id: 'one', body, source: 'clowder', received: now }) && deliver(body),
  ],
  'an event with many fields': [n => withFields(n, i => `f${i}`), deliver],
  'an event with many fields that want one name': [n => withFields(n, i => `x_event_id_${i + 2}`), deliver],
  'an event with many names that need cleaning': [
    n => withFields(n, i => `_${'\u0001'.repeat(1 + (i % 3))}${i}`),
    deliver,
  ],
  'an event with a number of many zeros': [n => withNumber(filled(n / 2, '0', '0.1', '1')), deliver],
  'an event with a number of many digits': [n => withNumber(filled(n / 2, '9')), deliver],
  'two events under one id': [
    n => withFields(n, i => `f${i}`),
    body => isSameEvent(body, `${body.slice(0, -1)},"one":"more"}`),
  ],
  'two events under one id, of backslashes': [
    n => withText('a', filled(n / 2, '\\', '', 'x\\')),
    body => isSameEvent(body, body.replace('x', 'y')),
  ],
  'a list of small items': [n => filled(n, '[],', '[', '[]]'), itemTexts],
  'a list of levels': [n => filled(n / 2, '[') + filled(n / 2, ']'), itemTexts],
  'a text of control characters': [n => filled(n, '\u0001\u202e'), text => visible(text)],
  'the shape of a line of questions': [n => filled(n, '?'), lineShape],
  'a refusal by Amplitude': [
    n =>
      JSON.stringify({ code: 400, error: filled(n, 'a://b:'), events_with_invalid_fields: { [filled(n, '_')]: [0] } }),
    text => interpret({ status: 400, headers: new Headers(), text }, { name: 'It', secrets: ['secret'], now }),
  ],
  'a body of brackets': [n => filled(n, '['), body => decode({ id: 'one', body, source: 'clowder', received: now })],
  'a body of levels': [nested, body => decode({ id: 'one', body, source: 'clowder', received: now })],
  'a body of quotes': [n => filled(n, '"\\'), body => decode({ id: 'one', body, source: 'clowder', received: now })],
  'an answer of one letter after another': [n => filled(n, 'A', '', ':@'), text => answered(text)],
  'an answer of addresses': [n => filled(n, 'a://b:'), text => answered(text)],
  'an answer of spaces': [n => filled(n, ' ', 'x', 'x'), text => answered(text)],
  'a text of one letter after another': [n => filled(n, 'A', '', ':@'), text => redact(text, ['secret'])],
  'a text of addresses': [n => filled(n, 'a://b:'), text => redact(text)],
  'a text of addresses in quotes': [n => filled(n, 'a://b:c"'), text => redact(text)],
  'a text of addresses with users': [n => filled(n, 'a://b@'), text => redact(text)],
  'a text of authorizations': [n => filled(n, 'authorization: basic '), text => redact(text)],
  'an authorization and spaces': [n => filled(n, ' ', 'authorization', 'x'), text => redact(text)],
  'a refusal by InfluxDB': [n => filled(n, 'input field "'), conflictIn],
  'a refusal by InfluxDB, with a name': [n => filled(n, '\\"', 'input field "a" on measurement "'), conflictIn],
  'a refusal by InfluxDB 3': [n => filled(n, "column 'a' "), conflictIn],
  'an error of RabbitMQ': [n => filled(n, 'with message "'), text => serverText(new Error(text))],
  'a Retry-After': [n => filled(n, '1', '', 'x'), text => retryAfterMs(text, now)],
  'an agent in the log': [n => filled(n, 'bot/'), agentKind],
  'an agent of spaces in the log': [n => filled(n, ' ', 'event-sink/x', '(health'), agentKind],
  'a path in the log': [n => filled(n, '/files/'), text => request(text)],
  'a query in the log': [n => filled(n, '&tracking='), text => [request('/files/x', text), showsKey(text)]],
  'a query of names in the log': [n => filled(n, '_', '/?'), maskUrlSecrets],
  'sessions in a path of the log': [n => filled(n, ';jsessionid'), maskUrlSecrets],
  'a line of quotes': [n => filled(n, '\\"', '"'), repairedJson],
  'a line of colons': [n => filled(n, ' : 1', '{"a":1', 'x'), repairedJson],
  'a line of spaces': [n => filled(n, ' ', '{"a":', 'x'), repairedJson],
  'a line of escapes': [n => filled(n, '\\x'), text => [unescapedDefault(text), unescapedJson(text)]],
};

const answered = (text: string): string =>
  summary({ status: 500, headers: new Headers(), text }, { name: 'It', secrets: ['secret'] });

/** The least of three, ms. */
function cost(run: () => unknown): number {
  return Math.min(...Array.from({ length: 3 }, () => cpuMs(run)));
}

function bareLoop(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at += 1) sum = (sum + text.charCodeAt(at)) | 0;
  return sum;
}

const whole = filled(lengths.at(-1)!, 'a');
bareLoop(whole);
const perCharacter = cost(() => bareLoop(whole)) / whole.length;

for (const [name, [make, run]] of Object.entries(cases)) {
  test(`${name} costs no more than its length`, () => {
    let before = Number.POSITIVE_INFINITY;
    for (const length of lengths) {
      const text = make(length);
      const turns = cost(() => run(text)) / (perCharacter * text.length);
      assert.ok(
        turns <= maxGrowth * Math.max(few, before),
        `${text.length} characters take ${Math.round(turns)} turns of a bare loop each, after ${Math.round(before)}`,
      );
      before = turns;
    }
  });
}

test.run();
