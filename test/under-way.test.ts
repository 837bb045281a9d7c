import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UnderWay } from '../src/under-way.js';

/** The texts of those promises that have resolved by now. */
function noting() {
  const notes: string[] = [];
  const note = (promise: Promise<unknown>, text: string): Promise<unknown> => promise.then(() => notes.push(text));
  const later = (): Promise<void> => new Promise(resolve => setImmediate(resolve));
  return { notes, note, later };
}

test('with nothing under way there is nothing to wait for', async () => {
  assert.is(await new UnderWay().ended(), undefined);
});

test('whoever asks waits for what was begun before, and for nothing that begins later', async () => {
  const { notes, note, later } = noting();
  const underWay = new UnderWay();
  const first = underWay.begin();
  const second = underWay.begin();
  note(underWay.ended(), 'asked early');
  const third = underWay.begin();
  note(underWay.ended(), 'asked late');
  first();
  await later();
  assert.equal(notes, []);
  second();
  await later();
  assert.equal(notes, ['asked early']);
  third();
  await later();
  assert.equal(notes, ['asked early', 'asked late']);
});

test('whoever asks later waits for the earlier ones too, in whatever order they end', async () => {
  const { notes, note, later } = noting();
  const underWay = new UnderWay();
  const first = underWay.begin();
  note(underWay.ended(), 'asked early');
  const second = underWay.begin();
  note(underWay.ended(), 'asked late');
  note(underWay.ended(), 'asked again');
  second();
  await later();
  assert.equal(notes, []);
  first();
  await later();
  assert.equal([...notes].sort(), ['asked again', 'asked early', 'asked late']);
  await underWay.ended();
});

test('to end something twice ends nothing else', async () => {
  const { notes, note, later } = noting();
  const underWay = new UnderWay();
  const first = underWay.begin();
  const second = underWay.begin();
  note(underWay.ended(), 'over');
  first();
  first();
  await later();
  assert.equal(notes, []);
  second();
  await later();
  assert.equal(notes, ['over']);
});

test('work is under way until it has ended, well or not', async () => {
  const { notes, note, later } = noting();
  const underWay = new UnderWay();
  let fail = (_error: Error): void => {};
  const work = underWay.during(
    () =>
      new Promise<void>((_resolve, reject) => {
        fail = reject;
      }),
  );
  note(underWay.ended(), 'over');
  await later();
  assert.equal(notes, []);
  fail(new Error('refused'));
  assert.is(await work.catch((error: Error) => error.message), 'refused');
  await later();
  assert.equal(notes, ['over']);
  assert.is(await underWay.during(async () => 7), 7);
});

test.run();
