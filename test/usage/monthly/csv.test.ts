import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { monthlyReportAsCsv } from '../../../src/usage/monthly/csv.js';
import { datasetId } from '../scene.js';
import { reportOf, threeMonths } from './scene.js';

/** RFC 4180, to the letter. */
function parsed(text: string): string[][] {
  assert.ok(text.endsWith('\r\n'));
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let at = 0; at < text.length; ) {
    field.lastIndex = at;
    const found = field.exec(text);
    assert.ok(found, `a field at ${at}: ${text.slice(at, at + 40)}`);
    const [all, quoted, plain = '', end] = found!;
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain);
    at += all.length;
    if (end === '\r\n' && at < text.length) rows.push([]);
  }
  return rows;
}

const table = async (): Promise<Record<string, string>[]> => {
  const [head = [], ...rows] = parsed(monthlyReportAsCsv(await reportOf(await threeMonths())));
  for (const row of rows) assert.is(row.length, head.length, row.join());
  return rows.map(row => Object.fromEntries(row.map((value, index) => [head[index]!, value])));
};

test('a row for each line and who it was, all in one table', async () => {
  const rows = await table();
  const of = (section: string) => rows.filter(row => row.section === section);
  assert.equal(
    of('total').map(row => [row.month, row.access_method, row.total_dataset_requests]),
    [
      ['2026-03', 'regular', '7'],
      ['2026-03', 'machine', '1'],
    ],
  );
  assert.equal(
    of('month_before').map(row => [row.month, row.total_dataset_requests]),
    [
      ['2026-02', '1'],
      ['2026-02', '0'],
    ],
  );
  const [corn] = of('dataset');
  assert.equal([corn?.id, corn?.title, corn?.doi], [datasetId(1), 'Corn, "soy" and wheat', '10.5072/CORN']);
  assert.equal(
    of('space')
      .map(row => [row.title, row.datasets])
      .slice(0, 2),
    [
      ['Plants', '2'],
      ['Plants', '2'],
    ],
  );
  assert.equal(
    of('country').map(row => [row.id, row.users, row.total_dataset_requests]),
    [
      ['us', '', '4'],
      ['de', '< 3', ''],
    ],
  );
  assert.equal(
    of('left_out').map(row => [row.id, row.count]),
    [['robot', '1']],
  );
});

test('no cell is a formula', async () => {
  for (const row of await table()) for (const value of Object.values(row)) assert.not.match(value, /^\s*[=+@-]/);
  const text = monthlyReportAsCsv({
    ...(await reportOf(await threeMonths())),
    missing: ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r\n=1'],
  });
  const cells = parsed(text)
    .filter(row => row[1] === 'missing')
    .map(row => row[3]);
  assert.equal(cells, ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "' =1", "' =1"]);
});

test.run();
