import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../helpers/temporary.js';

interface Package {
  readonly name: string;
  readonly shownBy: readonly (string | (() => boolean))[];
}

type Missing = (candidates: readonly Package[], path: string) => Package[];

const script = new URL('../../../scripts/setup-servers.mjs', import.meta.url).href;
const { missingPackages } = (await import(script)) as { missingPackages: Missing };

test('a package is there when any of its programs can be run, or its check says so', () => {
  const folder = temporaryFolder();
  const program = (name: string, mode: number): string => {
    const path = join(folder.path, name);
    writeFileSync(path, '');
    chmodSync(path, mode);
    return path;
  };
  program('served', 0o755);
  program('not-executable', 0o644);
  const missing = missingPackages(
    [
      { name: 'by-name', shownBy: ['absent', 'served'] },
      { name: 'by-path', shownBy: [program('elsewhere', 0o755)] },
      { name: 'by-check', shownBy: [() => true] },
      { name: 'absent', shownBy: ['absent', '/nowhere/absent', () => false] },
      { name: 'not-executable', shownBy: ['not-executable'] },
    ],
    `/nowhere::${folder.path}`,
  );
  assert.equal(
    missing.map(({ name }) => name),
    ['absent', 'not-executable'],
  );
  folder.remove();
});

test.run();
