import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { usageEvents } from '../../src/events/usage-events.js';
import { leftOutReasons } from '../../src/usage/access.js';
import { fixtureFiles, fixtureLines } from '../events/fixtures.js';
import { TestDaemon } from '../helpers/daemon.js';
import { startInfluxDB } from '../helpers/servers/influxdb.js';
import { required } from '../helpers/skip.js';
import { influxQueries } from './dashboards.js';

const server = required('influxdb', await startInfluxDB());
const daemon = await new TestDaemon({
  env: { INFLUXDB_HOST: '127.0.0.1', INFLUXDB_PORT: String(server.port) },
}).start();

test.before(async () => {
  const now = Date.now();
  // As if all of it had happened in the last two minutes, so that the shortest range of an alert holds it.
  const events = fixtureFiles
    .flatMap(fixtureLines)
    .map((line, index) => ({ ...(JSON.parse(line) as object), created: now - 1000 * index }));
  assert.ok(events.length > 60 && events.length < 180);
  const place = { dataset_id: 'd1', dataset_name: 'Rain', space_id: 's1', space_name: 'Weather' };
  const placed = ['view_resource', 'page_view', 'download', 'resource_download'].map(category => {
    return { category, type: 'file', resource_id: 'f1', bytes: 10, ...place, created: now - 1000 };
  });
  const counted = usageEvents.flatMap(({ category, type, fields }): object[] =>
    fields.always.includes('reason')
      ? leftOutReasons.map(reason => ({ category, type, reason, added: 1, created: now - 1000 }))
      : ['regular', 'machine'].map(access_method => {
          return { category, type, access_method, added: 1, resource_id: 'd1', ...place, created: now - 1000 };
        }),
  );
  assert.is((await daemon.post([...events, ...placed, ...counted])).status, 202);
  await daemon.drained();
});

test.after(async () => {
  await daemon.remove();
  await server.stop();
});

const [, documented = ''] = /```sql\n(.*?)```/s.exec(readFileSync('docs/mapping-influxdb.md', 'utf8')) ?? [];
const documentedQueries = documented
  .trim()
  .split('\n')
  .map(text => ({ where: 'docs/mapping-influxdb.md', text }));

for (const { where, text } of [...influxQueries(), ...documentedQueries]) {
  test(`${where}: the query finds the recorded events`, async () => {
    const found = await server.query(text, 'eventsink');
    const values = found.flatMap(row =>
      Object.entries(row).filter(([name, value]) => name !== 'time' && value !== null),
    );
    assert.ok(values.length > 0, text);
  });
}

test('people are counted, not their events', async () => {
  const query = influxQueries().find(({ where }) => where === 'Clowder usage: Active users');
  const [row] = await server.query(query?.text ?? '', 'eventsink');
  const people = new Set(
    fixtureFiles
      .flatMap(fixtureLines)
      .map(line => (JSON.parse(line) as { user_id?: string }).user_id)
      .filter(user => user !== undefined && !/^0*$/.test(user)),
  );
  assert.is(row?.count, people.size);
});

test('the alert "Service down" counts failed checks of any sender, but for those in maintenance', async () => {
  const failed = { category: 'health', service_name: 'clowder', healthy: false };
  const events = [
    ...Array.from({ length: 4 }, () => ({ ...failed, type: 'worked-on', maintenance: true })),
    ...Array.from({ length: 3 }, () => ({ ...failed, type: 'down' })),
    ...Array.from({ length: 2 }, () => ({ ...failed, type: 'both', maintenance: true })),
    { ...failed, type: 'both' },
  ];
  const now = Date.now();
  assert.is((await daemon.post(events.map((event, index) => ({ ...event, created: now - index })))).status, 202);
  await daemon.drained();
  const { text = '' } = influxQueries().find(({ where }) => where === 'alert Service down') ?? {};
  // One query a kind, because the answer of this helper is without the tags.
  const failures = async (type: string) => {
    const [row = {}] = await server.query(text.replace('AND time', `AND "type" = '${type}' AND time`), 'eventsink');
    return Object.entries(row).find(([name]) => name.startsWith('count'))?.[1];
  };
  assert.equal([await failures('worked-on'), await failures('down'), await failures('both')], [0, 3, 1]);
});

test('the marks in the charts leave out what corrects another event, and nothing else', async () => {
  const about = { category: 'service_status', service_name: 'marked' };
  const events = [
    { ...about, type: 'down', message: 'connection refused' },
    { ...about, type: 'down', corrects: '019ceb5d0a88' },
    { ...about, type: 'maintenance', corrects: '019ceb5d0a88' },
    { ...about, type: 'up' },
  ];
  const now = Date.now();
  assert.is((await daemon.post(events.map((event, index) => ({ ...event, created: now - index })))).status, 202);
  await daemon.drained();
  for (const where of ['Clowder health: Service status', 'Clowder usage: Service status']) {
    const { text = '' } = influxQueries().find(query => query.where === where) ?? {};
    const rows = (await server.query(text, 'eventsink')).filter(row => row.service_name === 'marked');
    assert.equal(
      rows.map(({ type, message }) => [type, message]),
      [
        ['down', 'connection refused'],
        ['up', null],
      ],
      where,
    );
  }
});

test.run();
