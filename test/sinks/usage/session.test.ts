import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EmbeddedBroker } from '../../../src/broker/embedded/broker.js';
import { systemClock } from '../../../src/clock.js';
import { StoredSinks } from '../../../src/delivery/stored-sinks.js';
import { decode } from '../../../src/events/decode.js';
import { within } from '../../../src/events/filter.js';
import type { Message } from '../../../src/events/message.js';
import { silentLog } from '../../../src/log.js';
import type { RowBatch, RowMaker } from '../../../src/sinks/sink.js';
import { keepUsage } from '../../../src/sinks/usage/session.js';
import { eventRows } from '../../../src/storage/event-store.js';
import type { Storage } from '../../../src/storage/storage.js';
import { usageCategories } from '../../../src/usage/access.js';
import { withStorage } from '../../storage/scratch.js';
import { datasetId, usageConfig } from '../../usage/scene.js';

const event = (id: string, fields: object = {}): Message => ({
  id,
  body: JSON.stringify({ category: 'upload', created: 1_700_000_000_000, ...fields }),
  source: 'http',
  received: 1_700_000_000_001,
});

interface UsageScene {
  readonly storage: Storage;
  readonly broker: EmbeddedBroker;
  /** Whether Clowder is being asked, and the disk about resources. */
  readonly knowing: { asking: boolean; loading: boolean };
  /** Counts of both sinks: accepted, delivered, duplicates, filtered, pending. */
  counts(): Promise<number[][]>;
  titles(): Promise<unknown>;
}

/** Usage beside the local store, on queues of their own. */
async function withUsage(work: (scene: UsageScene) => Promise<void>): Promise<void> {
  await withStorage(async storage => {
    const broker = new EmbeddedBroker({ storage, clock: systemClock, log: silentLog });
    await broker.open(['local', 'usage'].map(sink => ({ sink, name: `event-sink.${sink}`, adopted: false })));
    const knowing = { asking: false, loading: false };
    const stored = new StoredSinks({
      clock: systemClock,
      meter: { written: () => {}, failed: () => {} },
      context: {
        hear: () => {},
        addTo: one => ({ ...one, fields: { ...one.fields, dataset_id: datasetId(1) } }),
        load: () => (knowing.loading ? Promise.resolve() : undefined),
        get isAsking() {
          return knowing.asking;
        },
      },
    });
    const all = { matches: () => true };
    const maker: RowMaker = { rowsOf: events => ({ events: eventRows(events) }) };
    stored.add({ sink: 'local', filter: all, maker, events: storage.events, onDelivered: () => {} });
    const usage = keepUsage(usageConfig, { idSecret: 'a secret for tests' });
    stored.add({ sink: 'usage', filter: within(usageCategories, all), maker: usage, onDelivered: () => {} });
    broker.deliverStored(stored);
    await work({
      storage,
      broker,
      knowing,
      counts: async () =>
        (await storage.ledger()).sinks.map(row => [
          ...[row.accepted, row.delivered, row.duplicates, row.filtered, row.pending],
        ]),
      titles: async () => {
        const query = { by: 'dataset', from: 0, to: 99_999_999, limit: 10, offset: 0 } as const;
        for (const day of await storage.read('changedUsageDays'))
          await storage.write('keepUsageDay', await storage.read('countUsageDay', { day }));
        return (await storage.read('usage', query)).map(({ key, facts }) => [key, JSON.parse(facts ?? '{}').title]);
      },
    });
    await broker.close();
  });
}

const viewOf = (id: string, fields: object = {}): Message => {
  const what = {
    type: 'dataset',
    resource_id: datasetId(1),
    resource_name: 'A dataset',
    url: `/datasets/${datasetId(1)}`,
  };
  return event(id, { category: 'page_view', status: 200, user_agent: 'curl/8', ...what, ...fields });
};

test('usage has its accesses in the commit that accepts them, beside the local store, and no message is kept', () =>
  withUsage(async ({ storage, broker, counts, titles }) => {
    await broker.publish([viewOf('a'), event('upload'), { ...viewOf('for usage'), sinks: ['usage'] }]);
    await broker.publish([viewOf('a'), { ...event('for local'), sinks: ['local'] }]);
    assert.equal(await counts(), [
      [4, 3, 1, 0, 0],
      [4, 2, 1, 1, 0],
    ]);
    assert.equal(await titles(), [[datasetId(1), 'A dataset']]);
    for (const queue of [1, 2])
      assert.equal((await storage.write('take', { queue, after: 0, count: 9, bytes: 1e6, atLeastOne: true })).rows, []);
    assert.equal((await storage.events.query({ limit: 9 })).events.map(({ id }) => id).sort(), [
      'a',
      'for local',
      'upload',
    ]);
  }));

test('usage waits in its queue for what the disk or Clowder will say in a moment, and what comes behind waits too', () =>
  withUsage(async ({ storage, broker, knowing, counts }) => {
    knowing.asking = true;
    await broker.publish([viewOf('a'), event('upload')]);
    knowing.asking = false;
    await broker.publish([viewOf('b')]);
    assert.equal(await counts(), [
      [3, 3, 0, 0, 0],
      [3, 0, 0, 0, 3],
    ]);
    await storage.write('settle', { queue: 2, seqs: [1, 2, 3], filtered: 1 });
    knowing.loading = true;
    await broker.publish([viewOf('c')]);
    await storage.write('settle', { queue: 2, seqs: [4] });
    knowing.loading = false;
    await broker.publish([viewOf('d')]);
    assert.equal((await counts())[1], [5, 4, 0, 1, 0]);
  }));

test('what a refused commit would have said of a dataset is said by the next one', () =>
  withUsage(async ({ broker, titles }) => {
    const failing = broker.publishWith([viewOf('a')], [['settle', { queue: 1, seqs: [0] }]]);
    assert.instance(await failing.catch(error => error), Error);
    await broker.publish([viewOf('b')]);
    assert.equal(await titles(), [[datasetId(1), 'A dataset']]);
  }));

test('what a commit under way says of a dataset is said by the next one too, which may be the only one', () =>
  withUsage(async ({ broker, titles }) => {
    const failing = broker.publishWith([viewOf('a')], [['settle', { queue: 1, seqs: [0] }]]);
    await Promise.all([failing.catch(() => undefined), broker.publish([viewOf('b')])]);
    assert.equal(await titles(), [[datasetId(1), 'A dataset']]);
  }));

test('what is known to be there is not made again', () => {
  const maker = keepUsage(usageConfig, { idSecret: 'a secret for tests' });
  const decoded = decode(viewOf('a'));
  if (decoded.kind !== 'event') return assert.unreachable();
  const events = [{ ...decoded.event, fields: { ...decoded.event.fields, dataset_id: datasetId(1) } }];
  const items = (batch: RowBatch): number => {
    const rows = maker.rowsOf(events, batch);
    return 'usage' in rows ? rows.usage.items.length / 3 : Number.NaN;
  };
  const [first, second] = [{ written: false }, { written: false }];
  assert.equal([items(first), items(first), items(second)], [1, 0, 1], 'once a batch, until one is there');
  second.written = true;
  assert.is(items({ written: false }), 0);
});

test.run();
