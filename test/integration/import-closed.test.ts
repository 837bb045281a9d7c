// timeout: 120 s
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UsageReport } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
import { openStorage } from '../storage/scratch.js';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const month = 202503;
const dataset = '5fad53bfe4b00dcab417b69c';
const folder = temporaryFolder();
const daemon = new TestDaemon({ env: { USAGE: 'on', USAGE_SOURCE: 'nginx' } });

const test = suite('import into a closed month');
test.after(async () => {
  await daemon.remove();
  folder.remove();
});

/** A file of this many views of one day, the same ones first. */
function recording(count: number): string {
  const path = join(folder.path, `views-${count}.ndjson`);
  const views = Array.from({ length: count }, (_, n) => ({
    ...{ category: 'page_view', type: 'dataset', resource_id: dataset, url: `/datasets/${dataset}?n=${n}` },
    ...{ method: 'GET', status: 200, agent_kind: 'person', visitor: `visitor ${n}`, created: Date.UTC(2025, 2, 4) + n },
  }));
  writeFileSync(path, views.map(view => JSON.stringify(view)).join('\n'));
  return path;
}

function run(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    env: { PATH: process.env.PATH, EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: daemon.key },
    encoding: 'utf8',
  });
  return { status, stderr, said: stdout.split('\n').map(line => (line === '' ? {} : JSON.parse(line))) };
}

async function views(): Promise<number> {
  const { usage } = (await (await daemon.request('/v1/usage?by=month')).json()) as UsageReport;
  const [line] = usage;
  return typeof line?.regular === 'object' ? line.regular.total_dataset_investigations : 0;
}

async function counted(count: number): Promise<void> {
  await until(async () => (await views()) === count, `${count} views`);
}

/** As after USAGE_CLOSE_DAYS: its counts are all that there is. */
async function close(): Promise<void> {
  await daemon.kill('SIGTERM');
  const storage = await openStorage(daemon.dir);
  assert.ok(await storage.write('closeUsageMonth', { month }));
  while ((await storage.write('trimUsage', { lateBefore: 0, limit: 1_000 })) > 0);
  await storage.close();
  await daemon.start();
}

test('its events do not count again; with --reopen they are the month, if it loses nothing', async () => {
  await daemon.start();
  assert.is(run('import', 'ndjson', '--sinks', 'usage', recording(20)).status, 0);
  await counted(20);
  await close();

  const again = run('import', 'ndjson', recording(20));
  assert.equal([again.status, again.said[0].accepted, again.said[0].closed], [0, 20, { '2025-03': 20 }]);
  assert.is(again.said[0].already_there, 0, 'a closed month knows its events no more');
  const status = await daemon.json('/v1/events?category=page_view');
  assert.is(status.events.length, 20, 'the local store has them');
  assert.is(await views(), 20);

  const fewer = run('import', 'ndjson', '--sinks', 'usage', '--reopen', recording(5));
  assert.is(fewer.status, 1);
  assert.match(fewer.stderr, /2025-03 keeps the counts that it had: .+investigations of 5fad\w+ from 20 to 5/);
  assert.is(await views(), 20);

  const more = run('import', 'ndjson', '--sinks', 'usage', '--reopen', recording(25));
  assert.is(more.status, 0, more.stderr);
  assert.equal(more.said[1].before.regular.total_dataset_investigations, 20);
  assert.equal(more.said[1].after.regular.total_dataset_investigations, 25);
  await counted(25);
  assert.is(run('import', 'ndjson', '--sinks', 'usage', recording(25)).said[0].already_there, 25);
  await daemon.drained();
  assert.is(await views(), 25);
});

test('a recording of it stands in for the local store', async () => {
  await close();
  const refused = run('usage', 'recompute', '2025-03', '--from', recording(24));
  assert.is(refused.status, 1);
  assert.match(refused.stderr, 'would lose');
  const done = run('usage', 'recompute', '2025-03', '--from', recording(26));
  assert.is(done.status, 0, done.stderr);
  assert.is(done.said[0].after.regular.total_dataset_investigations, 26);
  await counted(26);
});

test.run();
