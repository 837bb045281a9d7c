import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MonthlyReports } from '../../../src/usage/monthly/monthly-reports.js';
import { rememberingMemory } from '../../helpers/sink-session.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { june, threeMonths } from './scene.js';

async function kept() {
  const scene = await threeMonths();
  await scene.months();
  const folder = temporaryFolder();
  const clock = { now: () => scene.scratch.now } as never;
  const reports = new MonthlyReports({
    usage: scene.usage,
    dataDir: folder.path,
    keyValues: rememberingMemory(),
    clock,
  });
  return { scene, folder, reports, files: join(folder.path, 'reports') };
}

test('the report of a closed month is kept in every format, for the owner alone, and stays', async () => {
  const { scene, folder, reports, files } = await kept();
  await reports.keep(202603);
  assert.not.ok(
    (await reports.list()).some(one => one.kept),
    'an open month is not kept',
  );
  scene.scratch.write('closeUsageMonth', { month: 202603 });
  await reports.keep(202603);
  assert.equal(readdirSync(files).sort(), ['2026-03.csv', '2026-03.html', '2026-03.json']);
  assert.equal([statSync(files).mode & 0o777, statSync(join(files, '2026-03.csv')).mode & 0o777], [0o700, 0o600]);
  assert.equal(
    (await reports.list()).map(({ month, closed, kept }) => [month, closed, kept]),
    [
      [202603, june, true],
      [202602, null, false],
      [202503, null, false],
    ],
  );
  const before = await reports.text(202603, 'json');
  scene.scratch.now += 86_400_000;
  assert.is(await reports.text(202603, 'json'), before);
  assert.is(readFileSync(join(files, '2026-03.json'), 'utf8'), before);
  assert.match((await reports.text(202602, 'csv')) ?? '', '2026-02,total');
  assert.is(await reports.text(202001, 'csv'), undefined);
  folder.remove();
});

test('files that were taken away are made again for whoever asks', async () => {
  const { scene, folder, reports, files } = await kept();
  scene.scratch.write('closeUsageMonth', { month: 202603 });
  await reports.keep(202603);
  rmSync(files, { recursive: true });
  assert.match((await reports.text(202603, 'html')) ?? '', 'March 2026');
  folder.remove();
});

test('a month that was opened again is made anew, and kept again when it is closed again', async () => {
  const { scene, folder, reports } = await kept();
  const closedAt = (time: number | null): void =>
    void scene.scratch.database.run('UPDATE usage_months SET closed = ? WHERE month = 202603', time);
  const createdAt = async () => JSON.parse((await reports.text(202603, 'json')) ?? '').created;
  scene.scratch.write('closeUsageMonth', { month: 202603 });
  await reports.keep(202603);
  scene.scratch.now += 5_000;
  closedAt(null);
  assert.is(await createdAt(), june + 5_000);
  closedAt(june + 5_000);
  assert.not.ok((await reports.list())[0]?.kept);
  await reports.keep(202603);
  scene.scratch.now += 5_000;
  assert.ok((await reports.list())[0]?.kept);
  assert.is(await createdAt(), june + 5_000);
  folder.remove();
});

test.run();
