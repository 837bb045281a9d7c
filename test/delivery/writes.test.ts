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

test.run();
