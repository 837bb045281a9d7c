import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { filesInReport } from '../../../src/context/clowder/files-report.js';

const id = (digit: string) => digit.repeat(24);
const header =
  'type,id,name,owner,owner_id,size_kb,uploaded,views,downloads,last_viewed,last_downloaded,location,parent_datasets,parent_collections,parent_spaces';
const row = (name: string, parents: string, end = '') =>
  `"file","${id('f')}","${name}","Ann Author","${id('a')}",12,2024-01-01T00:00:00.000Z,3,1,,,"uploads/1",${parents}${end}\n`;

test('a row is read from both its ends, whatever its name holds', async () => {
  for (const name of ['a.csv', 'a, b "quoted".csv', '","', `","${id('9')}",7,`, 'Überblick 😀']) {
    const parents = `"${id('d')}, ${id('e')}","","${id('5')}"`;
    for (const [head, end] of [
      [header, ''],
      [`${header},status`, ',"PROCESSED"'],
      [`${header},status`, ',""'],
    ] as const) {
      const [found, ...others] = await filesInReport(`${head}\n${row(name, parents, end)}`);
      assert.is(others.length, 0);
      const [file, { dataset, spaces, collections }] = found!;
      assert.equal([file, dataset, spaces, collections], [id('f'), id('d'), [id('5')], undefined], name);
    }
  }
  const [found] = await filesInReport(`${header}\n${row('a, "b".csv', '"","",""')}`);
  assert.equal([found?.[1].name, found?.[1].owner, found?.[1].dataset], ['a, "b".csv', id('a'), undefined]);
});

test('what is cut off, not a row, or of something else is passed over', async () => {
  assert.equal(await filesInReport(''), []);
  assert.equal(await filesInReport('<html>\n</html>\n'), []);
  assert.equal(await filesInReport(`${header}\n"dataset","${id('d')}","x"\n"file","short"\n"file","${id('f')}"\n`), []);
  assert.equal(await filesInReport(`${header}\n${row('a', '"","",""').trimEnd()}`), []);
});

test('a long report leaves time for everything else', async () => {
  let turns = 0;
  const counting = setInterval(() => {
    turns += 1;
  });
  const files = await filesInReport(`${header}\n${row('a.csv', `"${id('d')}","",""`).repeat(20_000)}`);
  clearInterval(counting);
  assert.is(files.length, 20_000);
  assert.ok(turns >= 10, `only ${turns} turns`);
});

test.run();
