// timeout: 600 s
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SinkStatus } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { startDestinations } from '../helpers/destinations.js';
import { until } from '../helpers/wait.js';

/** Each destination is away so long, seconds. By hand: `OUTAGE_SECONDS=60 node scripts/test.mjs chaos/outage`. */
const seconds = Number(process.env.OUTAGE_SECONDS ?? 4);
const perSecond = 100;

const destinations = await startDestinations();
const daemon = await new TestDaemon({ env: destinations.env }).start();

const test = suite('each destination away in its turn, under load');
test.after(async () => {
  await daemon.remove();
  await destinations.stop();
});

const { influxdb, mongodb, amplitude, ga4 } = destinations;
const outages = {
  influxdb: { away: () => influxdb.kill9(), back: () => influxdb.start() },
  mongodb: { away: () => mongodb.kill9(), back: () => mongodb.restart() },
  amplitude: { away: () => amplitude.stop(), back: () => amplitude.start() },
  ga4: { away: () => ga4.stop(), back: () => ga4.start() },
} as const;

const rows = async (): Promise<readonly SinkStatus[]> => (await daemon.json('/v1/status')).sinks;

test('nothing is lost or doubled, and the others are not slowed', async () => {
  const accepted: string[] = [];
  let running = true;
  const load = (async () => {
    while (running) {
      const events = Array.from({ length: perSecond / 5 }, (_, index) => {
        const number = accepted.length + index;
        return { id: `outage-${number}`, category: 'upload', user_id: `user-${number % 50}`, size: number };
      });
      const response = await daemon.post(events);
      assert.is(response.status, 202);
      accepted.push(...events.map(({ id }) => id));
      await new Promise(resolve => setTimeout(resolve, 200));
    }
  })();
  for (const [sink, { away, back }] of Object.entries(outages)) {
    await away();
    await new Promise(resolve => setTimeout(resolve, seconds * 1000));
    await until(async () => (await rows()).find(row => row.sink === sink)?.state === 'holding', `${sink} to be held`);
    for (const row of await rows())
      if (row.sink !== sink)
        assert.ok(Number(row.pending) < perSecond * 15, `${row.sink} waits with ${row.pending} while ${sink} is away`);
    await back();
    const waiting = async (): Promise<number> => (await rows()).find(row => row.sink === sink)?.pending ?? 0;
    await until(async () => (await waiting()) < perSecond * 5, `${sink} to catch up`, 90_000);
  }
  running = false;
  await load;
  await daemon.drained(90_000);
  for (const sink of ['influxdb', 'mongodb', 'amplitude', 'ga4'] as const) {
    const found = await destinations.ids(sink);
    assert.is(found.length, accepted.length, `${sink} has ${found.length} of ${accepted.length}`);
    assert.equal(new Set(found), new Set(accepted), sink);
  }
  assert.ok((await rows()).every(({ dead }) => dead === 0));
});

test.run();
