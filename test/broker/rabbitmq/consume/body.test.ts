import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { maxUnpackedBytes, readBody } from '../../../../src/broker/rabbitmq/consume/body.js';
import { cpuMs } from '../../../helpers/cpu-time.js';

const text = Buffer.from('{"category":"upload","resource_name":"Müller"}');

test('what is packed is unpacked, what is not is taken as it is', () => {
  const packed = {
    gzip: gzipSync(text),
    'X-GZIP': gzipSync(text),
    deflate: deflateSync(text),
    br: brotliCompressSync(text),
  };
  for (const [encoding, content] of Object.entries(packed))
    assert.equal(readBody(content, encoding), { content: text });
  for (const encoding of [undefined, null, '', 'identity', 'utf-8', 'UTF-8', 'binary', 7, {}, ['gzip']])
    assert.equal(readBody(text, encoding), { content: text }, String(encoding));
});

test('an encoding that a library in between has undone, or that nobody knows, does not make text unreadable', () => {
  assert.equal(readBody(text, 'gzip'), { content: text });
  assert.equal(readBody(text, 'zstd'), { content: text });
});

test('what cannot be unpacked is kept as it came, with the reason', () => {
  const torn = gzipSync(text).subarray(0, 30);
  assert.equal(readBody(torn, 'gzip'), {
    content: torn,
    encoding: 'gzip',
    unreadable: 'the body cannot be unpacked as gzip (unexpected end of file)',
  });
  const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]);
  const { unreadable, encoding } = readBody(zstd, 'zstd\u001b[31m');
  assert.is(unreadable, 'the body is packed in a way that is not known here: "zstd\\u001b[31m"');
  assert.is(encoding, 'zstd\u001b[31m');
});

test('a bomb costs no more than one event, and says so', () => {
  const bomb = gzipSync(Buffer.alloc(100 * maxUnpackedBytes));
  const taken = cpuMs(() =>
    assert.equal(readBody(bomb, 'gzip'), {
      content: bomb,
      encoding: 'gzip',
      unreadable: `the body (gzip, ${bomb.length} bytes) unpacks to more than 1048576 bytes`,
    }),
  );
  assert.ok(taken < 500, `${taken} ms`);
  assert.is(readBody(gzipSync(Buffer.alloc(maxUnpackedBytes, 'x')), 'gzip').unreadable, undefined);
});

test('Latin-1 and others that are not UTF-8: the first byte that is wrong, packed or not', () => {
  const latin = Buffer.from('{"category":"latin","resource_name":"M\xfcller"}', 'latin1');
  const reason = 'the body is not UTF-8: byte 0xfc at position 38';
  assert.is(readBody(latin, undefined).unreadable, reason);
  assert.is(readBody(gzipSync(latin), 'gzip').unreadable, reason);
  assert.equal(readBody(latin, undefined).content, latin);
  const genuine = Buffer.concat([Buffer.from('\ufffd{\ufffd'), Buffer.from([0xef, 0xbf])]);
  assert.is(readBody(genuine, undefined).unreadable, 'the body is not UTF-8: byte 0xef at position 7');
});

test('whatever bytes and whatever encoding: text or a reason, never an error, and the bytes are there', () => {
  const encoding = fc.oneof(fc.constantFrom('gzip', 'deflate', 'br', 'utf-8', undefined), fc.string(), fc.anything());
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), encoding, (bytes, contentEncoding) => {
      const body = readBody(Buffer.from(bytes), contentEncoding);
      if (body.unreadable === undefined) assert.equal(Buffer.from(body.content.toString()), body.content);
      else assert.match(body.unreadable, /^the body /);
      const at = /position (\d+)$/.exec(body.unreadable ?? '')?.[1];
      if (at !== undefined)
        assert.equal(
          Buffer.from(body.content.toString()).subarray(0, Number(at)),
          body.content.subarray(0, Number(at)),
        );
    }),
    { numRuns: 2_000 },
  );
});

test.run();
