import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/events/event.js';
import { archivePeople, archiveSink } from '../../../src/sinks/archive.js';
import { sinkTools, someEvents } from '../../helpers/sink-session.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { thrown } from '../../helpers/thrown.js';
import { linesOf } from './archived.js';

const never = new AbortController().signal;

/** Everybody with this id: as a user, or as an author. */
const ann = {
  judge(event: Event): 'theirs' | Event {
    if (event.fields.user_id === 'ann') return 'theirs';
    if (event.fields.author_id !== 'ann') return event;
    const { author_id: _ann, ...fields } = event.fields;
    const { body: _body, ...rest } = event;
    return { ...rest, fields };
  },
};

test('what a session has written of a person is listed, and erased from sealed and open days', async () => {
  const folder = temporaryFolder();
  const config = { place: { folder: folder.path }, sealMs: 0 };
  const tools = sinkTools({ name: 'archive' });
  const whose = ['ann', 'bob', 'eve'];
  const events = someEvents(300, index => ({
    created: Date.UTC(2026, 2, 15 + (index % 3), 12, 0, index % 60),
    user_id: whose[index % 3] === 'ann' ? 'ann' : 'somebody',
    author_id: index % 10 === 1 ? 'ann' : 'carl',
  }));
  try {
    const session = await archiveSink.open(config, tools);
    await session.write(events, never);
    await session.close();

    const found: string[] = [];
    for await (const one of archivePeople.export(config, ann, tools, never)) found.push(JSON.stringify(one));
    const expected = events.filter(event => ann.judge(event) !== event);
    assert.is(found.length, expected.length);
    assert.ok(found.every(one => one.includes('"ann"') && one.includes('days/2026-03-')));

    const theirs = expected.filter(event => ann.judge(event) === 'theirs');
    const done = await archivePeople.erase(config, ann, tools, never);
    assert.equal(done, { erased: theirs.length, changed: expected.length - theirs.length, steps: [] });
    const left = await linesOf(config);
    assert.is(left.length, 300 - theirs.length);
    assert.ok(left.every(line => !line.includes('"ann"')));
    assert.equal(
      left.filter(line => line.includes('"carl"')).length,
      events.filter(({ fields }) => fields.author_id === 'carl' && fields.user_id !== 'ann').length,
    );
    for (const name of readdirSync(join(folder.path, 'manifests')))
      assert.not.match(readFileSync(join(folder.path, 'manifests', name), 'utf8'), /ann"|event-\d/);
    assert.equal(await archivePeople.erase(config, ann, tools, never), { erased: 0, changed: 0, steps: [] });
  } finally {
    folder.remove();
  }
});

test('a search ends with whoever asked, and beside a file that leads nowhere', async () => {
  const folder = temporaryFolder();
  const config = { place: { folder: folder.path }, sealMs: 0 };
  const tools = sinkTools({ name: 'archive' });
  const events = someEvents(2, index => ({ created: Date.UTC(2026, 2, 15 + index, 12), user_id: 'ann' }));
  try {
    const session = await archiveSink.open(config, tools);
    await session.write(events, never);
    await session.close();
    const name = '20260315T101530123Z-0123456789abcdef-10.part.ndjson.gz';
    symlinkSync('nowhere', join(folder.path, 'days/2026-03-15', name));

    const found: unknown[] = [];
    for await (const one of archivePeople.export(config, ann, tools, never)) found.push(one);
    assert.is(found.length, 2);

    const gone = new AbortController();
    const search = archivePeople.export(config, ann, tools, gone.signal)[Symbol.asyncIterator]();
    await search.next();
    gone.abort();
    assert.is((await thrown(search.next())).name, 'AbortError');
  } finally {
    folder.remove();
  }
});

test('an erasure ends beside whatever is no file, and takes a file that was moved and linked with what it leads to', async () => {
  const folder = temporaryFolder();
  const elsewhere = temporaryFolder();
  const config = { place: { folder: folder.path }, sealMs: 0 };
  const tools = sinkTools({ name: 'archive' });
  const events = someEvents(2, index => ({ created: Date.UTC(2026, 2, 15 + index, 12), user_id: 'ann' }));
  const day = (number: number): string => join(folder.path, `days/2026-03-${number}`);
  const name = (hash: string): string => `20260315T101530123Z-${hash.repeat(16)}-10.part.ndjson.gz`;
  try {
    const session = await archiveSink.open(config, tools);
    await session.write(events, never);
    await session.close();
    symlinkSync('nowhere', join(day(15), name('0')));
    symlinkSync(name('1'), join(day(15), name('1')));
    symlinkSync(folder.path, join(day(15), name('2')));
    mkdirSync(join(day(15), name('3')));
    assert.is(spawnSync('mkfifo', [join(day(15), name('4'))]).status, 0);
    const [moved = ''] = readdirSync(day(16));
    renameSync(join(day(16), moved), join(elsewhere.path, moved));
    symlinkSync(join(elsewhere.path, moved), join(day(16), moved));

    const done = await archivePeople.erase(config, ann, tools, never);
    assert.equal(done, { erased: 2, changed: 0, steps: [] });
    assert.equal(await linesOf(config), []);
    assert.equal([readdirSync(day(16)), readdirSync(elsewhere.path)], [[], []]);
  } finally {
    folder.remove();
    elsewhere.remove();
  }
});

test.run();
