import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const text = readFileSync('docs/threat-model.md', 'utf8');
const head = '| who | threat | what stops it | code | shown by |';

/** The rows under that head, each as its cells. */
function threats(): string[][] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    if (line !== head) return [];
    const end = lines.findIndex((next, index) => index > at && !next.startsWith('|'));
    return lines.slice(at + 2, end).map(row =>
      row
        .slice(1, -1)
        .split('|')
        .map(cell => cell.trim()),
    );
  });
}

const pathsIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);

test('each threat says who, what, what stops it, where, and which tests show it', () => {
  const rows = threats();
  assert.ok(rows.length > 25, `only ${rows.length} rows`);
  for (const cells of rows) {
    assert.is(cells.length, 5, cells[1]);
    for (const cell of cells) assert.ok(cell.length > 3, `an empty cell: ${cells[1]}`);
  }
});

test('each test that is named is there, and is run with the others', () => {
  for (const [, threat, , , shown = ''] of threats()) {
    const paths = pathsIn(shown);
    assert.ok(paths.length > 0, `no test: ${threat}`);
    for (const path of paths) {
      assert.match(path, /^test\/[\w./-]+\.test\.ts$/, threat);
      assert.ok(existsSync(path), `${path}: ${threat}`);
    }
  }
});

test('each file of code that is named is there', () => {
  for (const [, threat, , code = ''] of threats()) {
    const paths = pathsIn(code);
    assert.ok(paths.length > 0, `no code: ${threat}`);
    for (const path of paths) assert.ok(existsSync(path), `${path}: ${threat}`);
  }
});

test('what stops a threat beside the tables is shown by a test that is there', () => {
  const named = [...text.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path = '']) => path);
  assert.ok(named.length > 40);
  for (const path of named) assert.ok(existsSync(path), path);
});

test.run();
