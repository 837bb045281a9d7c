import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { csvLine, tsvLine } from '../../src/printed/cell.js';

/** As a spreadsheet reads a line: a cell that begins with a quote ends at the next single one. */
function read(line: string, separator: string): string[] {
  const cells: string[] = [];
  for (let at = 0; at <= line.length; at += 1) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(line.slice(at));
    const whole = quoted?.[0] ?? line.slice(at).split(separator, 1).join();
    cells.push(quoted === null ? whole : quoted[1]!.replaceAll('""', '"'));
    at += whole.length;
    assert.ok(at === line.length || line[at] === separator, `a separator after ${whole} in ${line}`);
  }
  return cells;
}

const forms = [
  [csvLine, ','],
  [tsvLine, '\t'],
] as const;

for (const [lineOf, separator] of forms) {
  test(`${lineOf.name}: what was written is read, quotes and separators included`, () => {
    for (const text of ['Corn', 'Corn, soy', 'the "corn" of 2023', '"Corn" of 2023', '"', 'an inch: 1"', "'", ''])
      assert.equal(read(lineOf([text, 7, null, 'next']), separator), [text, '7', '', 'next']);
  });

  test(`${lineOf.name}: no cell is a formula, with quotes, white space or what cannot be seen before it`, () => {
    const formula = 'HYPERLINK("http://x.example","Corn")';
    for (const start of ['=', '+', '-', '@', '＝', '＋', '－', '＠'])
      for (const before of ['', ' ', '"', '" "', '\u00a0', '\u200b', '\ufeff', '\0', '\t"\r\n']) {
        const [cell, next] = read(lineOf([`${before}${start}${formula}"`, 'next']), separator);
        assert.match(cell!, /^'/, JSON.stringify(before + start));
        assert.is(next, 'next');
      }
  });

  test(`${lineOf.name}: an unbalanced quote takes no other cell and no other line`, () => {
    assert.equal(read(lineOf(['"Corn', 'next']), separator), ['"Corn', 'next']);
  });

  test(`${lineOf.name}: one line, without control characters`, () => {
    assert.equal(read(lineOf(['a\r\nb\tc\u001b[2J\u2028d\u0085e', 'next']), separator), ['a b c [2J d e', 'next']);
  });
}

test.run();
