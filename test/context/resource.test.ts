import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { merged, type Resource, ranks, resourceId, resourceIds, shortText } from '../../src/context/resource.js';

const a = 'a'.repeat(24);
const b = 'b'.repeat(24);

test('an id is 24 hex digits, in one spelling', () => {
  assert.is(resourceId(a.toUpperCase()), a);
  for (const other of [a.slice(1), `${a}0`, `${a.slice(1)}g`, 7, null, undefined, {}, [a], `${a}\n`]) {
    assert.is(resourceId(other), undefined);
  }
});

test('ids are read from lists and from texts, a bounded number of them', () => {
  assert.equal(resourceIds([a, 7, b, a]), [a, b]);
  assert.equal(resourceIds(`List(${a}, ${b})`), [a, b]);
  assert.equal(resourceIds('List()'), undefined);
  assert.equal(resourceIds(a + b), undefined);
  assert.is(resourceIds(Array.from({ length: 1000 }, (_, n) => n.toString(16).padStart(24, 'c')))?.length, 20);
});

test('a text is kept at a length, and never ends in half a character', () => {
  assert.equal([shortText(''), shortText(7), shortText('x')], [undefined, undefined, 'x']);
  assert.is(shortText(`${'x'.repeat(511)}😀`), `${'x'.repeat(511)}\ufffd`);
});

test('the higher rank is believed, of equals the last; a lower one fills in', () => {
  const said = merged(undefined, { kind: 'file', dataset: a }, ranks.query);
  assert.equal(said, { kind: 'file', dataset: a, rank: ranks.query });
  const announced = merged(said, { kind: 'file', name: 'x', dataset: b }, ranks.event);
  assert.equal(announced, { kind: 'file', name: 'x', dataset: b, rank: ranks.event });
  assert.is(merged(announced, { kind: 'file', dataset: a }, ranks.query), announced);
  const filled = merged(announced, { kind: 'file', dataset: a, owner: a }, ranks.query);
  assert.equal(filled, { ...announced, owner: a });
  const renamed = merged(filled, { kind: 'file', name: 'y' }, ranks.event);
  assert.equal(renamed, { ...filled, name: 'y' });
  const known = merged(renamed, { kind: 'file', dataset: a }, ranks.clowder);
  assert.equal(known, { ...renamed, dataset: a, rank: ranks.clowder });
  assert.is(merged(known, { kind: 'file', dataset: b, name: undefined }, ranks.event), known);
});

test('what is said again is the very same object, lists too, and when Clowder was asked is kept', () => {
  const known: Resource = { kind: 'dataset', spaces: [a, b], rank: ranks.clowder, asked: 7, outcome: 'known' };
  assert.is(merged(known, { kind: 'dataset', spaces: [a, b] }, ranks.clowder), known);
  assert.equal(merged(known, { kind: 'dataset', spaces: [b] }, ranks.clowder), { ...known, spaces: [b] });
});

test('whatever is said of a resource, of its members each, is news once', () => {
  const facts = { name: 'x', dataset: a, spaces: [a], collections: [a], doi: '10.1/x', owner: a };
  const known = merged(undefined, { kind: 'file' }, ranks.event);
  const otherwise = { name: 'y', dataset: b, spaces: [b], collections: [b], doi: '10.1/y', owner: b };
  for (const name of Object.keys(facts) as (keyof typeof facts)[]) {
    const said = merged(known, { kind: 'file', [name]: facts[name] }, ranks.event);
    assert.equal(said, { ...known, [name]: facts[name] });
    assert.equal(merged(said, { kind: 'file', [name]: otherwise[name] }, ranks.event), {
      ...known,
      [name]: otherwise[name],
    });
    assert.is(merged(said, { kind: 'file', [name]: otherwise[name] }, ranks.query), said);
  }
  assert.is(merged(known, { kind: 'dataset' }, ranks.event).kind, 'dataset');
});

test.run();
