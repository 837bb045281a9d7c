import { copyFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import type { BadItem, PastEvent } from '../../src/import/item.js';
import { isBad } from '../../src/import/item.js';
import { LogImport } from '../../src/import/nginx.js';
import { nothingRead, type ReadLogs, readLogs } from '../../src/import/read-logs.js';
import { VisitorKeys } from '../../src/nginx/traffic/visitors.js';
import type { ImportNotes } from '../../src/storage/usage-gaps.js';
import { countryOfTest, idSecret, line, noMemory, plainConfig, Scene } from '../nginx/scene.js';
import { inFolder, openStorage } from '../storage/scratch.js';

const id = '5fad53bfe4b00dcab417b69c';
const config = { ...plainConfig, trafficEvents: ['views', 'downloads', 'api'] } as const;
const usual = [
  `GET /datasets/${id} HTTP/1.1`,
  `GET /files/${id}/blob HTTP/1.1`,
  'GET /assets/a.css HTTP/1.1',
  `POST /api/datasets/${id}/files HTTP/1.1`,
  `GET /datasets/${id}?n=1 HTTP/1.1`,
];

/** Lines of one day, a minute apart. */
function lines(day: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    const minute = `${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}`;
    return line(n, { time: `${day}:${minute}:00 +0000`, request: usual[n % usual.length]! });
  });
}

const test = suite<{ scene: Scene }>('old access logs');
test.before.each(context => {
  context.scene = new Scene({ config });
});
test.after.each(({ scene }) => scene.remove());

async function read(
  ...files: readonly string[]
): Promise<{ events: PastEvent[]; bad: BadItem[]; lines: number; notes: ImportNotes }> {
  return readBeside(nothingRead, ...files);
}

async function readBeside(read: ReadLogs, ...files: readonly string[]) {
  const source = new LogImport({
    files,
    read,
    countedSince: read.since,
    config,
    usageSink: undefined,
    clowderUrl: undefined,
    idSecret,
    visitors: new VisitorKeys(noMemory, systemClock, () => 'a salt'),
    countryOf: countryOfTest,
    clock: systemClock,
  });
  const events: PastEvent[] = [];
  const bad: BadItem[] = [];
  for await (const items of source.items()) for (const item of items) isBad(item) ? bad.push(item) : events.push(item);
  assert.is(source.done, source.total);
  const { spans, gaps } = source.notes;
  return { events, bad, lines: source.lines, notes: { spans, gaps } };
}

/** What the reader of the daemon made, without the windows. */
function live({ store }: Scene): { id: string; fields: Record<string, unknown> }[] {
  return store.messages
    .filter(({ body }) => JSON.parse(body).category !== 'connections')
    .map(({ id, body }) => ({ id, fields: withoutVisitor(body) }));
}

function withoutVisitor(body: string): Record<string, unknown> {
  const { visitor, ...fields } = JSON.parse(body);
  assert.match(String(visitor), /^[0-9a-f]{16}$/);
  return fields;
}

const byId = <Item extends { readonly id: string }>(items: readonly Item[]): Item[] =>
  [...items].sort((a, b) => (a.id < b.id ? -1 : 1));

const imported = (events: readonly PastEvent[]) => events.map(({ id, text }) => ({ id, fields: withoutVisitor(text) }));

test('the same lines are the same events as those of the daemon, packed, renamed and in any order', async ({
  scene,
}) => {
  scene.write(...lines('04/Mar/2024', 40));
  await scene.start();
  await scene.read();
  const first = scene.rename();
  scene.write(...lines('05/Mar/2024', 30));
  await scene.read();
  const second = scene.rename();
  scene.write(...lines('06/Mar/2024', 20));
  await scene.read();
  await scene.stop();
  const expected = byId(live(scene));
  assert.is(expected.length, 90);
  scene.compress(first);
  const moved = join(scene.folder.path, 'moved elsewhere');
  copyFileSync(second, moved);
  const { events, bad, lines: count } = await read(scene.path, `${first}.gz`, moved);
  assert.equal([bad, count], [[], 90]);
  assert.equal(byId(imported(events)), expected);
  assert.equal(
    events.map(({ created }) => created),
    events.map(({ created }) => created).sort(),
    'the oldest file comes first',
  );
});

test('of a file that the daemon does not know, only what is older than all that it has read is taken', async ({
  scene,
}) => {
  const old = lines('03/Mar/2024', 10);
  const first = lines('04/Mar/2024', 10);
  scene.write(...first);
  await scene.start();
  await scene.read();
  const rotated = scene.rename();
  scene.write(...lines('05/Mar/2024', 10));
  await scene.read();
  await scene.stop();
  const joined = join(scene.folder.path, 'joined');
  writeFileSync(joined, [...old, ...first].join(''));
  await inFolder(async dir => {
    const storage = await openStorage(dir);
    assert.is((await readLogs(dir)).since, Number.POSITIVE_INFINITY);
    await storage.checkpoints.put('nginx//var/log/access.log', { position: scene.store.checkpoint, unpublished: [] });
    const known = await readLogs(dir);
    await storage.close();
    assert.is(known.since, Date.UTC(2024, 2, 4));
    const { events, bad } = await readBeside(known, joined, rotated, scene.path);
    assert.is(events.length, 30);
    assert.ok(events.slice(0, 10).every(({ created = 0 }) => created < known.since));
    assert.equal(new Set(bad.map(({ where }) => where)), new Set(['joined']));
    assert.match(bad[0]?.reason ?? '', 'the daemon read its log at that time');
    assert.is(bad.length, 10);
  });
});

test('lines that are not of the format are counted, and shown by their shape', async ({ scene }) => {
  scene.write(...lines('04/Mar/2024', 3), 'GET /?key=s3cret by mira@example.org\n', 'x\n', 'x\n', 'x\n');
  const { bad, events } = await read(scene.path);
  assert.is(events.length, 2);
  assert.is(bad.length, 4);
  assert.equal(bad[0], { reason: 'a line is not of the format', where: 'xxx /?… xx xxxx@xxxxxxx.xxx' });
  assert.not.match(JSON.stringify(bad), /s3cret|mira/);
});

test('NUL bytes, a line that is too long and a file that is something else stop nothing', async ({ scene }) => {
  const [one = '', two = '', three = ''] = lines('04/Mar/2024', 3);
  writeFileSync(scene.path, Buffer.concat([Buffer.from(one), Buffer.alloc(100), Buffer.from(two)]));
  scene.write(`${'y'.repeat(3_000_000)}\n`, three);
  const garbage = join(scene.folder.path, 'image.png');
  writeFileSync(garbage, Buffer.from(Array.from({ length: 50_000 }, (_, n) => (n * 7919) % 256)));
  const { bad, lines: count } = await read(garbage, scene.path);
  assert.is(count, 3);
  assert.ok(bad.some(({ reason, where }) => reason === 'a line is longer than 64 KiB' && where === 'access.log'));
});

test('the last line of a finished file counts without its newline; of one that is written it is left', async ({
  scene,
}) => {
  scene.write(...lines('04/Mar/2024', 2));
  const whole = readFileSync(scene.path);
  writeFileSync(scene.path, whole.subarray(0, -1));
  assert.is((await read(scene.path)).lines, 1);
  utimesSync(scene.path, new Date(2024, 2, 4), new Date(2024, 2, 4));
  assert.is((await read(scene.path)).lines, 2);
});

test('a file that is fetched in parts is one download; one that is being fetched is left to the daemon', async ({
  scene,
}) => {
  const part = (at: Date): string => {
    const time = `${String(at.getUTCDate()).padStart(2, '0')}/${at.toUTCString().slice(8, 11)}/${at.getUTCFullYear()}:${at.toISOString().slice(11, 19)} +0000`;
    return line(1, { time, request: `GET /files/${id}/blob HTTP/1.1` }).replace('" 200 12', '" 206 12');
  };
  scene.write(part(new Date(2024, 2, 4)), part(new Date(2024, 2, 4)), part(new Date()));
  const { events } = await read(scene.path);
  assert.equal(
    events.map(({ text }) => [JSON.parse(text).bytes, JSON.parse(text).parts]),
    [[24, 2]],
  );
});

test('an archive that was cut off is said to be, and what stands before that has the same ids', async ({ scene }) => {
  scene.write(...lines('04/Mar/2024', 600).map((text, n) => text.replace('/1.1', `/1.1?${Math.sin(n)}`)));
  const whole = await read(scene.path);
  const cut = join(scene.folder.path, 'cut.gz');
  const packed = gzipSync(readFileSync(scene.path));
  writeFileSync(cut, packed.subarray(0, packed.length - 2_000));
  const { events, bad } = await read(cut);
  assert.match(bad[0]?.reason ?? '', 'damaged or was cut off');
  assert.is(bad[0]?.where, 'cut.gz');
  assert.ok(events.length > 50 && events.length < whole.events.length, String(events.length));
  assert.equal(imported(events), imported(whole.events.slice(0, events.length)));
});

test('says of which time it has read all, and what could not be read of it', async () =>
  inFolder(async dir => {
    const write = (name: string, ...text: readonly string[]): string => {
      const path = join(dir, name);
      writeFileSync(path, `${text.join('\n')}\n`);
      utimesSync(path, 1, 1);
      return path;
    };
    const files = [
      write('a', 'torn', ...lines('04/Mar/2024', 100), 'torn', 'torn'),
      write('b', ...lines('06/Mar/2024', 60), 'x'.repeat(70_000)),
    ];
    const at = (day: number, minutes: number): number => Date.UTC(2024, 2, day, 0, minutes);
    const { notes } = await readBeside(nothingRead, ...files);
    assert.equal(notes.spans, [
      { from: at(4, 0), to: at(4, 99) },
      { from: at(6, 0), to: at(6, 59) },
    ]);
    const gaps = notes.gaps.map(({ hour, reason, count }) => [hour, reason, count]);
    assert.equal(gaps, [
      [at(4, 0), 'unread_lines', 1],
      [at(4, 60), 'unread_lines', 2],
      [at(6, 0), 'unread_lines', 1],
    ]);
    assert.equal((await readBeside(nothingRead, ...files)).notes, notes);
    // From here on the daemon has read its log, and noted what it could not read.
    const since = at(4, 30);
    const beside = await readBeside({ since, knows: () => false }, ...files);
    assert.equal(beside.notes.spans, [{ from: at(4, 0), to: since }]);
    assert.equal(
      beside.notes.gaps.filter(({ reason }) => reason === 'unread_lines').map(({ hour }) => hour),
      [at(4, 0)],
    );
    assert.ok(
      beside.notes.gaps.some(({ reason }) => reason === 'late_salt'),
      'a day with other pseudonyms too',
    );
  }));

test.run();
