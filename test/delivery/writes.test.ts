import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Writes } from '../../src/delivery/writes.js';

test('whoever asks waits for the writes that were begun before, of that sink alone', async () => {
  const writes = new Writes();
  await writes.ended('mongodb');
  const end = writes.begin('mongodb');
  writes.begin('influxdb');
  const notes: string[] = [];
  const waiting = writes.ended('mongodb').then(() => notes.push('ended'));
  const endLater = writes.begin('mongodb');
  await Promise.resolve();
  assert.equal(notes, []);
  end();
  await waiting;
  assert.equal(notes, ['ended']);
  endLater();
  await writes.ended('mongodb');
});

test('work is under way until it has ended, well or not; several places are waited for at once', async () => {
  const writes = new Writes();
  let fail: (error: Error) => void = () => undefined;
  const failing = new Promise<void>((_resolve, reject) => {
    fail = reject;
  });
  const work = writes.during('broker', () => failing);
  const end = writes.begin('local');
  const notes: string[] = [];
  const waiting = writes.ended('broker', 'local').then(() => notes.push('over'));
  fail(new Error('refused'));
  await work.catch(() => undefined);
  assert.equal(notes, []);
  end();
  await waiting;
  assert.equal(notes, ['over']);
});

test.run();
