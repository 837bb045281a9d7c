import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exactFields } from '../../src/events/digits.js';
import { title, words } from '../../src/sinks/event-title.js';
import { cut, identify, scalars } from '../../src/sinks/people.js';
import { eventOf } from '../helpers/sink-session.js';

const someone = '5a0011223344556677889900';
const person = (fields: Record<string, unknown>) =>
  identify(eventOf({ category: 'x', created: 1_700_000_000_000, ...fields }));

test('a user is the user, with a visitor of the same key for ever', () => {
  const one = person({ user_id: someone });
  assert.is(one.user, someone);
  assert.is(one.shared, false);
  assert.is(person({ user_id: someone, category: 'y', created: 1 }).visitor, one.visitor);
  assert.is.not(person({ user_id: `${someone}1` }).visitor, one.visitor);
  assert.is(person({ user_id: 4711 }).user, '4711');
});

test('ids that stand for nobody are nobody', () => {
  const zero = ['000000000000000000000000', '0', '00000000-0000-0000-0000-000000000000'];
  const words = [
    'anonymous',
    'Anonymous',
    'nil',
    'NONE',
    'null',
    'n/a',
    'NA',
    'undefined',
    'unknown',
    '',
    ' ',
    '{}',
    'lmy47d',
    '-1',
  ];
  for (const user_id of [...zero, ...words, -1, 0, null, {}, [], true, undefined]) {
    assert.is(person({ user_id }).user, undefined, JSON.stringify(user_id));
    assert.is(person({ user_id }).shared, true);
  }
});

test('a visitor, device or session of the event goes before a pseudonym, and only as a hash', () => {
  for (const field of ['device_id', 'visitor', 'session_id']) {
    const one = person({ [field]: 'cookie-of-a-browser' });
    assert.is(one.shared, false);
    assert.is(one.user, undefined);
    assert.not.match(one.visitor, 'cookie');
    assert.is.not(person({ [field]: 'another' }).visitor, one.visitor);
  }
});

test('strangers share a hundred pseudonyms, of which one browser has one a day', () => {
  const visitors = new Set<string>();
  for (let index = 0; index < 2_000; index += 1)
    visitors.add(person({ user_agent: `browser ${index}`, ip: '192.0.2.1' }).visitor);
  assert.is(visitors.size, 100);
  const morning = person({ user_agent: 'b', created: 86_400_000 });
  assert.is(person({ user_agent: 'b', created: 2 * 86_400_000 - 1, resource_id: 'r' }).visitor, morning.visitor);
});

test('a long id is sent as a hash', () => {
  assert.match(person({ user_id: 'x'.repeat(300) }).user ?? '', /^user-[0-9a-f]{16}$/);
});

test('scalars: a number that a double cannot hold goes as text, under a name that says so', () => {
  const fields = exactFields('{"sensor":1524831183200260097,"list":[9007199254740993],"n":1.0e1}');
  assert.ok(fields);
  assert.equal(Object.fromEntries(scalars(fields)), {
    sensor_text: '1524831183200260097',
    list: '[9007199254740993]',
    n: 10,
  });
});

test('scalars: no keys in URLs, nested as JSON', () => {
  const fields = {
    nested: { deep: [{ ok: 1 }] },
    url: 'https://c.example/api/files/1?key=SECRET&size=2',
    nothing: null,
    empty: '',
    yes: true,
    n: 1.5,
    half: 'a\ud800',
  };
  assert.equal(Object.fromEntries(scalars(fields)), {
    nested: '{"deep":[{"ok":1}]}',
    url: 'https://c.example/api/files/1?key=[hidden]&size=2',
    yes: true,
    n: 1.5,
    half: 'a\ufffd',
  });
});

test('a field nested deeper than the stack is left out', () => {
  const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
  assert.equal([...scalars({ deep, a: 1 })], [['a', 1]]);
});

test('cut never leaves half a character', () => {
  assert.is(cut('ab🌾', 3), 'ab');
  assert.is(cut('ab🌾', 4), 'ab🌾');
});

test('names for a chart', () => {
  for (const [category, type, expected] of [
    ['view_resource', 'dataset', 'View Dataset'],
    ['user_activity', 'login', 'User Login'],
    ['upload', undefined, 'Upload File'],
    ['download', 'file', 'Download File'],
    ['extraction', 'selection', 'Extraction Selection'],
    ['extraction_status', 'queued', 'Extraction Queued'],
    ['service_status', 'up', 'Service Up'],
    ['api_call', undefined, 'API Call'],
    ['page_view', 'dataset', 'Page View Dataset'],
    ['view_resource', undefined, 'View Resource'],
    ['Статус', 'готов', 'Статус Готов'],
    ['something-new', 'at.all', 'Something New At All'],
    ['!!!', '?', 'Event'],
    ['[Amplitude] Start Session', undefined, 'Amplitude Start Session'],
    ['$identify', undefined, 'Identify'],
  ] as const) {
    assert.is(title(category, type), expected);
  }
  assert.equal(words('status', 'status'), ['status']);
});

test.run();
