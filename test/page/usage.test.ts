import { mkdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { until } from '../helpers/wait.js';
import { appearances, violations, widthOf } from './appearances.js';
import { openUsage, standIn } from './usage/stand-in.js';
import { pageSuite, Visit } from './visit.js';

const test = await pageSuite('the look of usage', { USAGE: 'on', USAGE_SOURCE: 'nginx' });

/** How much of the links to sections does not show, px. */
const hiddenLinks = '(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector(".parts"))';

for (const { name, ...options } of appearances) {
  test(`usage for everybody, ${name}`, async ({ browser, here }) => {
    const visit = await Visit.begin(browser, here.daemon.url, { ...options, reducedMotion: 'reduce' });
    try {
      await standIn(visit.page);
      const page = await openUsage(visit, here.daemon.key);
      await page.locator('#usage-countries tbody tr').first().waitFor();
      await page.locator('#usage-spaces tbody tr').first().waitFor();
      await page.locator('#usage-datasets tbody tr').first().waitFor();
      await page.locator('.usage-audit').waitFor();
      // On a phone they are scrolled, and fade where they go on.
      if (options.viewport.width > 1_000) assert.is(await page.evaluate(hiddenLinks), 0, 'all links to sections show');
      await visit.picture(`usage-${name}`);
      await page.getByRole('button', { name: 'Show as a table' }).click();
      await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
      assert.equal(await violations(page), []);
      for (const width of [options.viewport.width, 360]) {
        await page.setViewportSize({ ...options.viewport, width });
        await until(async () => (await widthOf(page)) <= width, `no scrolling sideways at ${width}`);
      }
      assert.equal(visit.complaints, []);
    } finally {
      await visit.end();
    }
  });
}

test('on paper it is a report', async ({ here, visit }) => {
  await standIn(visit.page);
  const page = await openUsage(visit, here.daemon.key);
  await page.locator('#usage-datasets tbody tr').first().waitFor();
  await page.locator('#usage-countries tbody tr').first().waitFor();
  mkdirSync('test-output/page', { recursive: true });
  const pdf = await page.pdf({ path: 'test-output/page/usage.pdf', preferCSSPageSize: true });
  assert.is(pdf.subarray(0, 5).toString(), '%PDF-');
  const pages = pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0;
  assert.ok(pages >= 2 && pages <= 8, `${pages} pages`);
  await page.emulateMedia({ media: 'print' });
  // The width of A4 between its margins.
  await page.setViewportSize({ width: 680, height: 960 });
  assert.equal(
    await page.locator('button:not(.usage-title):visible, select:visible, input:visible, nav:visible').count(),
    0,
  );
  assert.ok(await page.locator('#usage-table table').isVisible());
  await until(async () => (await widthOf(page)) <= 680, 'it fits the paper');
});

test.run();
