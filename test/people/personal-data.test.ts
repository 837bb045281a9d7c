import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exactFields } from '../../src/events/digits.js';
import type { Event, Fields } from '../../src/events/event.js';
import { personalFilter } from '../../src/people/personal-data.js';
import { eventOf } from '../helpers/sink-session.js';

const none = personalFilter('none', 'a secret of the test')!;
const pseudonym = personalFilter('pseudonym', 'a secret of the test')!;
const firefox = 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0';

const fields: Fields = {
  category: 'download',
  type: 'file',
  resource_id: '65a3dea71616158972863493',
  user_id: 'user-of-ada',
  user_name: 'Ada Example',
  author_id: 'user-of-carl',
  author_name: 'Carl Example',
  ip: '192.0.2.7',
  user_agent: firefox,
  contact: 'ada@example.org',
  message: 'Ada Example (ada@example.org, user-of-ada) from 192.0.2.7, for CARL EXAMPLE',
  url: '/users/user-of-ada?mail=ada%40example.org&name=Ada+Example',
  creator: { name: 'Dora Example', id: 'user-of-dora', role: 'editor' },
  owner: 'Emil Example',
  list: [{ first_name: 'Finn', count: 1 }, 'ada@example.org', 7],
  'ada@example.org': 1,
  inner: '{"user_name":"Gina Example","n":[1524831183200260097]}',
  size: 17,
  created: 1_700_000_000_000,
};
const personal = /Example|Ada|Carl|Dora|Emil|Finn|Gina|example\.org|192\.0\.2|user-of/i;

const event = (more: Fields = fields): Event => eventOf(more, { body: JSON.stringify(more) });
/** Beside what was changed on purpose. */
const same = ({ fields: _fields, body: _body, ...rest }: Event): object => rest;

test('full is no filter', () => {
  assert.is(personalFilter('full', 'a secret of the test'), undefined);
});

test('none: ids as pseudonyms, what the agent says of the device, and nothing else of people', () => {
  const clean = none(event());
  assert.not.match(JSON.stringify(clean), personal);
  assert.not.match(JSON.stringify(clean), 'Mozilla');
  const { user_id: user, author_id: author, message, url, creator, inner, ...rest } = clean.fields;
  assert.match(String(user), /^user-[0-9a-f]{16}$/);
  assert.match(String(author), /^user-[0-9a-f]{16}$/);
  assert.is.not(user, author);
  assert.is(message, `[name] ([mail], ${user}) from [ip], for [name]`);
  assert.is(url, `/users/${user}?mail=[mail]&name=[name]`);
  assert.match((creator as { id: string }).id, /^user-/);
  assert.equal(Object.keys(creator as object), ['id', 'role']);
  assert.is(inner, '{"n":[1524831183200260097]}');
  assert.equal(rest, {
    category: 'download',
    type: 'file',
    resource_id: '65a3dea71616158972863493',
    list: [{ count: 1 }, 7],
    '[hidden]': 1,
    size: 17,
    created: 1_700_000_000_000,
    os_name: 'Ubuntu',
    browser: 'Firefox',
    browser_version: '121.0',
    device_category: 'desktop',
  });
  assert.equal(same(clean), same(event()));
  assert.is(clean.body, undefined);
});

test('pseudonym: ids, names and addresses as pseudonyms of one person, and the agent', () => {
  const clean = pseudonym(event());
  const { user_id, user_name, author_name, ip, contact, message, user_agent, list, owner } = clean.fields;
  assert.not.match(JSON.stringify(clean), personal);
  assert.is(user_id, none(event()).fields.user_id);
  for (const [value, shape] of [
    [user_name, /^name-[0-9a-f]{16}$/],
    [author_name, /^name-[0-9a-f]{16}$/],
    [owner, /^name-[0-9a-f]{16}$/],
    [ip, /^ip-[0-9a-f]{16}$/],
    [contact, /^mail-[0-9a-f]{16}$/],
  ] as const) {
    assert.match(String(value), shape);
  }
  assert.is(message, `${user_name} (${contact}, ${user_id}) from ${ip}, for ${author_name}`);
  assert.is((list as unknown[])[1], contact);
  assert.is(user_agent, firefox);
  assert.is(clean.fields.os_name, undefined);
});

test('a person has one pseudonym in every filter of one secret, and another with another', () => {
  const again = personalFilter('none', 'a secret of the test')!;
  const other = personalFilter('none', 'another secret')!;
  const id = (filter: typeof again, more: Fields): unknown => filter(event({ category: 'x', ...more })).fields.user_id;
  assert.is(id(again, { user_id: 'u-17' }), id(pseudonym, { user_id: 'u-17' }));
  assert.is.not(id(again, { user_id: 'u-17' }), id(other, { user_id: 'u-17' }));
  assert.is(id(again, { user_id: 'u-17' }), none(event({ category: 'x', author_id: 'u-17' })).fields.author_id);
  assert.is(id(none, { user_id: 17 }), id(none, { user_id: '17' }));
});

test('a pseudonym never changes: docs/runbook.md has its recipe', () => {
  assert.is(none(event({ category: 'x', user_id: 'user-of-ada' })).fields.user_id, 'user-0f3d80aad3226845');
});

test('an event without people is the event itself, and ids of nobody stay', () => {
  const plain = event({ category: 'x', size: 1, user_id: '000000000000000000000000', user_name: '', ip: null });
  for (const filter of [none, pseudonym]) assert.is(filter(plain), plain);
  const health = event({ category: 'health', target: 'tcp://192.0.2.7:80', message: 'refused by 192.0.2.7:80' });
  assert.is(none(health), health);
  const version = event({ category: 'x', extractor_version: '2.1.0.4', browser_version: '120.0.0.0' });
  assert.is(none(version), version);
});

test('what the event says of the device itself wins over its agent', () => {
  const { fields: clean } = none(event({ category: 'x', user_agent: firefox, os: 'Plan 9', browser: 'Links' }));
  assert.equal(
    [clean.os, clean.os_name, clean.browser, clean.device_category],
    ['Plan 9', undefined, 'Links', 'desktop'],
  );
});

test('numbers that a double cannot hold keep their digits', () => {
  const text =
    '{"category":"x","user_id":1524831183200260097,"n":9007199254740993,"a":{"user_name":"Ada","m":[1e999]}}';
  const exact = exactFields(text)!;
  const clean = none(eventOf(JSON.parse(text) as Fields, { exact }));
  assert.match(String(clean.fields.user_id), /^user-/);
  assert.is(clean.fields.user_id, none(event({ category: 'x', user_id: '1524831183200260097' })).fields.user_id);
  assert.is(clean.exact?.user_id, clean.fields.user_id);
  assert.is(String(clean.exact?.n), '9007199254740993');
  assert.equal([clean.fields.n, clean.fields.a], [9007199254740992, { m: [Number.POSITIVE_INFINITY] }]);
});

test('a body that is no object: what is JSON is searched, what is not is withheld', () => {
  const echo = (text: string): string | undefined => none(eventOf({}, { text })).text;
  assert.is(echo('[{"user_name":"Ada Example","n":1},"ada@example.org","x"]'), '[{"n":1},"x"]');
  assert.is(echo('"from ada@example.org"'), '"from [mail]"');
  assert.is(echo('[1, 2]'), '[1, 2]');
  assert.is(echo('Ada Example was here'), 'withheld: 20 characters that cannot be searched for personal data');
  assert.match(echo('['.repeat(100_000))!, 'withheld');
  assert.match(echo(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)!, 'withheld');
});

test('odd names of fields stay fields', () => {
  const odd = event(
    JSON.parse('{"category":"x","__proto__":{"user_name":"Ada"},"constructor":"Bob","user_name":"Ada"}'),
  );
  const { fields: clean } = none(odd);
  assert.equal(Object.keys(clean), ['category', '__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(clean), Object.prototype);
});

test.run();
