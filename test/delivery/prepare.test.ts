import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createPrepare, type PrepareOptions } from '../../src/delivery/prepare.js';
import { parseFilter, within } from '../../src/events/filter.js';
import { personalFilter } from '../../src/people/personal-data.js';
import { delivery } from '../helpers/deliveries.js';

const noStamps: PrepareOptions['firstSeen'] = async () => {
  throw new Error('nothing here is without a time');
};

const clock = { now: () => 1_700_000_100_000 };

function prepare(options: Partial<PrepareOptions> = {}) {
  return createPrepare({ filter: { matches: () => true }, acceptsText: false, firstSeen: noStamps, clock, ...options });
}

const text = { ...delivery('text'), body: 'Hello World!' };
const undated = (id: string) => ({ ...delivery(id), body: '{"category":"upload"}' });

test('events come out decoded, in order, each with its delivery', async () => {
  const deliveries = [delivery('a'), delivery('b')];
  const { items, filtered, dead } = await prepare()(deliveries);
  assert.equal(
    items.map(({ event, attempts, alone }) => [event.id, event.category, attempts, alone]),
    [
      ['a', 'upload', 0, 0],
      ['b', 'upload', 0, 0],
    ],
  );
  for (const [index, item] of items.entries()) assert.is(item.delivery, deliveries[index]);
  assert.equal([filtered, dead], [[], []]);
});

test('what the filter leaves out comes apart from the rest', async () => {
  const parsed = parseFilter('download');
  if ('problem' in parsed) throw new Error(parsed.problem);
  const left = delivery('a');
  const { items, filtered } = await prepare({ filter: parsed.filter })([left, delivery('b', { category: 'download' })]);
  assert.equal(
    items.map(({ event }) => event.id),
    ['b'],
  );
  assert.is(filtered[0], left);
});

test('a sink of some kinds alone: dead is only what is known to be of them, and everything else is filtered', async () => {
  const broken = { ...delivery('broken'), body: '{"category":"page_view","created":"no time"}' };
  const brokenElsewhere = { ...delivery('broken elsewhere'), body: '{"category":"upload","created":"no time"}' };
  const unreadable = { ...delivery('unreadable'), unreadable: 'not UTF-8' };
  const list = { ...delivery('list'), body: '[{"category":"page_view"}]' };
  const deliveries = [text, unreadable, list, brokenElsewhere, broken, delivery('upload')];
  const all = [...deliveries, delivery('view', { category: 'page_view' })];
  const ids = (some: readonly { readonly id: string }[]): string[] => some.map(({ id }) => id);
  for (const acceptsText of [false, true]) {
    const { items, filtered, dead } = await prepare({
      ...{ isSelective: true, acceptsText },
      filter: within(['page_view'], { matches: () => true }),
    })(all);
    assert.equal(ids(filtered), ['text', 'unreadable', 'list', 'broken elsewhere', 'upload']);
    const [taken, refused] = [ids(items.map(({ event }) => event)), ids(dead.map(one => one.delivery))];
    assert.equal([taken, refused], acceptsText ? [['broken', 'view'], []] : [['view'], ['broken']]);
  }
});

test('a sink of some kinds alone whose filter takes everything makes no dead letter of what nobody can read', async () => {
  const list = { ...delivery('list'), body: '[{"category":"upload"}]' };
  const deep = { ...delivery('deep'), body: `{"category":"upload","a":${'['.repeat(200)}${']'.repeat(200)}}` };
  const { items, filtered, dead } = await prepare({ isSelective: true })([text, list, deep, delivery('upload')]);
  assert.equal(
    filtered.map(({ id }) => id),
    ['text', 'list', 'deep'],
  );
  assert.equal([items.map(({ event }) => event.id), dead], [['upload'], []]);
});

test('what is older than the sink takes comes apart from the rest, by its own time', async () => {
  const old = delivery('old', { created: clock.now() - 1_001 });
  const { items, filtered, tooOld, dead } = await prepare({ maxAgeMs: 1_000 })([
    old,
    delivery('just', { created: clock.now() - 1_000 }),
  ]);
  assert.equal(
    items.map(({ event }) => event.id),
    ['just'],
  );
  assert.is(tooOld[0], old);
  assert.equal([tooOld.length, filtered, dead], [1, [], []]);
});

test('what is not an event is poison, with a reason; a sink that accepts text gets it', async () => {
  const refused = await prepare()([text, delivery('good')]);
  assert.equal(
    refused.dead.map(({ delivery: { id }, fault, attempts }) => [id, fault, attempts]),
    [['text', 'poison', 1]],
  );
  assert.match(refused.dead[0]?.reason ?? '', 'not JSON');
  assert.is(refused.items.length, 1);
  const taken = await prepare({ acceptsText: true })([text]);
  assert.equal([taken.dead.length, taken.items[0]?.event.id], [0, 'text']);
});

test('events without a time are stamped with when they were first seen, all in one question', async () => {
  const asked: (readonly string[])[] = [];
  const { items } = await prepare({
    firstSeen: async ids => {
      asked.push(ids);
      return new Map(ids.map((id, index) => [id, 1_000 + index]));
    },
  })([undated('x'), delivery('dated'), undated('y')]);
  assert.equal(asked, [['x', 'y']]);
  assert.equal(
    items.map(({ event }) => event.created),
    [1_000, 1_700_000_000_000, 1_001],
  );
});

test('an event of which nobody knows when it was first seen is as old as its message', async () => {
  const { items } = await prepare({ firstSeen: async () => new Map() })([undated('x')]);
  assert.is(items[0]?.event.created, 1_700_000_000_500);
});

test('a failure to look up first-seen times is passed on: nothing is settled by halves', async () => {
  await prepare()([undated('x')]).then(
    () => assert.unreachable('it has to fail'),
    error => assert.match(error.message, 'nothing here is without a time'),
  );
});

test('people are taken out last, and what is known beside an event with them', async () => {
  const withoutPeople = personalFilter('none', 'a secret of the test');
  const heard: unknown[] = [];
  const context: PrepareOptions['context'] = {
    load: () => undefined,
    hear: ({ fields }) => void heard.push(fields.user_name),
    addTo: event => ({
      ...event,
      fields: { ...event.fields, author_id: 'user-of-ada', dataset_id: 'd' },
      context: { author_id: 'user-of-ada', dataset_id: 'd' },
    }),
  };
  const { items } = await prepare({ withoutPeople, context })([delivery('a', { user_name: 'Ada Example' })]);
  const [event] = items.map(item => item.event);
  assert.equal(heard, ['Ada Example']);
  assert.equal(event?.context, { author_id: 'user-0f3d80aad3226845', dataset_id: 'd' });
  assert.equal([event?.fields.author_id, event?.fields.user_name], ['user-0f3d80aad3226845', undefined]);
});

test.run();
