import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { UsageAudit, UsageReport } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
import { datasetId, fileId, firefox } from '../usage/scene.js';

const dayMs = 86_400_000;
const collectKey = 'a key in a page';
const origin = 'http://clowder.example.org';
const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');
/** Yesterday, so that its salt is there and the day is over. */
const yesterday = Math.floor(Date.now() / dayMs) * dayMs - dayMs;
const day = new Date(yesterday).toISOString().slice(0, 10);

interface Act {
  readonly index: number;
  readonly at: number;
  readonly kind: 'view' | 'download';
  /** The dataset that is viewed, or the file. */
  readonly resource: string;
  readonly path: string;
  /** Who of the three does not say it. */
  readonly unsaid: 'nginx' | 'clowder' | 'browser' | undefined;
}

/** Each of 20 datasets and files again after 400 s: 200 views and 100 downloads. */
const acts: readonly Act[] = Array.from({ length: 300 }, (_, index) => {
  const isView = index % 3 !== 2;
  const number = index % 20;
  return {
    index,
    at: yesterday + 3_600_000 + index * 20_000,
    kind: isView ? 'view' : 'download',
    resource: isView ? datasetId(number) : fileId(number),
    path: isView ? `/datasets/${datasetId(number)}` : `/files/${fileId(number)}/blob`,
    unsaid: index % 29 === 7 ? 'clowder' : index % 41 === 11 ? 'nginx' : index % 23 === 5 ? 'browser' : undefined,
  };
});
const saidBy = (source: Act['unsaid']): readonly Act[] => acts.filter(({ unsaid }) => unsaid !== source);
const unsaidBy = (source: Act['unsaid']): readonly Act[] => acts.filter(({ unsaid }) => unsaid === source);

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function logLine({ at, path, index }: Act): string {
  const [date = '', time = ''] = new Date(at).toISOString().split('T');
  const [year, month, date_] = date.split('-');
  const local = `${date_}/${months[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
  return `192.0.2.${index % 200} - - [${local}] "GET ${path} HTTP/1.1" 200 1000 "-" "${firefox}"\n`;
}

/** Clowder publishes a moment later, downloads twice, and knows an account here and there. */
function published({ at, kind, resource, index }: Act): object[] {
  const fields = {
    category: kind === 'view' ? 'view_resource' : 'download',
    type: kind === 'view' ? 'dataset' : 'file',
    resource_id: resource,
    user_id: index % 4 === 0 ? `user-${index}` : '0'.repeat(24),
    created: at + 700,
  };
  const once = { id: `clowder-${index}`, ...fields };
  return kind === 'view' ? [once] : [once, { ...once, id: `clowder-${index}-again`, created: at + 703 }];
}

function clicked({ at, kind, path, index }: Act): object {
  return {
    event_type: kind === 'view' ? 'browser_page_view' : 'browser_download',
    time: at + 2_000,
    insert_id: `click-${index}`,
    device_id: `device-${index % 50}`,
    event_properties: { url: `${origin}${path}` },
  };
}

test('of 300 acts that three sources speak of, the audit names those that one of them does not say', async () => {
  const folder = temporaryFolder();
  const log = join(folder.path, 'access.log');
  writeFileSync(log, saidBy('nginx').map(logLine).join(''));
  const env = { NGINX_ACCESS_LOG: log, USAGE: 'on' };
  const daemon = new TestDaemon({ env });
  daemon.env.API_KEYS = `test:publish+read+admin:${hashOf(daemon.key)},page:collect:${hashOf(collectKey)}:origin=${origin}`;
  try {
    await daemon.start();
    await daemon.post(saidBy('clowder').flatMap(published));
    for (let from = 0; from < 300; from += 100) {
      const events = saidBy('browser')
        .slice(from, from + 100)
        .map(clicked);
      const body = JSON.stringify({ api_key: collectKey, events });
      const headers = { 'content-type': 'application/json', origin };
      assert.is((await fetch(`${daemon.url}/2/httpapi`, { method: 'POST', headers, body })).status, 200);
    }
    // The end of the log: what was read of it is there.
    appendFileSync(log, 'no line of the format\n');
    const ask = (): Promise<UsageAudit> => daemon.json(`/v1/usage/audit?from=${day}&to=${day}` as never);
    const isThere = async (): Promise<boolean> => {
      const { days } = await ask();
      const controls = days.flatMap(({ controls: all }) => all);
      const sum = (side: 'counted' | 'control', control: string): number =>
        controls
          .filter(one => one.control === control)
          .reduce((total, { views, downloads }) => total + views[side].accesses + downloads[side].accesses, 0);
      return (
        sum('counted', 'clowder') === saidBy('nginx').length &&
        sum('control', 'browser') === saidBy('browser').length &&
        sum('control', 'clowder') === saidBy('clowder').flatMap(published).length
      );
    };
    await until(isThere, 'all that was said', 60_000);
    const { source, controls, days } = await ask();
    assert.is(source, 'nginx');
    assert.equal(controls.map(({ control }) => control).sort(), ['browser', 'clowder']);
    for (const { control, examples, views, downloads } of days[0]!.controls) {
      const named = (saidBySource: string): string[] =>
        examples
          .filter(one => one.said_by === saidBySource)
          .map(({ kind, resource, time }) => `${kind} of ${resource} at ${Math.floor(time / 10_000)}`)
          .sort();
      const expected = (list: readonly Act[]): string[] =>
        list.map(({ kind, resource, at }) => `${kind} of ${resource} at ${Math.floor(at / 10_000)}`).sort();
      assert.equal(named('nginx'), expected(unsaidBy(control as Act['unsaid'])), `${control} does not say`);
      assert.equal(named(control), expected(unsaidBy('nginx')), `only ${control} says`);
      const both = acts.filter(({ unsaid }) => unsaid !== 'nginx' && unsaid !== control);
      assert.is(views.matched + downloads.matched, both.length);
      const twice = control === 'clowder' ? saidBy('clowder').filter(({ kind }) => kind === 'download').length : 0;
      assert.is(downloads.control.repeated, twice);
    }
    const report = (): Promise<UsageReport> => daemon.json(`/v1/usage?by=month&month=${day.slice(0, 7)}` as never);
    await until(
      async () =>
        (await report()).months[0]?.completeness.gaps.some(({ reason }) => reason === 'unread_lines') === true,
      'the line that could not be read',
    );
    const [month] = (await report()).months;
    const unread = month!.completeness.gaps.find(({ reason }) => reason === 'unread_lines');
    assert.equal([unread?.missing, month!.completeness.complete], [1, false]);
  } finally {
    await daemon.remove();
    folder.remove();
  }
});

test.run();
