import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Database } from '../../src/storage/database.js';
import { databaseFile } from '../../src/storage/files.js';
import { migrate } from '../../src/storage/migrate.js';
import { migrationSteps } from '../../src/storage/schema.js';
import { datasetId, download, UsageScene, view } from '../usage/scene.js';
import { inFolder, openStorage, ScratchDatabase } from './scratch.js';

/** How many steps a file had that had usage for the first time. */
const first = migrationSteps.findIndex(step => step.includes('CREATE TABLE usage_accesses')) + 1;
const [april, may] = [Date.UTC(2026, 3, 15, 10), Date.UTC(2026, 4, 15, 10)];

/** March is closed; April is open and was counted, and something has come of May since. */
async function inUse(): Promise<UsageScene> {
  const scene = new UsageScene();
  scene.scratch.now = Date.UTC(2026, 4, 20);
  await scene.take(
    ...clicks('10:00:00', 'march'),
    view('10:00:20', { visitor: 'a' }, 'twice'),
    download('11:00:00', {}, 3),
  );
  await scene.months();
  assert.ok(scene.scratch.write('closeUsageMonth', { month: 202603 }));
  while (scene.scratch.write('trimUsage', { lateBefore: 0, limit: 1_000 }) >= 1_000);
  await scene.take(...clicks(april, 'april'), view(april + 20_000, { visitor: 'a' }), view('12:00:00', {}, 'late'));
  await scene.months();
  await scene.take(...clicks(may, 'may'));
  return scene;
}

/** People and a machine, of two datasets, in parts and from a country; and a robot. */
function clicks(time: string | number, name: string) {
  const of = { resource_id: datasetId(2), resource_name: 'Corn', space_id: 'space-1', url: '/datasets/2' };
  return [
    view(time, { visitor: 'a', country: 'DE' }, `${name}-1`),
    view(time, { ...of, user_id: 'ada', country: 'DE' }, `${name}-2`),
    download(time, { visitor: 'b', country: 'FR' }, 1, `${name}-3`),
    ...[1, 2, 3].map(part => download(time, { visitor: 'c', status: 206 }, 2, `${name}-part-${part}`)),
    download(time, { user_agent: 'curl/8.5.0', visitor: 'd' }, 1, `${name}-4`),
    view(time, { user_agent: 'Googlebot/2.1' }, `${name}-5`),
  ];
}

/** The same rows, as far as a file of that release had places for them. */
function copyUsage(from: Database, to: Database): void {
  const tables = to.rows<[string]>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'usage%'").flat();
  for (const table of tables) {
    const columns = to.rows<[string]>(`SELECT name FROM pragma_table_info('${table}')`).flat();
    const rows = from.rows(`SELECT ${columns.join(', ')} FROM ${table}`);
    to.insert(`INSERT INTO ${table} (${columns.join(', ')})`, columns.length, rows.flat());
  }
}

async function figures(scene: UsageScene): Promise<readonly unknown[]> {
  const all = { from: 0, to: 99_999_999, limit: 100, offset: 0 };
  return [await scene.months(), await scene.leftOut(), await scene.usage.query({ by: 'space', ...all })];
}

const known = await figures(await inUse());

test('there is something to lose', () => {
  const [months, leftOut] = known as readonly [readonly string[], Record<string, number>];
  assert.equal([...new Set(months.map(line => line.slice(0, 6)))], ['202603', '202604', '202605']);
  assert.equal(leftOut, { double_click: 2, robot: 3, late: 1 });
});

for (let steps = first; steps < migrationSteps.length; steps += 1)
  test(`usage of a file with schema ${steps} has the same figures with that of today`, async () => {
    const scratch = new ScratchDatabase(migrationSteps.slice(0, steps));
    copyUsage((await inUse()).scratch.database, scratch.database);
    migrate(scratch.database);
    scratch.now = Date.UTC(2026, 4, 20);
    const scene = new UsageScene({}, scratch);
    assert.equal(await figures(scene), known);
    assert.equal(
      (await scene.usage.months()).map(({ month, closed }) => [month, closed !== null]),
      [
        [202603, true],
        [202604, false],
        [202605, false],
      ],
    );
    const again = clicks(april, 'april');
    assert.is(await scene.take(...again), again.length, 'each is known');
    assert.equal(await figures(scene), known);

    // And it goes on: a month that closes has what it had.
    assert.ok(scratch.write('closeUsageMonth', { month: 202604 }));
    assert.equal(await figures(scene), known);
    await scene.take(view(may + 3_600_000, { visitor: 'new' }));
    assert.not.equal(await figures(scene), known);
    const sources = new Map((await scene.usage.months()).map(one => [one.month, one.sources]));
    assert.equal(sources.get(202604), ['nginx'], 'what it was counted from is found out');
  });

test('a file of the first schema that had usage, as the daemon opens it', () =>
  inFolder(async dir => {
    const old = new Database(databaseFile(dir));
    migrate(old, migrationSteps.slice(0, first));
    copyUsage((await inUse()).scratch.database, old);
    old.close();
    const storage = await openStorage(dir);
    try {
      for (const day of await storage.read('changedUsageDays'))
        await storage.write('keepUsageDay', await storage.read('countUsageDay', { day }));
      const all = { from: 0, to: 99_999_999, limit: 100, offset: 0 };
      assert.equal(await storage.read('usage', { by: 'space', ...all }), known[2]);
      assert.equal(
        (await storage.read('usageMonths')).map(({ month }) => month),
        [202603, 202604, 202605],
      );
    } finally {
      await storage.close();
    }
  }));

test.run();
