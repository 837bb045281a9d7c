import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packFile, readFileName } from '../../../src/sinks/archive/files.js';
import { FolderStore } from '../../../src/sinks/archive/folder.js';
import type { Manifest } from '../../../src/sinks/archive/manifest.js';
import { eraseFromArchive, rewriteDay } from '../../../src/sinks/archive/rewrite.js';
import type { ArchiveStore } from '../../../src/sinks/archive/store.js';
import { verifyArchive } from '../../../src/sinks/archive/verify.js';
import { type TemporaryFolder, temporaryFolder } from '../../helpers/temporary.js';
import { thrown } from '../../helpers/thrown.js';
import { idsOf, linesOf, noon } from './archived.js';

const day = '2026-03-15';
const rewriting = suite<{ folder: TemporaryFolder; store: FolderStore }>('archive: sealing and erasing');
let time = noon;
const now = () => time++;

rewriting.before.each(context => {
  context.folder = temporaryFolder();
  context.store = new FolderStore(context.folder.path);
});

rewriting.after.each(({ folder }) => folder.remove());

const line = (id: string, more: object = {}) => JSON.stringify({ id, created: noon, category: 'download', ...more });

async function part(store: ArchiveStore, ...lines: string[]): Promise<string> {
  const { name, bytes } = await packFile(day, lines, now(), true);
  await store.put(name, bytes);
  return name;
}

/** As nobody does who puts a file there. */
function overwrite({ place }: ArchiveStore, name: string, bytes: Buffer): void {
  writeFileSync(join(place, name), bytes);
}

const filesOf = ({ place }: ArchiveStore) => readdirSync(join(place, 'days', day));
const ids = async ({ place }: ArchiveStore) => (await idsOf({ place: { folder: place } })).sort();

async function flaws(store: ArchiveStore): Promise<string[]> {
  const found: string[] = [];
  for await (const verified of verifyArchive(store))
    for (const { file, flaw } of verified.flaws) found.push(`${file}: ${flaw}`);
  return found;
}

rewriting('parts become one file, each event once, and the manifest says what it is', async ({ store }) => {
  await part(store, line('a'), line('b'));
  await part(store, line('b'), line('c'));
  const counts = { accepted: 3, delivered: 3, duplicates: 1, filtered: 0, too_old: 0, erased: 0, dead: 0 };
  const manifest = (await rewriteDay(day, { store, now, counted: async () => counts }))!;
  assert.is(manifest.events, 3);
  assert.is(manifest.added, 3);
  assert.is(manifest.files.length, 1);
  assert.equal(manifest.ledger, counts);
  assert.is(manifest.previous, null);
  assert.is(filesOf(store).length, 1);
  assert.equal(await ids(store), ['a', 'b', 'c']);
  assert.equal(await flaws(store), []);
});

rewriting('what comes late is sealed beside the sealed files, in a manifest that follows', async ({ store }) => {
  await part(store, line('a'));
  const first = (await rewriteDay(day, { store, now }))!;
  await part(store, line('a'), line('b'));
  const second = (await rewriteDay(day, { store, now }))!;
  assert.is(second.number, 2);
  assert.is(second.supersedes, 1);
  assert.is(second.previous?.number, 1);
  assert.is(second.added, 1);
  assert.equal(second.files[0], first.files[0]);
  assert.equal(await ids(store), ['a', 'b']);
  assert.equal(await flaws(store), []);
  assert.is(await rewriteDay(day, { store, now }), undefined);
});

rewriting('a part that is sealed between the list and the read is looked for once more', async ({ store }) => {
  await part(store, line('a'), line('b'));
  let isSealed = false;
  const read: ArchiveStore['read'] = async name => {
    if (!isSealed) {
      isSealed = true;
      await rewriteDay(day, { store, now });
    }
    return store.read(name);
  };
  const overtaken: ArchiveStore = new Proxy(store, {
    get: (target, key) => {
      const value: unknown = key === 'read' ? read : Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const change = (text: string) => (text.includes('"a"') ? undefined : text);
  const { removed, damaged } = await eraseFromArchive(change, { store: overtaken, now });
  assert.equal([removed, damaged], [1, []]);
  assert.equal(await ids(store), ['b']);
  assert.equal(await flaws(store), []);
});

rewriting('a crash at any step of a seal loses nothing, and the next one finishes it', async ({ folder }) => {
  let steps = 0;
  for (let over = false; !over; steps += 1) {
    const store = new FolderStore(join(folder.path, String(steps)));
    await part(store, line('a'), line('b'));
    await rewriteDay(day, { store, now });
    await part(store, line('c'));
    await part(store, line('d'));
    over = (await sealUntil(store, steps)) === 'whole';
    assert.equal([...new Set(await ids(store))], ['a', 'b', 'c', 'd'], `after ${steps} steps`);
    assert.equal(await flaws(store), [], `after ${steps} steps`);
    await rewriteDay(day, { store, now });
    assert.equal(await ids(store), ['a', 'b', 'c', 'd']);
    assert.equal(await flaws(store), []);
    assert.is((await store.list('manifests/')).length, 2);
  }
  assert.is(steps, 5, 'a file, a manifest, two parts that went, and nothing more');
});

rewriting(
  'of a part that was cut off its whole lines stay, and one that still grows is left alone',
  async ({ store }) => {
    const lines = Array.from({ length: 500 }, (_, number) => line(`event-${number}`, { n: number ** 5 }));
    const { name, bytes } = await packFile(day, lines, now(), true);
    await store.put(name, bytes.subarray(0, bytes.length >> 1));
    await part(store, line('a'), line('event-0'));
    const cut: (readonly [string, number])[] = [];
    let reads = 0;
    const growing: ArchiveStore = {
      ...storeOf(store),
      read: async file => {
        // By the second look, everything has come.
        if (file === name && ++reads === 2) overwrite(store, name, bytes);
        return store.read(file);
      },
    };
    const onCut = (file: string, events: number) => void cut.push([file, events]);
    await rewriteDay(day, { store: growing, now, onCut });
    assert.equal(
      cut.map(([file]) => file),
      [name],
    );
    const [[, saved] = ['', 0]] = cut;
    assert.ok(saved > 10 && saved < 499, `${saved} lines were whole`);
    assert.ok(filesOf(store).includes(name.split('/').at(-1)!), 'it is still there');
    await rewriteDay(day, { store, now, onCut });
    assert.equal(await ids(store), ['a', ...lines.map(text => JSON.parse(text).id)].sort());

    const other = await packFile(day, [line('torn')], now(), true);
    await store.put(other.name, other.bytes.subarray(0, 5));
    await rewriteDay(day, { store, now, onCut });
    assert.ok(!filesOf(store).includes(other.name.split('/').at(-1)!), 'it has gone');
    assert.equal(await flaws(store), []);
  },
);

rewriting('nothing is sealed over a file that was changed', async ({ store }) => {
  await part(store, line('a'));
  const { files } = (await rewriteDay(day, { store, now }))!;
  overwrite(store, files[0]!.name, Buffer.from('something else'));
  await part(store, line('b'));
  const error = await thrown(rewriteDay(day, { store, now }));
  assert.match(error.message, files[0]!.name);
  assert.is((await flaws(store)).length, 1);
});

rewriting('two at once: both finish, and the chain is one', async ({ store }) => {
  await part(store, line('a'));
  const both = await Promise.all([
    rewriteDay(day, { store, now }),
    rewriteDay(day, { store, now }, text => (text.includes('"a"') ? undefined : text)),
  ]).catch((error: Error) => error);
  // The one that lost the race may find that a file which it wanted to read has gone.
  if (both instanceof Error) assert.match(both.message, 'is missing');
  await rewriteDay(day, { store, now }, text => (text.includes('"a"') ? undefined : text));
  assert.equal(await ids(store), []);
  assert.equal(await flaws(store), []);
});

rewriting(
  'two seal the same lines in the same moment: whoever loses takes nothing from the other',
  async ({ store }) => {
    await part(store, line('a'));
    const same = { store, now: () => noon };
    await Promise.allSettled([rewriteDay(day, same), rewriteDay(day, same)]);
    assert.equal(await ids(store), ['a']);
    assert.equal(await flaws(store), []);
    const lines = [line('a')];
    const files = await Promise.all([packFile(day, lines, noon, false), packFile(day, lines, noon, false)]);
    for (const { name } of files) assert.is(readFileName(name)?.day, day);
    assert.is.not(files[0].name, files[1].name);
  },
);

rewriting('an erasure leaves nothing but its count, and what it does not concern as it was', async ({ store }) => {
  await part(store, line('a', { user_id: 'ann' }), line('b', { user_id: 'bob' }));
  const before = (await rewriteDay(day, { store, now }))!;
  await part(store, line('c', { user_id: 'bob', author_id: 'ann' }));
  const others = await otherDay(store);
  const erased = await eraseFromArchive(withoutAnn, { store, now });
  assert.equal(erased, { removed: 1, changed: 1, days: [day], damaged: [] });
  assert.equal(await ids(store), ['b', 'c', 'other']);
  assert.equal(await flaws(store), []);
  const held = await everything(store);
  assert.not.match(held, '"ann"');
  const { erasures, events } = JSON.parse((await store.read('manifests/000002-2026-03-15-erased.json'))!.toString());
  assert.is(events, 2);
  assert.equal(
    erasures.map(({ removed, changed }: Manifest['erasures'][number]) => [removed, changed]),
    [[1, 1]],
  );
  assert.ok(erasures[0].replaced.includes(before.files[0]!.name));
  assert.ok(filesOf(store).every(name => !name.includes('.part.')));
  assert.equal(
    (await store.list('days/2026-03-16/')).map(({ name }) => name),
    [others],
    'the other day is untouched',
  );
  assert.is((await eraseFromArchive(withoutAnn, { store, now })).days.length, 0);
});

rewriting(
  'an erasure that is cut off at any step is finished by the next, and nobody comes back',
  async ({ folder }) => {
    let steps = 0;
    for (let over = false; !over; steps += 1) {
      const store = new FolderStore(join(folder.path, String(steps)));
      await part(store, line('a', { user_id: 'ann' }), line('b'));
      await rewriteDay(day, { store, now });
      await part(store, line('c', { user_id: 'ann' }));
      over = (await sealUntil(store, steps, withoutAnn)) === 'whole';
      assert.ok((await ids(store)).includes('b'), `after ${steps} steps`);
      // An ordinary seal does not take what an erasure had replaced.
      await rewriteDay(day, { store, now });
      await eraseFromArchive(withoutAnn, { store, now });
      assert.equal(await ids(store), ['b']);
      assert.not.match(await everything(store), '"ann"');
      assert.equal(await flaws(store), []);
    }
    assert.is(steps, 5, 'a file, a manifest, a file and a part that went, and nothing more');
  },
);

rewriting('of a damaged day nothing is erased, and it is said', async ({ store }) => {
  await part(store, line('a', { user_id: 'ann' }));
  const { files } = (await rewriteDay(day, { store, now }))!;
  overwrite(store, files[0]!.name, Buffer.from('something else'));
  const { damaged, removed } = await eraseFromArchive(withoutAnn, { store, now });
  assert.is(removed, 0);
  assert.equal(
    damaged.map(one => one.day),
    [day],
  );
});

function withoutAnn(text: string): string | undefined {
  if (text.includes('"user_id":"ann"')) return undefined;
  return text.replace('"author_id":"ann"', '"author_id":"erased"');
}

async function otherDay(store: ArchiveStore): Promise<string> {
  const { name, bytes } = await packFile('2026-03-16', [line('other')], now(), true);
  await store.put(name, bytes);
  return name;
}

function storeOf(store: ArchiveStore): ArchiveStore {
  return {
    place: store.place,
    list: prefix => store.list(prefix),
    read: name => store.read(name),
    probe: signal => store.probe(signal),
    put: (name, bytes) => store.put(name, bytes),
    create: (name, bytes) => store.create(name, bytes),
    remove: name => store.remove(name),
  };
}

/** All texts that the archive holds, unpacked. */
async function everything(store: FolderStore): Promise<string> {
  return (await linesOf({ place: { folder: store.place } })).join('\n');
}

/** The process dies after this many changes of the store. */
async function sealUntil(store: ArchiveStore, survives: number, change?: (text: string) => string | undefined) {
  let left = survives;
  const step = <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (left-- <= 0) return Promise.reject(new Error('it died'));
    return work();
  };
  const dying: ArchiveStore = {
    ...storeOf(store),
    put: (name, bytes) => step(() => store.put(name, bytes)),
    create: (name, bytes) => step(() => store.create(name, bytes)),
    remove: name => step(() => store.remove(name)),
  };
  try {
    await rewriteDay(day, { store: dying, now }, change);
    return 'whole';
  } catch (error) {
    assert.is((error as Error).message, 'it died');
    return 'cut off';
  }
}

rewriting.run();
