import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { acceptEvent, stampedAgain } from '../../src/events/accept.js';
import { decode } from '../../src/events/decode.js';
import { hashOf, isEventId } from '../../src/events/identity.js';
import type { Message } from '../../src/events/message.js';

const now = 1_709_600_000_000;

function accept(input: unknown, id?: string, text?: string): Message {
  const given = { ...(id === undefined ? {} : { id }), ...(text === undefined ? {} : { text }) };
  const accepted = acceptEvent(input, { now, source: 'http', ...given });
  if ('problems' in accepted) throw new Error(JSON.stringify(accepted.problems));
  return accepted.message;
}

/** The fields that were complained about. */
function refused(input: unknown, id?: string): string[] {
  const accepted = acceptEvent(input, { now, source: 'http', ...(id === undefined ? {} : { id }) });
  assert.ok('problems' in accepted);
  assert.ok(accepted.problems.every(({ message }) => message !== ''));
  return accepted.problems.map(({ field }) => field);
}

test('a category is enough', () => {
  const { id, ...rest } = accept({ category: 'x' });
  assert.equal(rest, { body: `{"category":"x","created":${now}}`, source: 'http', received: now });
  assert.ok(id.startsWith(now.toString(16).padStart(12, '0')));
});

test('what came as text need not be parsed again by who decodes it in this process; a time that was added is in it', () => {
  const text = '{"category":"x","size":1}';
  const result = acceptEvent(JSON.parse(text), { now, source: 'http', text });
  assert.ok('message' in result);
  assert.equal(result.message.fields, JSON.parse(result.message.body));
  assert.is(result.message.fields?.created, now);
});

test('without an object or a category there is no event', () => {
  for (const input of [null, undefined, 1, 'upload', true, [], [{ category: 'x' }]]) assert.equal(refused(input), ['']);
  assert.equal(refused({}), ['category']);
  for (const category of ['', null, 7, {}, ['x'], 'x'.repeat(129)]) assert.equal(refused({ category }), ['category']);
  accept({ category: '🌾'.repeat(128) });
  assert.equal(refused({ category: '🌾'.repeat(129) }), ['category']);
});

test('known fields are checked when present', () => {
  const wrong = { size: '12', user_id: 7, resource_id: '', created: 'yesterday', type: 3, user_name: null };
  assert.equal(refused({ category: 'download', ...wrong }).sort(), Object.keys(wrong).sort());
  assert.equal(refused({ category: 'download', size: -1 }), ['size']);
  assert.equal(refused({ category: 'download', size: 1.5 }), ['size']);
  assert.equal(refused({ category: 'health', healthy: 'yes', response_time_loss: 101 }), [
    'healthy',
    'response_time_loss',
  ]);
  assert.equal(refused({ category: 'service_status', until: 'later' }), ['until']);
});

test('what other categories mean by the same name is their business, but for ids and names', () => {
  accept({ category: 'shop', size: 'XL', status: 'sold', from: 'Ghent', message: { text: 'thanks' } });
  assert.equal(refused({ category: 'shop', user_id: 7 }), ['user_id']);
});

test('a type that nobody knows is legal', () => {
  accept({ category: 'download', type: 'folder', size: 3 });
  assert.equal(refused({ category: 'download', type: 'folder', size: 'three' }), ['size']);
});

test('ids are any string that is not empty', () => {
  for (const user_id of ['7', 'mira@example.org', '000000000000000000000000', 'ü', ' ']) {
    assert.is(JSON.parse(accept({ category: 'x', user_id }).body).user_id, user_id);
  }
});

test('the id of an event: its own, else the one given, else a new one', () => {
  assert.is(accept({ category: 'x', id: 'own' }, 'given').id, 'own');
  assert.is(accept({ category: 'x' }, 'given').id, 'given');
  assert.is.not(accept({ category: 'x', created: 1 }).id, accept({ category: 'x', created: 1 }).id);
  assert.equal(refused({ category: 'x', id: 'é' }), ['id']);
  assert.equal(refused({ category: 'x', id: 7 }), ['id']);
  assert.equal(refused({ category: 'x' }, ''), ['id']);
  assert.equal(refused({ category: 'x' }, 'a\nb'), ['id']);
});

test('equal events without ids are events of their own, however many come in one ms', () => {
  const ids = Array.from({ length: 1000 }, () => accept({ category: 'x', created: 1 }).id);
  assert.is(new Set(ids).size, 1000);
});

test('the text is kept to the letter; a time is added without touching the rest', () => {
  const text = '{ "category" : "x", "n": 1.0, "big":9007199254740993, "category":"x" }';
  assert.is(accept(JSON.parse(text), undefined, text).body, `${text.slice(0, -1)},"created":${now}}`);
  const timed = '{"created":1.7095e9,"category":"x"}';
  assert.is(accept(JSON.parse(timed), undefined, timed).body, timed);
});

test('an id from outside comes with the hash of the text as sent, and with the time that was added', () => {
  assert.equal(accept({ category: 'x', id: 'a' }).given, { hash: hashOf('{"category":"x","id":"a"}'), stamped: now });
  assert.equal(accept({ category: 'x', created: 1 }, 'a').given, { hash: hashOf('{"category":"x","created":1}') });
  assert.is(accept({ category: 'x' }).given, undefined);
  const own = acceptEvent({ category: 'x' }, { now, source: 'health', id: 'a' });
  assert.ok('message' in own && own.message.given === undefined);
});

test('a repeat gets the time of the first; a time of its own stays', () => {
  const repeat = stampedAgain(accept({ category: 'x', id: 'a' }), 7);
  assert.is(repeat.body, '{"category":"x","id":"a","created":7}');
  assert.is(repeat.given?.stamped, 7);
  const timed = accept({ category: 'x', id: 'a', created: 1 });
  assert.is(stampedAgain(timed, 7), timed);
});

test('keys that mean something to JavaScript are data', () => {
  const text = `{"__proto__":{"category":"evil","admin":true},"constructor":1,"toJSON":"x","hasOwnProperty":2,"category":"x"}`;
  const { body } = accept(JSON.parse(text));
  assert.is(body, `${text.slice(0, -1)},"created":${now}}`);
  assert.is(({} as { admin?: boolean }).admin, undefined);
  assert.equal(refused(JSON.parse('{"__proto__":{"category":"x"}}')), ['category']);
});

test('nesting has a limit, however it is built', () => {
  const nested = (depth: number): unknown => JSON.parse(`${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`);
  accept({ category: 'x', deep: nested(38) });
  assert.equal(refused({ category: 'x', deep: nested(40) }), ['deep']);
  assert.equal(refused({ category: 'x', deep: nested(200_000) }), ['deep']);
  assert.equal(refused(JSON.parse(`{"category":"x","__proto__":${'['.repeat(50)}${']'.repeat(50)}}`)), ['__proto__']);
});

test('numbers beyond a double are kept as they were written, but not in a field that counts', () => {
  const text = '{"category":"x","created":1,"value":1e999,"values":[1,{"a":-1e999}]}';
  assert.is(accept(JSON.parse(text), undefined, text).body, text);
  assert.equal(refused(JSON.parse('{"category":"download","size":1e999}')), ['size']);
});

test('of an item with a thousand problems, the first twenty are reported', () => {
  const deep = JSON.parse(`${'['.repeat(50)}${']'.repeat(50)}`);
  const values = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`v${index}`, deep]));
  assert.is(refused({ category: 'x', ...values }).length, 20);
});

test('lone surrogates are escaped, so that the body is UTF-8', () => {
  const { body } = accept({ category: 'x', name: 'half \ud83c' });
  assert.ok(body.includes('half \\ud83c'));
  assert.is(Buffer.from(body).toString(), body);
  assert.is(JSON.parse(body).name, 'half \ud83c');
});

const json = fc.jsonValue({ maxDepth: 4 });

test('whatever JSON is accepted decodes to the same fields', () => {
  const unknownFields = fc.dictionary(
    fc.string({ unit: 'binary' }).map(key => `x ${key}`),
    json,
  );
  const created = fc.option(fc.integer({ min: 0, max: 1e14 - 1 }), { nil: undefined });
  fc.assert(
    fc.property(unknownFields, fc.string({ minLength: 1, maxLength: 64 }), created, (extra, category, when) => {
      const input = JSON.parse(JSON.stringify({ category, ...extra, created: when }));
      const message = accept(input);
      assert.ok(isEventId(message.id));
      const decoded = decode(message);
      assert.ok(decoded.kind === 'event');
      assert.equal(decoded.event.fields, { ...input, created: when ?? now });
      assert.is(decoded.event.category, category);
    }),
  );
});

test('nothing that JSON can say makes it throw', () => {
  const names = ['category', 'type', 'created', 'id', 'user_id', 'size', 'healthy', '__proto__', 'from', 'url'];
  const categories = fc.constantFrom('upload', 'health', 'connections', 'service_status', 'x');
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), json), fc.option(categories), json, (some, category, any) => {
      const input = category === null ? some : { ...some, category };
      for (const one of [any, JSON.parse(JSON.stringify(input))]) {
        const accepted = acceptEvent(one, { now, source: 'http' });
        if ('message' in accepted) assert.is(decode(accepted.message).kind, 'event');
        else assert.ok(accepted.problems.length > 0);
      }
    }),
  );
});

test.run();
