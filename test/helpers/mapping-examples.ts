import { decode } from '../../src/events/decode.js';
import type { Event } from '../../src/events/event.js';

/** Bodies that show what a destination keeps, and how. */
export const examples: readonly [what: string, body: string][] = [
  ['every field, verbatim', '{"category":"download","resource_name":"soil.csv","created":1709544703342}'],
  ['`created` in another form', '{"category":"upload","created":"2024-03-04T09:31:43.342Z"}'],
  ['no `created`: when it was first seen', '{"category":"upload"}'],
  ['a field named `_id`', '{"category":"upload","_id":7,"created":1709544703}'],
  ['a field named `created_at`', '{"category":"upload","created_at":"then","created":1709544703}'],
  ['integer of 32 bits', '{"category":"upload","size":2147483647,"created":1709544703}'],
  ['any other number', '{"category":"upload","size":2147483648,"share":0.5,"created":1709544703}'],
  [
    'numbers that no double holds',
    '{"category":"sensor_reading","sensor":1524831183200260097,"share":0.12345678901234567890,"created":1709544703}',
  ],
  ['nested values', '{"category":"new","list":[1,null,true],"inner":{"a.b":"$c"},"created":1709544703}'],
  ['a body that is not a JSON object', 'Hello World!'],
];

/** As the daemon hands it to a sink. */
export function exampleEvent(body: string): Event {
  const decoded = decode({ id: '5f0c…', body, source: 'clowder', received: 1_709_544_703_999 }, 1_709_544_703_999);
  if (decoded.kind === 'undated') throw new Error('a stamp was given');
  return decoded.event;
}
