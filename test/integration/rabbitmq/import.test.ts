// timeout: 120 s
// shares: rabbitmq
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { UsageReport } from '../../../openapi/api-types.js';
import { TestDaemon } from '../../helpers/daemon.js';
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { until } from '../../helpers/wait.js';

const main = fileURLToPath(new URL('../../../src/main.js', import.meta.url));
const rabbitmq = required('rabbitmq', await sharedRabbitMQ());
const folder = temporaryFolder();
const daemon = new TestDaemon({ env: { RABBITMQ_URI: rabbitmq.uri, USAGE: 'on', USAGE_SOURCE: 'nginx' } });

test.after(async () => {
  await daemon.remove();
  await rabbitmq.stop();
  folder.remove();
});

test('with RabbitMQ in between, an import reaches the sink that is named, once, and no other', async () => {
  await daemon.start();
  const file = join(folder.path, 'events.ndjson');
  const dataset = '5fad53bfe4b00dcab417b69c';
  const views = Array.from({ length: 700 }, (_, n) => ({
    ...{ category: 'page_view', type: 'dataset', resource_id: dataset, url: `/datasets/${dataset}?n=${n}` },
    ...{
      method: 'GET',
      status: 200,
      agent_kind: 'person',
      visitor: `visitor ${n % 50}`,
      created: Date.UTC(2025, 2, 4) + n,
    },
  }));
  writeFileSync(file, views.map(view => JSON.stringify(view)).join('\n'));
  for (const already of [0, 700]) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [main, 'import', 'ndjson', '--sinks', 'usage', file],
      {
        env: { PATH: process.env.PATH, EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: daemon.key },
        encoding: 'utf8',
      },
    );
    assert.is(status, 0, stderr);
    const { accepted, already_there } = JSON.parse(stdout);
    assert.equal([accepted, already_there], [700, already]);
    await until(async () => {
      const answer = await daemon.request('/v1/usage?by=month');
      const { usage } = (await answer.json()) as UsageReport;
      const [month] = usage;
      return typeof month?.regular === 'object' && month.regular.total_dataset_investigations === 700;
    }, 'every view in its month');
    await daemon.drained();
  }
  assert.equal(await daemon.stored('page_view'), []);
});

test.run();
