import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FolderStore } from '../../../src/sinks/archive/folder.js';
import type { Manifest } from '../../../src/sinks/archive/manifest.js';
import { rewriteDay } from '../../../src/sinks/archive/rewrite.js';
import { verifyArchive } from '../../../src/sinks/archive/verify.js';
import { type TemporaryFolder, temporaryFolder } from '../../helpers/temporary.js';
import { archiveLines } from './archived.js';

const verifying = suite<{ folder: TemporaryFolder; store: FolderStore; files: string[] }>('archive verify');
const days = ['2026-03-15', '2026-03-16', '2026-03-17'] as const;

/** Three sealed days, the first of them with two files and two manifests. */
verifying.before.each(async context => {
  context.folder = temporaryFolder();
  context.store = new FolderStore(context.folder.path);
  const now = () => Date.now();
  for (const day of [...days, days[0]]) {
    await archiveLines(context.folder.path, day, [`{"id":"${day}-${Math.random()}","category":"x"}`]);
    await rewriteDay(day, { store: context.store, now });
  }
  context.files = (await context.store.list('days/')).map(({ name }) => name);
});

verifying.after.each(({ folder }) => folder.remove());

async function flaws(store: FolderStore, range = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const { day, flaws } of verifyArchive(store, range))
    for (const flaw of flaws) found.push(`${day} ${flaw.file}: ${flaw.flaw}`);
  return found;
}

verifying('what the daemon wrote is right', async ({ store, files }) => {
  assert.is(files.length, 4);
  assert.equal(await flaws(store), []);
});

verifying('every single changed byte of a file is found, with its day and file', async ({ store, folder, files }) => {
  const path = join(folder.path, files[2]!);
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = bytes[at]! ^ 1;
    writeFileSync(path, changed);
    assert.equal(
      await flaws(store),
      [`${days[1]} ${files[2]}: its bytes are not those that were sealed`],
      `byte ${at}`,
    );
  }
});

verifying('a missing file, one too many, and one that was cut off', async ({ store, folder, files }) => {
  rmSync(join(folder.path, files[0]!));
  writeFileSync(join(folder.path, 'days', days[1], 'notes.txt'), 'x');
  const copy = files[3]!.replace(/\d{3}Z/, '999Z').replace(days[2], days[1]);
  writeFileSync(join(folder.path, copy), readFileSync(join(folder.path, files[3]!)));
  const part = await archiveLines(folder.path, days[2], ['{"id":"late","category":"x"}']);
  assert.equal((await flaws(store)).length, 3, 'a part that waits is right');
  writeFileSync(join(folder.path, part), readFileSync(join(folder.path, part)).subarray(0, 20));
  const found = await flaws(store);
  assert.is(found.length, 4);
  assert.ok(found.includes(`${days[0]} ${files[0]}: it is missing`));
  assert.ok(found.includes(`${days[1]} ${copy}: no manifest names it`));
  assert.ok(found.includes(`${days[1]} days/${days[1]}/notes.txt: it is not a file of the archive`));
  assert.ok(found.some(flaw => flaw.startsWith(`${days[2]} ${part}: it was cut off while it was written: 20 of `)));
});

const manifestOf = (folder: TemporaryFolder, number: number, day: string) =>
  join(folder.path, 'manifests', `00000${number}-${day}.json`);

verifying('a manifest that was changed, taken out or not written by us', async ({ store, folder }) => {
  const path = manifestOf(folder, 2, days[1]);
  const manifest = readFileSync(path, 'utf8');
  writeFileSync(path, manifest.replace('"events": 1', '"events": 2'));
  const changed = await flaws(store);
  assert.ok(
    changed.some(flaw => flaw.includes('is not the one that it was chained to')),
    changed.join(),
  );
  rmSync(path);
  const gone = await flaws(store);
  assert.ok(
    gone.some(flaw => flaw.includes('the manifest before it is missing: number 2')),
    gone.join(),
  );
  assert.ok(
    gone.some(flaw => flaw.includes(`${days[1]} days/${days[1]}/`)),
    gone.join(),
  );
  writeFileSync(path, '{}');
  assert.ok((await flaws(store)).some(flaw => flaw.endsWith('000002-2026-03-16.json: is not a manifest')));
});

verifying('a day that was rewritten with its manifest, but without an erasure', async ({ store, folder }) => {
  const path = manifestOf(folder, 4, days[0]);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const [dropped, ...files] = manifest.files;
  rmSync(join(folder.path, dropped!.name));
  writeFileSync(path, JSON.stringify({ ...manifest, files, events: 1 }));
  const found = await flaws(store);
  assert.ok(
    found.some(flaw => flaw.includes('is left out without an erasure')),
    found.join(),
  );
  assert.ok(
    found.some(flaw => flaw.includes('1 events, 1 more and 0 erased are not 1')),
    found.join(),
  );
});

verifying('days outside of the range are not read, their manifests are', async ({ store, folder, files }) => {
  writeFileSync(join(folder.path, files[3]!), 'x');
  assert.equal(await flaws(store, { until: days[1] }), []);
  assert.is((await flaws(store, { from: days[2] })).length, 1);
  rmSync(manifestOf(folder, 3, days[2]));
  assert.ok((await flaws(store, { until: days[0] })).length > 0);
});

verifying.run();
