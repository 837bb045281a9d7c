import { readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { acceptEvent } from '../../src/events/accept.js';
import { catalogue, fieldsOf } from '../../src/events/catalogue.js';
import { decode } from '../../src/events/decode.js';
import { exactFields } from '../../src/events/digits.js';
import { parseTimestamp } from '../../src/events/timestamp.js';
import { fixtureFiles, fixtureLines } from './fixtures.js';

const now = 1_709_600_000_000;
const events = fixtureFiles.flatMap(file => fixtureLines(file).map(line => ({ file, line, item: JSON.parse(line) })));

test('every file of recorded events is tested here', () => {
  assert.equal(readdirSync('fixtures/events').sort(), [...fixtureFiles].map(name => `${name}.ndjson`).sort());
});

for (const { category, type, emitter, fields } of catalogue) {
  const kind = type === undefined ? category : `${category}.${type}`;
  test(`${kind} has a recorded event with all that it always carries`, () => {
    const alike = events.filter(
      ({ file, item }) =>
        file !== 'awkward' && item.category === category && (type === undefined || item.type === type),
    );
    const complete = alike.find(({ item }) => fields.always.every(name => item[name] !== undefined));
    if (complete === undefined)
      throw new Error(
        `add a line of ${kind} with ${fields.always.join(', ')} to a file of fixtures/events: clowder, made or requested`,
      );
    assert.is(complete.item.category, category);
    if (emitter === 'clowder') assert.is(complete.file, 'clowder');
  });
}

test('what Clowder and the daemon send is in the catalogue, field by field', () => {
  for (const { file, item, line } of events) {
    if (file !== 'clowder' && file !== 'made') continue;
    const known: ReadonlySet<string> = fieldsOf(item.category);
    for (const name of Object.keys(item)) assert.ok(known.has(name), `${name} in ${line}`);
  }
});

test('every recorded event is accepted, and decodes to itself', () => {
  for (const { line, item } of events) {
    const accepted = acceptEvent(JSON.parse(line), { now, source: 'replay', text: line });
    assert.ok('message' in accepted, `${line}\n${JSON.stringify(accepted)}`);
    const exact = exactFields(line);
    const event = {
      id: accepted.message.id,
      created: parseTimestamp(item.created),
      category: item.category,
      type: item.type || undefined,
      fields: item,
      body: accepted.message.body,
      ...(exact === undefined ? {} : { exact }),
      source: 'replay',
      received: now,
    };
    // uvu's own comparison takes a field named `constructor` for the object's.
    assert.ok(isDeepStrictEqual(decode(accepted.message), { kind: 'event', event }), line);
  }
});

test('an event of Clowder is the same event over AMQP and over HTTP: its body is not rewritten', () => {
  for (const line of fixtureLines('clowder')) {
    const accepted = acceptEvent(JSON.parse(line), { now, source: 'http' });
    assert.is('message' in accepted && accepted.message.body, line);
  }
});

test('ids of recorded events differ', () => {
  const ids = events.map(({ item }) => {
    const accepted = acceptEvent(item, { now, source: 'replay' });
    return 'message' in accepted && accepted.message.id;
  });
  assert.is(new Set(ids).size, events.length);
});

test('people in recorded events are invented', () => {
  const invented = [
    'Mira Quillfeather',
    'Tobin Marshlake',
    'Ines Hollowbrook',
    'Odo Fernwhistle',
    'Anonymous User',
    '<script>alert("x")</script>',
    '',
  ];
  for (const { item, line } of events) {
    for (const name of ['user_name', 'author_name'])
      assert.ok(item[name] === undefined || invented.includes(item[name]), line);
  }
});

test.run();
