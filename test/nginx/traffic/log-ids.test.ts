import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keyedHash, timedId } from '../../../src/events/identity.js';
import { LogIds } from '../../../src/nginx/traffic/log-ids.js';

test('the id of a line is a keyed hash of its place and its bytes as latin1, for ever: sinks know it by that', () => {
  const time = Date.UTC(2024, 2, 5);
  const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 300 }));
  // Bytes of any kind, too, which are no text in UTF-8.
  const line = fc.oneof(
    text.map(one => Buffer.from(one)),
    fc.uint8Array({ maxLength: 300 }),
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constant('a long secret '.repeat(60))),
      fc.array(fc.tuple(fc.nat(), line, fc.constantFrom('line', 'upload')), { maxLength: 4 }),
      (secret, lines) => {
        const ids = new LogIds(secret);
        for (const [offset, own, aspect] of lines) {
          const buffer = Buffer.from([0x78, ...own, 0x0a]);
          const bytes = buffer.subarray(1, -1).toString('latin1');
          assert.is(
            ids.ofLine(time, { file: 'its hash', offset }, { buffer, start: 1, end: buffer.length - 1 }, aspect),
            timedId(time, keyedHash(secret, aspect, 'its hash', offset, bytes)),
          );
        }
      },
    ),
  );
});

test.run();
