import { decode } from '../../src/events/decode.js';
import type { Event } from '../../src/events/event.js';
import { type Field, fields } from '../../src/events/fields.js';
import { lineOf, type Schema, seriesOf } from '../../src/sinks/influxdb/point.js';
import { homeOf } from '../../src/sinks/influxdb/slots.js';
import { FieldTypes } from '../../src/sinks/influxdb/types.js';
import { influxdbSink } from '../../src/sinks/influxdb.js';
import { type ParsedPoint, parseLine } from './line-protocol.js';

const id = '5f0c';
/** With the tags and the measurement that the settings have by default. */
const schema: Schema = {
  measurement: String(influxdbSink.settings.measurement.schema.parse(undefined)),
  tags: new Set([...(influxdbSink.settings.tags.schema.parse(undefined) as string[])].sort()),
};

const examples: [what: string, body: string][] = [
  [
    'a download',
    '{"category":"download","type":"file","resource_name":"soil.csv","user_id":"65ca84273789d6e032ede889","user_name":"Mira Quillfeather","size":204811,"created":1709544703342}',
  ],
  ['`size` of a dataset', '{"category":"download","type":"dataset","size":17,"created":1709544703342}'],
  ['`size` of anything else', '{"category":"sensor_reading","size":3,"created":1709544703342}'],
  [
    'a check of a service',
    '{"category":"health","type":"http","service_name":"clowder","healthy":true,"response_time_avg":0.0412,"created":1709544703342}',
  ],
  ['other numbers: always floats', '{"category":"sensor_reading","depth":5,"moisture":0.231,"created":1709544703342}'],
  [
    'numbers that no double holds',
    '{"category":"sensor_reading","sensor":1524831183200260097,"bytes":9007199254740993,"list":[9007199254740993],"created":1709544703342}',
  ],
  [
    'nested values: JSON text',
    '{"category":"sensor_reading","values":{"frozen":true},"depths":[5,10],"created":1709544703342}',
  ],
  [
    '`null` and empty tags: left out',
    '{"category":"upload","type":"","author_id":null,"size":0,"created":1709544703342}',
  ],
  ['a known field of another type', '{"category":"upload","size":"large","created":1709544703342}'],
  ['names that are reserved', '{"category":"new","time":1,"_hidden":2,"event_id":"x","created":1709544703342}'],
  ['no `created`: when it was first seen', '{"category":"upload","size":1}'],
];

/** The tables of docs/mapping-influxdb.md, found by writing one event of each example, and one with each field. */
export function influxdbTables(): string {
  const written = examples.map(([what, body]) => `| ${what} | \`${body}\` | \`${lineFor(eventFrom(body))}\` |`);
  const roles = Object.entries<Field>(fields)
    .filter(([name]) => name !== 'id')
    .map(([name, field]) => `| \`${name}\` | ${role(name, field)} |`);
  return [
    '| | event | line |',
    '| --- | --- | --- |',
    ...written,
    '',
    '| field of an event | in InfluxDB |',
    '| --- | --- |',
    '| its id | field `event_id`, string |',
    ...roles,
    '| any other text | field of the same name, string |',
    '| any other number | field of the same name, float |',
    '| any other true or false | field of the same name, boolean |',
    '| a list or an object | field of the same name, string (JSON) |',
    '',
  ].join('\n');
}

function eventFrom(body: string): Event {
  const decoded = decode({ id, body, source: 'clowder', received: 1_709_544_703_999 }, 1_709_544_703_999);
  if (decoded.kind !== 'event') throw new Error(body);
  return decoded.event;
}

function lineFor(event: Event): string {
  return lineOf(event, seriesOf(event, schema), homeOf(event.id), schema, new FieldTypes());
}

function role(name: string, { kind }: Field): string {
  if (name === 'created') return 'the time';
  const samples: Partial<Record<string, unknown>> = { boolean: true, timestamp: '2024-03-04T09:31:43.342Z' };
  const isText = ['id', 'text', 'url', 'category'].includes(kind);
  const value = samples[kind] ?? (isText ? 'some text' : 41);
  const base = { category: 'some', created: 1_709_544_703_342 };
  const before = pointOf(base);
  const after = pointOf({ ...base, [name]: value });
  const tags = Object.keys(after.tags).filter(tag => after.tags[tag] !== before.tags[tag]);
  const added = Object.entries(after.fields)
    .filter(([field]) => before.fields[field] === undefined)
    .map(([field, { type }]) => (field === name ? `field, ${type}` : `field \`${field}\`, ${type}`));
  const places = [...tags.map(() => 'tag'), ...added];
  if (name === 'size') places.push('beside it field `bytes` or `item_count`, integer');
  return `${places.join('; ')}${kind === 'timestamp' ? ' (epoch ms)' : ''}`;
}

function pointOf(body: object): ParsedPoint {
  return parseLine(lineFor(eventFrom(JSON.stringify(body))));
}
