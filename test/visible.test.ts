import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lineShape } from '../src/nginx/lines/line-shape.js';
import { visible } from '../src/visible.js';

test('what a terminal would act on stands there as its code; all else is as it was', () => {
  assert.is(visible('\u001b]0;x\u0007 \u009b1m \u202e\u2066 \u007f'), '\\x1b]0;x\\x07 \\x9b1m \\u202e\\u2066 \\x7f');
  assert.is(visible('a\nb\tc'), 'a\\x0ab\\x09c');
  assert.is(visible('a\nb\r', { lines: true }), 'a\nb\\x0d');
  assert.is(visible('Grüße, 数据 👍🏽 – "x" \\x1b'), 'Grüße, 数据 👍🏽 – "x" \\x1b');
});

test('the shape of a line shows its marks, and nothing of anybody', () => {
  assert.is(
    lineShape(
      '203.0.113.9 - ann [10/Oct/2024:13:55:36 +0000] "GET /api/files?key=s3cret&q=ann HTTP/1.1" 200 "Bearer äß1"',
    ),
    '000.0.000.0 - xxx [00/xxx/0000:00:00:00 +0000] "xxx /xxx/xxxxx?… xxxx/0.0" 000 "xxxxxx xx0"',
  );
  assert.is(lineShape('a\u001b[2J\u202e'), 'xx[0xx');
});

test.run();
