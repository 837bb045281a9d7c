import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { archiveLines } from '../sinks/archive/archived.js';
import { type Answer, eventsIn, fakeDaemon, invoke } from './invoke.js';

const test = suite<{ folder: TemporaryFolder; file: string }>('usage recompute --from');
const at = Date.UTC(2026, 2, 15);
const lines = [
  `{"id":"a","category":"page_view","created":${at}}`,
  `{"id":"b","category":"page_view","created":${at}}`,
  `{"id":"a","category":"page_view","created":${at}}`,
  `{"id":"c","category":"page_view","created":${Date.UTC(2026, 3, 1)}}`,
  'x',
];

test.before.each(context => {
  context.folder = temporaryFolder();
  context.file = join(context.folder.path, 'events.ndjson');
  writeFileSync(context.file, lines.join('\n'));
});
test.after.each(({ folder }) => folder.remove());

const counts = { total_dataset_investigations: 2, total_dataset_requests: 1, request_bytes: 5 };

async function recompute(
  file: string,
  seen: { known: number; kept: number; closed: boolean },
  words: string[] = [],
  settings: Record<string, string> = {},
) {
  const daemon = await fakeDaemon((asked): Answer => {
    if (asked.path.includes('/accesses'))
      return { status: 200, body: { month: '2026-03', accesses: eventsIn(asked).length, refused: [], ...seen } };
    if (asked.path.includes('/finish'))
      return { status: 200, body: { month: '2026-03', accesses: 2, before: {}, after: {} } };
    return { status: 200, body: { usage: [{ id: '2026-03', regular: counts, machine: counts }] } };
  });
  const env = { ...settings, EVENT_SINK_URL: daemon.url };
  const outcome = await invoke(['usage', 'recompute', '2026-03', '--from', file, ...words], { env });
  await daemon.close();
  return { ...outcome, asked: daemon.asked };
}

test('looks first, then keeps; each event once, and only those of the month', async ({ file }) => {
  const { code, asked, out } = await recompute(file, { known: 2, kept: 2, closed: false });
  assert.is(code, 0);
  assert.equal(
    asked.map(({ path }) => path.replace('/v1/usage', '')),
    [
      '/months/2026-03/accesses',
      '?by=month&month=2026-03',
      '/months/2026-03/accesses?keep=true',
      '?by=month&month=2026-03',
    ],
  );
  assert.equal(
    eventsIn(asked[2]!).map(({ id }) => id),
    ['a', 'b'],
  );
  assert.is(JSON.parse(out).before.regular.total_dataset_requests, 1);
});

test('when something that was counted is not in the file, nothing is changed', async ({ file }) => {
  const { code, asked, err } = await recompute(file, { known: 1, kept: 3, closed: false });
  assert.equal([code, asked.length], [1, 1]);
  assert.match(err, '2 of the 3 accesses of 2026-03 are not in');
});

test('a closed month is finished', async ({ file }) => {
  const done = await recompute(file, { known: 0, kept: 0, closed: true }, ['--lower']);
  assert.is(done.asked.at(-1)?.path, '/v1/usage/months/2026-03/finish?lower=true');
});

test('a file without the month, and one that is not there', async ({ file, folder }) => {
  writeFileSync(file, lines[3]!);
  const empty = await recompute(file, { known: 0, kept: 0, closed: true });
  assert.equal([empty.code, empty.asked.length], [1, 0]);
  assert.match(empty.err, 'there is no view or download of 2026-03');
  const missing = await recompute(join(folder.path, 'nowhere'), { known: 0, kept: 0, closed: true });
  assert.match(missing.err, 'no such file');
});

test('from an archive: the month alone, each event once, with what the archive says beside it', async ({ folder }) => {
  const place = join(folder.path, 'archive');
  const [a = '', b = '', again = '', april = ''] = lines.map(line =>
    line.replace('}', ',"_source":"clowder","_received":1}'),
  );
  await archiveLines(place, '2026-03-15', [a, b]);
  await archiveLines(place, '2026-03-15', [again]);
  await archiveLines(place, '2026-04-01', [april]);
  const env = { ARCHIVE_URL: pathToFileURL(place).href, DATA_DIR: folder.path };
  const { code, asked } = await recompute('archive', { known: 2, kept: 2, closed: false }, [], env);
  assert.is(code, 0);
  assert.equal(
    eventsIn(asked[2]!).map(({ id, event }) => [id, (event as { _source?: unknown })._source]),
    [
      ['a', 'clowder'],
      ['b', 'clowder'],
    ],
  );
});

test.run();
