import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { HubServer } from '../helpers/servers/hub.js';
import type { ScriptedFault } from '../helpers/servers/stand-in.js';
import { until } from '../helpers/wait.js';
import { datasetId, fileId, firefox } from '../usage/scene.js';

const march = Date.UTC(2026, 2, 10);

const downloads = Array.from({ length: 12 }, (_, index) => ({
  id: `download-${index}`,
  category: 'resource_download',
  type: 'file',
  created: march + index * 3_600_000,
  url: `/files/${fileId(index)}/blob`,
  resource_id: fileId(index),
  dataset_id: datasetId(index % 2),
  dataset_name: `Dataset ${index % 2}`,
  status: 200,
  user_agent: firefox,
}));

test('a hub that is down, fails, refuses and drops answers ends with one report of the month', async () => {
  const hub = new HubServer();
  await hub.start();
  const faults: ScriptedFault[] = [];
  hub.always = ({ method }) => (method === 'GET' ? undefined : faults.shift());
  const daemon = new TestDaemon({
    env: {
      USAGE: 'on',
      USAGE_SOURCE: 'nginx',
      USAGE_PLATFORM: 'Example Archive',
      USAGE_PUBLISHER: 'Example University',
      USAGE_HUB_URL: `${hub.origin}/`,
      USAGE_HUB_TOKEN: hub.token,
    },
  });
  const submit = (query = '') => daemon.request(`/v1/usage/months/2026-03/submit${query}`, { method: 'POST' });
  const dead = async () => (await daemon.json('/v1/dead-letters?sink=hub')).dead_letters;
  try {
    await daemon.start();
    assert.is((await daemon.post(downloads)).status, 202);
    await daemon.drained();
    const refused = await submit();
    assert.is(refused.status, 409);
    assert.match(await refused.text(), 'USAGE_PUBLISHER_ID is not set');

    await daemon.kill('SIGTERM');
    await hub.stop();
    await daemon.start({ USAGE_PUBLISHER_ID: 'client-id:datacite.example' });
    assert.is((await submit()).status, 202);
    await until(
      async () => (await daemon.json('/v1/status')).sinks.find(({ sink }) => sink === 'hub')?.state === 'holding',
      'a sink that holds',
    );
    faults.push({ status: 500 }, { status: 422, body: '{"errors":[{"title":"a wish of the hub"}]}' });
    await hub.start();
    await until(async () => (await dead()).length === 1, 'a dead letter', 60_000);
    const [letter] = await dead();
    assert.match(letter?.reason ?? '', 'a wish of the hub');
    assert.equal(hub.months(), []);

    faults.push({ cut: 'before', processed: true });
    const redriven = await daemon.request('/v1/dead-letters/redrive', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sink: 'hub' }),
    });
    assert.is(redriven.status, 200, await redriven.clone().text());
    await until(
      async () => [...hub.writes.values()].some(count => count >= 2),
      'the report, and then its newest form',
      60_000,
    );
    await daemon.drained();

    await daemon.kill();
    await daemon.start({ USAGE_PUBLISHER_ID: 'client-id:datacite.example' });
    assert.is((await submit()).status, 202);
    await until(() => hub.methods().at(-1) === 'PUT' && [...hub.writes.values()][0]! >= 3, 'the next submission');
    await daemon.drained();
    assert.equal(hub.months(), ['2026-03']);
    assert.equal(await dead(), []);
    assert.not.match(daemon.output, hub.token);

    // It went to no other sink.
    assert.equal(await daemon.stored('usage_submission'), []);
    const ledger = await daemon.json('/v1/ledger');
    assert.ok(ledger.balanced);

    const list = (await (await daemon.request('/v1/usage-reports')).json()) as { reports: { month: string }[] };
    assert.equal(
      list.reports.map(({ month }) => month),
      ['2026-03'],
    );
    const page = await daemon.request('/v1/usage-reports/2026-03.html');
    assert.match(page.headers.get('content-security-policy') ?? '', "default-src 'none'");
    assert.match(await page.text(), 'Usage of data in March 2026');
    const browser = await daemon.request('/v1/usage-reports/2026-03', { headers: { accept: 'text/html,*/*;q=0.8' } });
    assert.match(browser.headers.get('content-type') ?? '', 'text/html');
    const csv = await daemon.request('/v1/usage-reports/2026-03?format=csv');
    assert.is(csv.headers.get('content-disposition'), 'attachment; filename="usage-2026-03.csv"');
    assert.match(await csv.text(), '2026-03,total,,,,regular,12,12,12,12,');
    assert.is((await daemon.request('/v1/usage-reports/2019-03')).status, 404);
    assert.is((await daemon.request('/v1/usage-reports/2026-03.pdf')).status, 400);
  } finally {
    await daemon.remove();
    await hub.stop();
  }
});

test.run();
