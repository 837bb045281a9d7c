import type { Locator, Page } from 'playwright-core';
import { number, volume } from '../../../src/page/elements/format.js';
import { monthInWords } from '../../../src/page/usage/calendar.js';
import { niceStep } from '../../../src/page/usage/scale.js';
import { type Figures, figureNames, type Method } from './log.js';

const methods = ['regular', 'machine'] as const;
const none = Object.fromEntries(figureNames.map(name => [name, 0])) as Figures;
/** Sums by a key and by people and machines, `key regular`. */
type Sums = Readonly<Record<string, Figures>>;

/** As the page shows them; all of them where there is room. */
export function printed(counts: Figures, { all = false } = {}): string[] {
  return [
    number(counts.total_dataset_requests),
    number(counts.unique_dataset_requests),
    number(counts.total_dataset_investigations),
    ...(all ? [number(counts.unique_dataset_investigations)] : []),
    volume(counts.request_bytes),
  ];
}

/** What a line of a table says of people and machines. */
export function lineOf(sums: Sums, key: string, options?: { readonly all: boolean }): string[] {
  return methods.flatMap(method => printed(sums[`${key} ${method}`] ?? none, options));
}

/** The lines of a table: what they are called, and their cells. */
export function linesIn(table: Locator): Promise<[name: string, ...cells: string[]][]> {
  return table
    .locator('tbody tr')
    .evaluateAll(rows =>
      rows.map(row => [
        row.querySelector('bdi')?.textContent ?? row.querySelector('th')?.textContent ?? '',
        ...[...row.querySelectorAll('td:not(.whose)')].map(cell => cell.textContent ?? ''),
      ]),
    );
}

/** A column: how high its two bars are, in percent of the scale, and what is said when it is pointed at. */
export interface Column {
  readonly heights: readonly string[];
  readonly words: string;
}

/** The columns of the months of which something is known: these, in their order. */
export async function columnsIn(page: Page, months: readonly string[], method: Method): Promise<Column[]> {
  const panel = page.locator(`.usage-group.${method}`);
  const found: Column[] = [];
  for (const [at, column] of (await panel.locator('.bars-column:not(.nothing)').all()).entries()) {
    const heights = await column
      .locator('.bar')
      .evaluateAll(bars =>
        bars.map(bar => Number.parseFloat((bar as unknown as { style: { height: string } }).style.height).toFixed(2)),
      );
    await column.hover();
    const pointed = panel.locator('.bars-pointed', { hasText: monthInWords(months[at] ?? '') });
    found.push({ heights, words: (await pointed.textContent()) ?? '' });
  }
  return found;
}

/** What they are to be, of months in their order. */
export function columnsOf(byMonth: Sums, months: readonly string[], method: Method): Column[] {
  const counts = months.map(month => byMonth[`${month} ${method}`] ?? none);
  const step = niceStep(Math.max(...counts.map(one => one.total_dataset_investigations)));
  return counts.map(({ total_dataset_investigations: investigations, total_dataset_requests: requests }, at) => ({
    heights: [investigations, requests].map(count => ((count / (2 * step)) * 100).toFixed(2)),
    words: `${monthInWords(months[at] ?? '')}: ${number(requests)} requests, ${number(investigations)} investigations`,
  }));
}

/** An access that the audit names. */
export interface Named {
  readonly kind: string;
  readonly resource: string;
  /** Epoch ms. */
  readonly time: number;
  readonly saidBy: string;
}

/** What is said of two sources: the cells of its table, by line, and the accesses that one of them alone has. */
export interface ComparedOnPage {
  readonly title: string;
  readonly lines: readonly (readonly string[])[];
  readonly named: readonly Named[];
}

export async function auditIn(page: Page): Promise<ComparedOnPage[]> {
  const found: ComparedOnPage[] = [];
  for (const panel of await page.locator('.usage-audit').all()) {
    const table = panel.locator('table').first();
    const lines = await table
      .locator('tbody tr')
      .evaluateAll(rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent ?? '')));
    const items = await panel
      .locator('.usage-examples li')
      .evaluateAll(all =>
        all.map(one => [
          one.textContent ?? '',
          one.querySelector('code')?.textContent ?? '',
          one.querySelector('time')?.dateTime ?? '',
        ]),
      );
    const named = items.map(([text = '', resource = '', time = '']) => ({
      kind: / (view|download) of /.exec(text)?.[1] ?? text,
      resource,
      time: Date.parse(time),
      saidBy: /, said by (.+)$/.exec(text)?.[1] ?? text,
    }));
    found.push({ title: (await panel.locator('h3').textContent()) ?? '', lines, named });
  }
  return found;
}
