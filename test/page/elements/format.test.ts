import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytes, duration, percent, plural, rate, seconds, volume } from '../../../src/page/elements/format.js';

const table: readonly (readonly [written: string, expected: string])[] = [
  [seconds(0), '0 s'],
  [seconds(0.000331), '331 µs'],
  [seconds(0.0013), '1 ms'],
  [seconds(0.0427), '43 ms'],
  [seconds(1.234), '1.23 s'],
  [seconds(12.34), '12.3 s'],
  [percent(0), '0 %'],
  [percent(100), '100 %'],
  [percent(99.999), '99.99 %'],
  [percent(99.5), '99.50 %'],
  [percent(66.6667), '66.7 %'],
  [bytes(0), '0 B'],
  [bytes(999), '999 B'],
  [bytes(204_811), '205 kB'],
  [bytes(1_500_000), '1.5 MB'],
  [volume(0), '0 B'],
  [volume(999), '999 B'],
  [volume(1000), '1.0 kB'],
  [volume(999_700), '1.0 MB'],
  [volume(48_130_007), '48.1 MB'],
  [volume(763_100_000_000), '763 GB'],
  [volume(1_234_567_890_123), '1.2 TB'],
  [volume(7.2e18), '7,200 PB'],
  [duration(-5), '0 s'],
  [duration(42_000), '42 s'],
  [duration(59 * 60_000), '59 min'],
  [duration(125 * 60_000), '2 h 5 min'],
  [duration(99 * 3_600_000), '4 d 3 h'],
  [rate(0), '0/s'],
  [rate(0.001), '3.6/h'],
  [rate(0.5), '30/min'],
  [rate(2.94), '2.9/s'],
  [plural(1, 'event'), '1 event'],
  [plural(12_300, 'event'), '12,300 events'],
];

test('numbers have a unit, and the precision that a person reads', () => {
  for (const [written, expected] of table) assert.is(written, expected);
});

test.run();
