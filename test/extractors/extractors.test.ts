import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Extractors, type Heartbeat } from '../../src/extractors/extractors.js';

const minute = 60_000;
const preview: Heartbeat = { name: 'image.preview', version: '2.1', queue: 'image.preview', id: 'one' };

function beating(extractors: Extractors, beat: Heartbeat, from: number, count: number, every: number): number {
  for (let index = 0; index < count; index += 1) extractors.heard(beat, from + index * every);
  return from + (count - 1) * every;
}

test('one appears once, however often it beats', () => {
  const extractors = new Extractors();
  assert.equal(extractors.heard(preview, 0), { type: 'appeared', ...preview });
  assert.is(extractors.heard(preview, 5 * minute), undefined);
  assert.is(extractors.heard({ ...preview, id: 'two' }, 6 * minute), undefined);
  assert.equal(extractors.overdue(10 * minute), []);
});

test('three beats missed at the usual interval are a silence, announced once; then it appears again', () => {
  const extractors = new Extractors();
  extractors.heard(preview, 0);
  assert.equal(extractors.overdue(15 * minute), []);
  const [silence, ...others] = extractors.overdue(15 * minute + 1);
  assert.equal(others, []);
  assert.equal(silence, {
    type: 'silent',
    name: 'image.preview',
    version: '2.1',
    queue: 'image.preview',
    lastSeen: 0,
    message: 'No heartbeat for 15 minutes',
  });
  assert.equal(extractors.overdue(60 * minute), []);
  assert.is(extractors.heard(preview, 61 * minute)?.type, 'appeared');
});

test('the interval of each is learnt from its own processes, the longest of the last gaps counts', () => {
  const extractors = new Extractors();
  const last = beating(extractors, preview, 0, 5, minute);
  extractors.heard({ ...preview, id: 'two' }, last + 1);
  assert.equal(extractors.overdue(last + 1 + 3 * minute), []);
  assert.is(extractors.overdue(last + 2 + 3 * minute)[0]?.type, 'silent');
});

test('beats in a row teach nothing, however many they are', () => {
  for (const count of [2, 10]) {
    const extractors = new Extractors();
    beating(extractors, preview, 0, count, 100);
    assert.equal(extractors.overdue(10 * minute), []);
  }
});

test('another version is a change; while old and new live side by side it is announced once', () => {
  const extractors = new Extractors();
  extractors.heard(preview, 0);
  const newer = { ...preview, version: '2.2', id: 'two' };
  assert.equal(extractors.heard(newer, minute), { type: 'changed', ...newer, previousVersion: '2.1' });
  assert.is(extractors.heard(preview, 2 * minute), undefined);
  assert.is(extractors.heard(newer, 3 * minute), undefined);
  const later = beating(extractors, newer, 3 * minute, 10, 5 * minute);
  assert.is(extractors.heard(preview, later + minute)?.type, 'changed', 'back to a version that was gone');
});

test('what was not heard because nobody listened is no silence; who is known survives a restart', () => {
  const before = new Extractors();
  before.heard(preview, 0);
  const extractors = new Extractors(JSON.parse(JSON.stringify(before)));
  extractors.listening(100 * minute);
  assert.is(extractors.heard(preview, 101 * minute), undefined);
  assert.equal(extractors.overdue(110 * minute), []);
  assert.is(extractors.overdue(117 * minute).length, 1);
});

test('it stays bounded whatever is sent, and takes odd names', () => {
  const extractors = new Extractors();
  for (let index = 0; index < 2_000; index += 1) extractors.heard({ ...preview, name: `e${index}` }, 0);
  for (let index = 0; index < 500; index += 1)
    extractors.heard({ ...preview, name: 'e1', version: `${index}`, id: `${index}` }, index);
  const kept = extractors.toJSON();
  assert.is(kept.length, 1_000);
  assert.ok(JSON.stringify(kept[1]).length < 4_000);
  const odd = new Extractors();
  assert.is(odd.heard({ ...preview, version: 'constructor', id: '__proto__' }, 0)?.type, 'appeared');
  assert.is(odd.heard({ ...preview, version: '__proto__', id: 'constructor' }, 1)?.type, 'changed');
});

test('one that is silent for a month is forgotten', () => {
  const extractors = new Extractors();
  extractors.heard(preview, 0);
  extractors.overdue(16 * minute);
  extractors.overdue(31 * 24 * 60 * minute);
  assert.equal(extractors.toJSON(), []);
});

test.run();
