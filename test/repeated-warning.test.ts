import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Log } from '../src/log.js';
import { RepeatedWarning } from '../src/repeated-warning.js';

function warning() {
  const lines: object[] = [];
  let time = 0;
  const log = { warn: (fields: object, event: string) => lines.push({ ...fields, event }) } as unknown as Log;
  const clock = { now: () => time, monotonic: () => time, sleep: async () => {} };
  const repeated = new RepeatedWarning({ event: 'queue.unreachable', fields: { queue: 'q' }, clock, log });
  const pass = (ms: number): void => {
    time += ms;
  };
  return { repeated, lines, pass };
}

test('the same reason twenty times a second for a day is a few lines, which say how often', () => {
  const { repeated, lines, pass } = warning();
  for (let count = 0; count < 86_400; count += 1) {
    repeated.warn('refused');
    pass(1_000);
  }
  assert.ok(lines.length > 5 && lines.length < 35, String(lines.length));
  assert.equal(lines[0], { queue: 'q', reason: 'refused', event: 'queue.unreachable' });
  assert.equal(lines[1], { queue: 'q', reason: 'refused', repeated: 59, event: 'queue.unreachable' });
});

test('another reason is logged at once, and so is the same one after it was over', () => {
  const { repeated, lines } = warning();
  repeated.warn('refused');
  repeated.warn('gone');
  repeated.warn('gone');
  repeated.clear();
  repeated.warn('gone');
  assert.equal(
    lines.map(line => (line as { reason: string }).reason),
    ['refused', 'gone', 'gone'],
  );
});

test.run();
