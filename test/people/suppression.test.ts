import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fields } from '../../src/events/event.js';
import type { Message } from '../../src/events/message.js';
import { peopleOf } from '../../src/people/people.js';
import { pseudonymsOf } from '../../src/people/personal-data.js';
import { erasedBody, Suppression } from '../../src/people/suppression.js';
import { eventOf } from '../helpers/sink-session.js';

const secret = 'a secret of the test';
const { hashes } = peopleOf(secret, ['user-of-ada', 'Ada@Example.org', 'Ada Example']);
const suppression = new Suppression(secret, hashes);
const judge = (fields: Fields) => suppression.judge(eventOf(fields, { body: JSON.stringify(fields) }));

test('what an erased person did is theirs, by id, name, mail address or pseudonym', () => {
  const [pseudonym = ''] = pseudonymsOf(secret, 'user-of-ada');
  for (const fields of [
    { user_id: 'user-of-ada' },
    { user_id: pseudonym },
    { user_name: 'Ada Example' },
    { user: { id: 'user-of-ada', name: 'Ada' } },
    { user_properties: { set: { email: 'ADA@example.org' } } },
  ])
    assert.is(judge({ category: 'upload', ...fields }), 'theirs', JSON.stringify(fields));
});

test('in events of others, the fields of the person go, with what stands beside them and in texts', () => {
  const others = { category: 'upload', user_id: 'user-of-carl', size: 3 };
  for (const [more, left] of [
    [{ author_id: 'user-of-ada', author_name: 'Ada E.', author_role: 'editor' }, { author_role: 'editor' }],
    [{ creator: { id: 'user-of-ada', name: 'A.' }, note: 'by A.' }, { note: 'by A.' }],
    [{ owner: 'Ada Example', text: 'from ada example' }, { text: 'from [erased]' }],
    [{ editors: ['user-of-ada', 'user-of-dora'] }, { editors: ['user-of-dora'] }],
    [{ url: '/users/user-of-ada?m=ada%40example.org' }, { url: '/users/[erased]?m=[erased]' }],
    [{ inner: '{"owner_id":"user-of-ada","n":1}' }, { inner: '{"n":1}' }],
  ] as const) {
    const judged = judge({ ...others, ...more });
    assert.ok(judged !== 'theirs');
    assert.equal(judged.fields, { ...others, ...left }, JSON.stringify(more));
    assert.is(judged.body, undefined, 'the text that was received is not kept');
  }
});

test('whoever was not erased stays, and so does everything while nobody was', () => {
  const event = eventOf({
    category: 'upload',
    user_id: 'user-of-carl',
    author_id: 'user-of-dora',
    text: 'Ada Examples',
  });
  assert.is(suppression.judge(event), event);
  const nobody = new Suppression(secret);
  const hers = eventOf({ user_id: 'user-of-ada' });
  assert.is(nobody.judge(hers), hers);
  assert.ok(nobody.isEmpty);
});

test('a body that was found clean is looked through again when somebody else is erased, or something is known beside it', () => {
  const list = new Suppression(secret, hashes);
  const fields = { category: 'upload', user_id: 'user-of-carl' };
  const event = eventOf(fields, { body: JSON.stringify(fields) });
  assert.is(list.judge(event), event);
  const known = { author_id: 'user-of-ada' };
  const judged = list.judge({ ...event, fields: { ...fields, ...known }, context: known });
  assert.ok(judged !== 'theirs');
  assert.equal(judged.fields, fields);
  list.add(peopleOf(secret, ['user-of-carl']).hashes);
  assert.is(list.judge(event), 'theirs');
});

test('an id that is a word of other events takes nothing of theirs', () => {
  const { hashes: common } = peopleOf(secret, ['471100', 'admin', 'Linux', 'Mozilla', 'report', 'user-of-ada']);
  const careful = new Suppression(secret, common);
  const others = {
    ...{ id: 'user-of-ada', category: 'report', type: 'admin', created: 471100, status: 471100, bytes: '471100' },
    ...{ user_id: 'user-of-carl', user_agent: 'Mozilla/5.0 (X11; Linux x86_64)', os_name: 'Linux', user_role: 'admin' },
    ...{ user_name: 'Carl Linux Mozilla', author_name: 'report admin', message: 'an admin made a report of 471100' },
    ...{ nested: { role: 'admin', size: 471100 }, user_properties: { plan: 'admin', visits: 471100 } },
  };
  const event = eventOf(others);
  assert.is(careful.judge(event), event);
  const texts = eventOf({}, { text: 'the admin of Linux was here 471100 times' });
  assert.is(careful.judge(texts), texts);
  for (const fields of [{ user_id: 471100 }, { user_id: 'admin' }, { user_name: 'Linux' }, { user: 'report' }])
    assert.is(careful.judge(eventOf(fields)), 'theirs', JSON.stringify(fields));
  const about = careful.judge(eventOf({ ...others, author_id: 471100, text: 'by user-of-ada' }));
  const { author_name: _name, ...left } = { ...others, text: 'by [erased]' };
  assert.ok(about !== 'theirs');
  assert.equal(about.fields, { ...left, bytes: '[erased]', message: 'an admin made a report of [erased]' });
});

test('a name is the same with its accents as one character or two', () => {
  const accents = new Suppression(secret, peopleOf(secret, ['Ren\u00e9e Example']).hashes);
  for (const name of ['Ren\u00e9e Example', 'Rene\u0301e Example'])
    assert.is(accents.judge(eventOf({ user_name: name })), 'theirs');
  assert.ok(peopleOf(secret, ['Ren\u00e9e Example']).texts.includes('Rene\u0301e Example'));
});

test('of many known names, the longest are looked for', () => {
  const many = Array.from({ length: 40 }, (_, n) => `person-of-the-test-${'x'.repeat(n)}`);
  const all = new Suppression(secret, peopleOf(secret, many).hashes);
  const judged = all.judge(eventOf({ user_id: 'user-of-carl', editors: many, text: `${many[39]} and ${many[0]}` }));
  assert.ok(judged !== 'theirs');
  assert.equal(judged.fields.editors, []);
  assert.is(judged.fields.text, `[erased] and ${many[0]}`);
});

test('a text that is no event goes whole', () => {
  const text = (body: string) => suppression.judge(eventOf({}, { text: body }));
  assert.is(text('user-of-ada was here'), 'theirs');
  assert.is.not(text('user-of-carl was here'), 'theirs');
});

test('on the way in, a message of theirs keeps its id and its place alone', () => {
  const message = (id: string, fields: Fields): Message => ({
    ...{ id, source: 'http', received: 1, fields },
    body: JSON.stringify(fields),
  });
  const own = message('a', { user_id: 'user-of-ada', created: 1 });
  const about = message('b', { user_id: 'user-of-carl', author_id: 'user-of-ada', created: 1 });
  const other = message('c', { user_id: 'user-of-carl', created: 1 });
  const clean = suppression.clean([own, about, other]);
  assert.equal(
    clean.map(({ id, body, fields }) => [id, body, fields === undefined]),
    [
      ['a', erasedBody, true],
      ['b', '{"user_id":"user-of-carl","created":1}', true],
      ['c', other.body, false],
    ],
  );
  const same = [other];
  assert.is(suppression.clean(same), same);
});

test.run();
