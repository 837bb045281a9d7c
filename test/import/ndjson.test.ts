import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Item, isBad } from '../../src/import/item.js';
import { NdjsonSource } from '../../src/import/ndjson.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';

const test = suite<{ folder: TemporaryFolder }>('ndjson');
test.before.each(context => {
  context.folder = temporaryFolder();
});
test.after.each(({ folder }) => folder.remove());

async function read(folder: TemporaryFolder, bytes: string | Buffer, name = 'events.ndjson'): Promise<Item[]> {
  const path = join(folder.path, name);
  writeFileSync(path, bytes);
  const source = new NdjsonSource({ files: [path], idOf: text => `made of ${text.length}` });
  const items: Item[] = [];
  for await (const some of source.items()) items.push(...some);
  assert.is(source.done, source.total);
  return items;
}

const reasons = (items: readonly Item[]): string[] =>
  items.filter(isBad).map(({ reason, where }) => `${where}: ${reason}`);

test('an event keeps its id, its text to the letter and its time; one without an id gets one', async ({ folder }) => {
  const first = '{"id":"x","category":"upload","created":"2024-03-04T09:00:00Z","size":12345678901234567890}';
  const items = await read(folder, `${first}\n\n{"category":"upload"}\r\n{"category":"end"}`);
  assert.equal(items, [
    { id: 'x', text: first, created: Date.UTC(2024, 2, 4, 9) },
    { id: 'made of 21', text: '{"category":"upload"}', created: undefined },
    { id: 'made of 18', text: '{"category":"end"}', created: undefined },
  ]);
});

test('what the API adds to a stored event is left out', async ({ folder }) => {
  const [item] = await read(folder, '{"id":"x","category":"upload","_source":"http","_received":5}\n');
  assert.is(item !== undefined && 'text' in item && item.text, '{"id":"x","category":"upload"}');
});

test('bad lines are named and passed over', async ({ folder }) => {
  const lines = ['{"category":"a"}', 'Hello World!', '[1]', '"x"', '{"id":7}', '{"id":"\u00e9"}'];
  const bytes = Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), Buffer.from([0x7b, 0xff, 0x7d, 0x0a])]);
  assert.equal(reasons(await read(folder, bytes)), [
    'events.ndjson, line 2: a line is not JSON',
    'events.ndjson, line 3: a line is not a JSON object',
    'events.ndjson, line 4: a line is not a JSON object',
    'events.ndjson, line 5: an id is not 1 to 128 printable ASCII characters',
    'events.ndjson, line 6: an id is not 1 to 128 printable ASCII characters',
    'events.ndjson, line 7: a line is not UTF-8',
  ]);
});

test('a line that never ends is passed over, and the next one is read', async ({ folder }) => {
  const items = await read(folder, `${'x'.repeat(3 * 1024 * 1024)}\n{"category":"a"}\n`);
  assert.equal(reasons(items), ['events.ndjson, line 1: a line is longer than 1 MiB']);
  assert.is(items.length, 2);
});

test('an archive is known by its bytes, and may have several members; a cut one is said to be', async ({ folder }) => {
  const lines = Array.from({ length: 5_000 }, (_, n) => `{"category":"upload","n":${n},"x":"${Math.sin(n)}"}\n`);
  const whole = Buffer.concat([gzipSync(lines.slice(0, 10).join('')), gzipSync(lines.slice(10).join(''))]);
  assert.is((await read(folder, whole, 'without-an-end')).length, 5_000);
  const cut = await read(folder, whole.subarray(0, whole.length / 2), 'cut.gz');
  assert.match(reasons(cut).at(-1) ?? '', /^cut\.gz: the archive is damaged or was cut off/);
  assert.ok(cut.length > 100, `${cut.length} were read before`);
});

test.run();
