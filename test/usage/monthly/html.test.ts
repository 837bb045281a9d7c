import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { monthlyReportAsHtml } from '../../../src/usage/monthly/html.js';
import { change, volume } from '../../../src/usage/monthly/words.js';
import { startChromium } from '../../helpers/servers/chromium.js';
import { skipped } from '../../helpers/skip.js';
import { reportOf, threeMonths } from './scene.js';

const page = async (changes: object = {}) =>
  monthlyReportAsHtml({ ...(await reportOf(await threeMonths())), ...changes });

test('a page of its own: nothing is loaded, and no script is there', async () => {
  const html = await page();
  assert.match(html, /^<!doctype html>\n<html lang="en">/);
  assert.not.match(html, /<script|<link|<img|<iframe|<object|@import|url\((?!#)|\son\w+=|javascript:/i);
  assert.match(html, '@page { size: A4;');
  assert.match(html, '<h1>Usage of data in March 2026</h1>');
  assert.match(html, '<bdi>Example Archive</bdi>, <bdi>Example University</bdi>');
});

test('what others wrote is text', async () => {
  const html = await page({ platform: '</title><script>alert(2)</script>', complete: false, missing: ['<b>'] });
  assert.not.match(html, /<script|<b>&|<b><\/li>/);
  assert.match(html, '&#60;script&#62;alert(1)&#60;/script&#62;&#38;&#39;');
  assert.match(html, '<title>&#60;/title&#62;&#60;script&#62;');
  assert.match(html, '<li>&#60;b&#62;</li>');
});

test('people and machines, changes, countries and what was left out are said', async () => {
  const html = await page();
  assert.match(html, '<b>7</b><span>downloads by people</span><span>and 1 by machines</span>');
  assert.match(html, /<td>1<span class="id">\+600 %<\/span><\/td><td>2<span class="id">\+250 %<\/span><\/td>/);
  assert.match(html, /United States<\/th><td>4<\/td><td>0<\/td>/);
  assert.match(html, /Germany<\/th><td>&#60; 3<\/td>/);
  assert.match(html, /Search engines and other robots<\/th><td>1<\/td>/);
  assert.match(html, '<b>Complete.</b>');
  assert.match(await page({ complete: false, missing: ['4 hours'] }), '<b>Not complete.</b>');
});

test('of many datasets, the first hundred', async () => {
  const { datasets } = await reportOf(await threeMonths());
  const many = Array.from({ length: 250 }, (_, number) => ({ ...datasets[0]!, title: `dataset number ${number}` }));
  const html = await page({ datasets: many });
  assert.is(html.match(/dataset number/g)?.length, 100);
  assert.match(html, '150 more are in the files for programs');
});

test('volumes and changes in words', () => {
  assert.equal([0, 999, 1000, 1_234_567, 999_950, 25e9, 3.2e12].map(volume), [
    '0 bytes',
    '999 bytes',
    '1.0 kB',
    '1.2 MB',
    '1.0 MB',
    '25.0 GB',
    '3.2 TB',
  ]);
  assert.equal([change(3, 2), change(1, 2), change(2, 2), change(1, 0)], ['+50 %', '−50 %', '±0 %', undefined]);
});

const browser = await startChromium();
if ('skip' in browser) skipped('chromium', browser.skip);
else {
  test.after(() => browser.close());
  test('on a phone it fits the screen, on paper it is A4, and nothing is asked for', async () => {
    const tab = await browser.newPage({ viewport: { width: 390, height: 844 }, javaScriptEnabled: true });
    const asked: string[] = [];
    tab.on('request', request => asked.push(request.url()));
    const { datasets } = await reportOf(await threeMonths());
    const long = { ...datasets[0]!, title: 'W'.repeat(400) };
    await tab.setContent(await page({ datasets: [long, ...datasets] }));
    assert.is(await tab.evaluate('document.documentElement.scrollWidth'), 390);
    assert.is(await tab.evaluate('document.querySelectorAll("script, main b > b").length'), 0);
    const pdf = (await tab.pdf({ preferCSSPageSize: true })).toString('latin1');
    const [, width = '', height = ''] = /MediaBox ?\[0 0 ([\d.]+) ([\d.]+)/.exec(pdf) ?? [];
    assert.equal([Math.round(Number(width)), Math.round(Number(height))], [595, 842]);
    assert.equal(asked, []);
  });
}

test.run();
