import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/events/event.js';
import { monthlyReportAsCsv } from '../../src/usage/monthly/csv.js';
import { monthlyReportAsHtml } from '../../src/usage/monthly/html.js';
import { monthlyReport } from '../../src/usage/monthly/report.js';
import { notesOf } from '../../src/usage/notes.js';
import { UsageScene, view } from './scene.js';

test('what a log and what pages say needs no note; what Clowder says does, and so does a change', () => {
  assert.equal([notesOf(['nginx']), notesOf(['browser'])], [[], []]);
  const [only, ...more] = notesOf(['clowder']);
  assert.match(only ?? '', 'robots and scripts cannot be distinguished from people');
  assert.equal(more, []);
  assert.match(notesOf(['browser', 'nginx']).join(), 'another source was set meanwhile (browser, nginx)');
  assert.is(notesOf(['clowder', 'nginx']).length, 2);
});

test('a report says it in all of its forms, and with which month it cannot be compared', async () => {
  const february = Date.UTC(2026, 1, 15);
  const march = Date.UTC(2026, 2, 15);
  const before = new UsageScene();
  before.scratch.now = Date.UTC(2026, 3, 15);
  await before.take(view(february));
  const scene = before.withConfig({ source: 'clowder' });
  const published: Event = { ...view(march), category: 'view_resource', source: 'clowder' };
  await scene.take(published);
  const report = (await monthlyReport(scene.usage, 202603, { now: () => scene.scratch.now }))!;
  const [clowder = '', other = ''] = report.notes;
  assert.match(clowder, 'robots');
  assert.match(other, '2026-02 was counted from another source (nginx)');
  assert.ok(report.complete);
  const html = monthlyReportAsHtml(report);
  const csv = monthlyReportAsCsv(report).split('\r\n');
  for (const note of report.notes) {
    assert.match(html, `${note.charAt(0).toUpperCase()}${note.slice(1)}.`);
    assert.is(csv.filter(line => line.includes(',note,') && line.includes(note.slice(0, 30))).length, 1, note);
  }
  const february2 = await monthlyReport(scene.usage, 202602, { now: () => scene.scratch.now });
  assert.equal(february2?.notes, []);
});

test.run();
