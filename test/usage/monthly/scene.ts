import type { MonthlyReport } from '../../../src/usage/monthly/report.js';
import { monthlyReport } from '../../../src/usage/monthly/report.js';
import { datasetId, download, UsageScene, view } from '../scene.js';

export const march = Date.UTC(2026, 2, 10);
export const june = Date.UTC(2026, 5, 15);
const february = Date.UTC(2026, 1, 10);
const lastMarch = Date.UTC(2025, 2, 10);

export const monthlyConfig = {
  platform: 'Example Archive',
  publisher: 'Example University',
  publisherId: 'grid:grid.9999.9',
  clowderUrl: 'https://clowder.example.org',
};

/** A title that a page must not take for markup, nor a spreadsheet for a formula. */
export const hostile = `=HYPERLINK("http://x","<script>alert(1)</script>&'")`;

/** Three months of three datasets in two spaces, of two owners. */
export async function threeMonths(now = june): Promise<UsageScene> {
  const scene = new UsageScene(monthlyConfig);
  scene.scratch.now = now;
  const corn = {
    resource_name: 'Corn, "soy"\nand wheat',
    doi: '10.5072/CORN',
    author_id: 'owner-1',
    author_name: 'Ada Example',
    space_id: 'space-1',
    space_name: 'Plants',
  };
  const other = (n: number) => ({ resource_id: datasetId(n), url: `/datasets/${n}` });
  await scene.take(
    view(march, corn),
    ...[1, 2, 3, 4].map(n => download(march + n * 3_600_000, { country: 'us', visitor: `v${n}` }, n)),
    ...[1, 2].map(n => download(march + n * 60_000, { country: 'de', visitor: `w${n}` }, n)),
    download(march, { user_agent: 'curl/8.5.0' }, 5),
    view(march, { ...other(2), resource_name: hostile, author_id: 'owner-2', space_id: 'space-1' }),
    view(march, { ...other(3), author_id: 'owner-1', space_id: 'space-2', space_name: 'Soils' }),
    view(march, { user_agent: 'Googlebot/2.1' }),
    download(march, { dataset_id: undefined, resource_id: undefined, type: undefined, url: '/files/links/x' }),
    download(february, { visitor: 'v1' }),
    download(lastMarch, { visitor: 'v1' }),
    download(lastMarch + 3_600_000, { visitor: 'v2' }),
  );
  return scene;
}

export async function reportOf(scene: UsageScene, month = 202603): Promise<MonthlyReport> {
  const report = await monthlyReport(scene.usage, month, { now: () => scene.scratch.now });
  if (report === undefined) throw new Error('there is no report');
  return report;
}
