import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { maxExaminedBytes, ReceivedBody } from '../../../../src/health/probes/http/body.js';

function received(content: Buffer, chunkBytes = 64 * 1024): ReceivedBody {
  const body = new ReceivedBody();
  for (let from = 0; from < content.length; from += chunkBytes) body.add(content.subarray(from, from + chunkBytes));
  return body;
}

const text = 'all is well, Müller';

for (const [encoding, pack] of [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['identity', (content: Buffer) => content],
  ['', (content: Buffer) => content],
  ['deflate, gzip', (content: Buffer) => gzipSync(deflateSync(content))],
] as const)
  test(`a body encoded as "${encoding}" by ${pack.name} is read`, async () => {
    const body = received(pack(Buffer.from(text)), 7);
    assert.equal(await body.examine(encoding), { text, whole: true });
  });

test('the bytes are those that arrived', () => {
  const packed = gzipSync('a'.repeat(10_000));
  assert.is(received(packed).bytes, packed.length);
  assert.is(received(Buffer.alloc(5_000_000)).bytes, 5_000_000);
});

test('of a long body the first 1 MiB is examined, and it is known to be longer', async () => {
  const long = Buffer.from(`${'a'.repeat(maxExaminedBytes)}b`);
  const exact = long.subarray(0, maxExaminedBytes);
  for (const [encoding, pack] of [['', (content: Buffer) => content] as const, ['gzip', gzipSync] as const]) {
    assert.equal(await received(pack(exact)).examine(encoding), { text: exact.toString(), whole: true });
    assert.equal(await received(pack(long)).examine(encoding), { text: exact.toString(), whole: false });
  }
});

test('a body that would grow without end when unpacked is left after 1 MiB', async () => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 'a'));
  const before = process.memoryUsage().rss;
  const found = await received(bomb).examine('gzip');
  assert.ok('text' in found && !found.whole && found.text.length === maxExaminedBytes);
  const twice = await received(gzipSync(bomb)).examine('gzip, gzip');
  assert.ok('text' in twice && !twice.whole);
  assert.ok(process.memoryUsage().rss - before < 64 * 1024 * 1024);
});

test('a long body that cannot be compressed is examined up to where it was kept', async () => {
  const noise = Buffer.from(Array.from({ length: 4_000_000 }, (_, index) => (index * 2_654_435_761) >>> 24));
  const found = await received(gzipSync(noise, { level: 0 })).examine('gzip');
  assert.ok('text' in found && !found.whole && found.text.length > 0);
});

test('what cannot be read is named', async () => {
  const reason = async (content: string | Buffer, encoding: string) => {
    const found = await received(Buffer.from(content)).examine(encoding);
    return 'reason' in found ? found.reason : found.text;
  };
  assert.is(await reason('plain', 'gzip'), 'body cannot be unpacked as gzip, as the answer says it is encoded');
  assert.is(
    await reason(gzipSync(text).subarray(0, 20), 'gzip'),
    'body cannot be unpacked as gzip, as the answer says it is encoded',
  );
  assert.is(await reason('plain', 'zstd'), 'body is encoded as zstd, which cannot be read');
  assert.is(await reason('x', 'gzip, gzip, gzip, gzip'), 'body is encoded too often to be read');
  assert.is(await reason('', 'gzip'), '', 'nothing is nothing in any encoding');
});

test('a byte order mark is taken off, and decides on the charset', async () => {
  const read = async (content: Buffer, type?: string) => {
    const found = await received(content).examine('', type);
    return 'text' in found ? found.text : found.reason;
  };
  assert.is(await read(Buffer.from('\uFEFF{"a":1}')), '{"a":1}');
  assert.is(await read(Buffer.from('\uFEFFMüller'), 'text/plain; charset=iso-8859-1'), 'Müller');
  assert.is(await read(Buffer.from('\uFEFFMüller', 'utf16le')), 'Müller');
  assert.is(await read(Buffer.from('\uFEFFMüller', 'utf16le').swap16()), 'Müller');
  assert.is(await read(Buffer.from('Müller', 'latin1'), 'text/html; Charset="ISO-8859-1"; a=b'), 'Müller');
  assert.is(await read(Buffer.from('Müller'), 'text/html; charset=none-such'), 'Müller');
});

test.run();
