import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { datasetId, download, fileId, UsageScene, view } from '../usage/scene.js';

const dayMs = 86_400_000;
const march = Date.UTC(2026, 2, 15);

const itemsOf = (scene: UsageScene): string[] =>
  scene.scratch.database.rows<[string]>('SELECT item FROM usage_items ORDER BY item').map(([item]) => item);

test('what nobody counts is forgotten a while after it was said last; datasets that count and spaces stay', async () => {
  const scene = new UsageScene();
  scene.scratch.now = march;
  const robot = { user_agent: 'Googlebot/2.1' };
  await scene.take(
    view(march, { space_id: 'space 1', space_name: 'Prairies' }),
    download(march, { dataset_id: undefined }, 7),
    view(march, { ...robot, resource_id: datasetId(2), url: `/datasets/${datasetId(2)}` }),
  );
  const all = [datasetId(1), datasetId(2), fileId(7), 'space 1'].sort();
  await scene.usage.closeMonths();
  assert.equal(itemsOf(scene), all);
  scene.scratch.now = march + 31 * dayMs;
  await scene.usage.closeMonths();
  assert.equal(itemsOf(scene), all, 'what was said on that day may be about to count');
  scene.scratch.now += 1;
  await scene.usage.closeMonths();
  assert.equal(
    itemsOf(scene),
    all.filter(item => item !== datasetId(2)),
  );
  const rows = await scene.usage.query({ by: 'space', from: 0, to: 99_999_999, limit: 10, offset: 0 });
  assert.match(rows.find(({ key }) => key === 'space 1')?.facts ?? '', 'Prairies');
});

test('they are looked at a stretch at a time, and then from the start again', () => {
  const { scratch } = new UsageScene();
  const items = Array.from({ length: 5 }, (_, n) => [`item ${n}`, n === 3 ? 100 : 0, '{"type":"file"}']).flat();
  scratch.write('foldUsage', { accesses: [], items });
  const left = (): number => scratch.database.value<number>('SELECT count(*) FROM usage_items') ?? -1;
  const trim = (after: string): string | undefined => scratch.write('trimUsageItems', { after, before: 100, limit: 2 });
  assert.equal([trim(''), left()], ['item 1', 3]);
  assert.equal([trim('item 1'), left()], ['item 3', 2]);
  assert.equal([trim('item 3'), left()], [undefined, 1]);
  assert.equal([trim(''), left()], [undefined, 1], 'what was said lately stays');
});

test('of more items in a day than are counted each for itself, the most used stay and the rest are one', async () => {
  const scene = new UsageScene();
  const times = [1, 3, 2, 2, 1];
  await scene.take(
    ...times.flatMap((count, n) =>
      Array.from({ length: count }, (_, hour) =>
        view(march + hour * 3_600_000, { resource_id: datasetId(n), url: `/datasets/${datasetId(n)}`, country: 'de' }),
      ),
    ),
  );
  const rowsOf = (maxItems: number): string[] => {
    const { counts } = scene.scratch.read('countUsageDay', { day: 20260315, maxItems });
    const rows = Array.from({ length: counts.length / 12 }, (_, n) => counts.slice(n * 12, n * 12 + 12));
    return rows.map(row => `${row[1] || 'unknown'} ${row[3] || 'all'} ${row[4]} ${row[6]} ${row[10]}`).sort();
  };
  const all = (id: string, count: number): string[] =>
    ['all', 'de'].map(country => `${id} ${country} ${count} ${count} 1`);
  assert.equal(rowsOf(5), times.flatMap((count, n) => all(datasetId(n), count)).sort());
  assert.equal(rowsOf(2), [...all(datasetId(1), 3), ...all(datasetId(2), 2), ...all('unknown', 4)].sort());
});

test.run();
