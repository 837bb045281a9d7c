import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EmbeddedBroker } from '../../src/broker/embedded/broker.js';
import { systemClock } from '../../src/clock.js';
import { StoredSinks } from '../../src/delivery/stored-sinks.js';
import { decode } from '../../src/events/decode.js';
import type { Event } from '../../src/events/event.js';
import { parseFilter } from '../../src/events/filter.js';
import type { Message } from '../../src/events/message.js';
import { silentLog } from '../../src/log.js';
import { type PersonalFilter, personalFilter } from '../../src/people/personal-data.js';
import { erasedBody } from '../../src/people/suppression.js';
import { eventRows } from '../../src/storage/event-store.js';
import { bodyText } from '../../src/storage/queries.js';
import type { Storage } from '../../src/storage/storage.js';
import { openContext } from '../context/asking.js';
import { withStorage } from '../storage/scratch.js';

const event = (id: string, fields: object = {}): Message => ({
  id,
  body: JSON.stringify({ category: 'upload', created: 1_700_000_000_000, ...fields }),
  source: 'http',
  received: 1_700_000_000_001,
});

interface Scene {
  readonly storage: Storage;
  readonly broker: EmbeddedBroker;
  /** Events of each write that the meter counted, and ids of conflicts. */
  readonly metered: (number | string)[];
  stored(): Promise<string[]>;
  /** A sink's counts: accepted, delivered, duplicates, filtered, pending, difference. */
  ledger(sink: string): Promise<(number | null)[]>;
  /** A sink that takes nothing else. */
  selective(sink: string, categories: string): void;
  /** Ids of what waits in a queue. */
  waiting(queue: number): Promise<string[]>;
}

async function withBroker(
  sinks: readonly string[],
  work: (scene: Scene) => Promise<void>,
  filter = 'all',
  withoutPeople?: PersonalFilter,
): Promise<void> {
  await withStorage(async storage => {
    const broker = new EmbeddedBroker({ storage, clock: systemClock, log: silentLog });
    await broker.open(sinks.map(sink => ({ sink, name: `event-sink.${sink}`, adopted: false })));
    const metered: (number | string)[] = [];
    const parsed = parseFilter(filter);
    if ('problem' in parsed) throw new Error(parsed.problem);
    const stored = new StoredSinks({
      clock: systemClock,
      meter: {
        written: (_sink, count) => metered.push(count),
        conflicted: (_sink, ids) => metered.push(...ids),
        failed: () => {},
      },
    });
    stored.add({
      sink: 'local',
      filter: parsed.filter,
      withoutPeople,
      maker: { rowsOf: events => ({ events: eventRows(events) }) },
      events: storage.events,
      onDelivered: () => {},
    });
    broker.deliverStored(stored);
    await work({
      storage,
      broker,
      metered,
      selective: (sink, categories) => {
        const wanted = parseFilter(categories);
        if ('filter' in wanted) stored.addSelective({ sink, filter: wanted.filter });
      },
      stored: async () => (await storage.events.query({ limit: 100 })).events.map(({ id }) => id).sort(),
      ledger: async sink => {
        const row = (await storage.ledger()).sinks.find(one => one.sink === sink)!;
        return [row.accepted, row.delivered, row.duplicates, row.filtered, row.pending, row.difference];
      },
      waiting: async queue => {
        const limits = { after: 0, count: 100, bytes: 1e9, atLeastOne: true };
        return (await storage.write('take', { queue, ...limits })).rows.map(([, id]) => id);
      },
    });
    await broker.close();
  });
}

test('the local store has an event in the commit that accepts it; nothing waits, and those who listen hear of it', () =>
  withBroker(['local'], async ({ storage, broker, metered, stored, ledger, waiting }) => {
    const heard: string[] = [];
    const stop = new AbortController();
    storage.events.listen(({ id }) => heard.push(id), stop.signal);
    await broker.publish([event('a'), event('b')]);
    assert.equal(await stored(), ['a', 'b']);
    assert.equal(heard, ['a', 'b']);
    assert.equal(metered, [2]);
    assert.equal(await ledger('local'), [2, 2, 0, 0, 0, 0]);
    assert.equal(await waiting(1), []);
    stop.abort();
  }));

test('other sinks get the same events from their queues', () =>
  withBroker(['local', 'mongodb'], async ({ broker, stored, ledger, waiting }) => {
    await broker.publish([event('a')]);
    await broker.publish([event('b'), event('c')]);
    assert.equal(await stored(), ['a', 'b', 'c']);
    assert.equal(await waiting(1), []);
    assert.equal(await waiting(2), ['a', 'b', 'c']);
    assert.equal(await ledger('local'), [3, 3, 0, 0, 0, 0]);
    assert.equal(await ledger('mongodb'), [3, 0, 0, 0, 3, 0]);
  }));

test('of what a sink elsewhere leaves out, nothing is put into its queue; what it wants takes the queue, with what came with it', () =>
  withBroker(['local', 'notify'], async ({ storage, broker, selective, stored, ledger, waiting }) => {
    // An older version left something there.
    await broker.publish([event('older')]);
    selective('notify', 'problem');
    await broker.publish([event('behind it')]);
    assert.equal(await waiting(2), ['older', 'behind it']);
    await storage.write('settle', { queue: 2, seqs: [1, 2], filtered: 2 });

    await broker.publish([event('a'), event('b')]);
    assert.equal(await waiting(2), []);
    await broker.publish([event('c'), event('wanted', { category: 'problem' })]);
    await broker.publish([event('d')]);
    assert.equal(await waiting(2), ['c', 'wanted', 'd']);
    await storage.write('settle', { queue: 2, seqs: [3, 4, 5], filtered: 2 });
    await broker.publish([event('e')]);
    await broker.publish([{ ...event('for it alone'), sinks: ['notify'] }]);
    await broker.publish([{ ...event('not for it'), sinks: ['local'] }]);
    assert.equal(await waiting(2), []);
    assert.equal(await ledger('notify'), [9, 1, 0, 8, 0, 0]);
    assert.is((await stored()).length, 9);
  }));

test('behind what waits in its queue, an event waits too', () =>
  withBroker(['local', 'mongodb'], async ({ storage, broker, stored, ledger, waiting }) => {
    await broker.publish([{ ...event('not an event'), body: 'text', sinks: ['local'] }]);
    await broker.publish([event('behind it')]);
    assert.equal(await stored(), []);
    assert.equal(await waiting(1), ['not an event', 'behind it']);
    await storage.write('settle', { queue: 1, seqs: [1, 2] });
    await broker.publish([event('after it')]);
    await broker.publish([{ ...event('for local alone'), sinks: ['local'] }]);
    await broker.publish([{ ...event('for the other alone'), sinks: ['mongodb'] }]);
    assert.equal(await stored(), ['after it', 'for local alone']);
    assert.equal(await ledger('local'), [4, 4, 0, 0, 0, 0]);
    assert.equal(await waiting(2), ['behind it', 'after it', 'for the other alone']);
  }));

test('what was there is a duplicate, another text under its id a conflict, and what the filter leaves out is filtered', () =>
  withBroker(
    ['local'],
    async ({ broker, metered, stored, ledger }) => {
      await broker.publish([event('a'), event('left out', { category: 'download' })]);
      await broker.publish([event('a'), event('b'), event('b', { size: 1 })]);
      assert.equal(await stored(), ['a', 'b']);
      assert.equal(await ledger('local'), [5, 2, 2, 1, 0, 0]);
      assert.equal(metered, [1, 'b', 3]);
      await broker.publish([event('also left out', { category: 'download' })]);
      assert.equal(await ledger('local'), [6, 2, 2, 2, 0, 0]);
    },
    'upload',
  ));

test('what is not an event comes through the queue, with all that came with it', () =>
  withBroker(['local'], async ({ broker, stored, ledger, waiting }) => {
    await broker.publish([event('a'), { ...event('b'), body: 'not JSON' }]);
    assert.equal(await stored(), []);
    assert.equal(await waiting(1), ['a', 'b']);
    assert.equal(await ledger('local'), [2, 0, 0, 0, 2, 0]);
  }));

test('what cannot be stored at once comes through the queue', () =>
  withBroker(['local'], async ({ broker, ledger, waiting }) => {
    broker.deliverStored({
      prepare: () => [
        {
          rows: {
            sink: 'local',
            rows: { events: [{} as string, 1, 'x', null, 'http', 1, 1, '{}'] },
            count: 1,
            filtered: 0,
          },
          delivered: () => assert.unreachable(),
        },
      ],
    });
    await broker.publish([event('a')]);
    assert.equal(await waiting(1), ['a']);
    assert.equal(await ledger('local'), [1, 0, 0, 0, 1, 0]);
  }));

test('who fails to hear of it makes nothing fail, and nothing is published again', () =>
  withBroker(['local', 'mongodb'], async ({ storage, broker, stored, ledger, waiting }) => {
    const stop = new AbortController();
    const deaf = (): never => {
      throw new Error('a listener that fails');
    };
    storage.events.listen(deaf, stop.signal);
    await Promise.all(['a', 'b', 'c'].map(id => broker.publish([event(id)])));
    assert.equal(await stored(), ['a', 'b', 'c']);
    assert.equal(await waiting(2), ['a', 'b', 'c']);
    assert.equal(await ledger('local'), [3, 3, 0, 0, 0, 0]);
    stop.abort();
  }));

test('a source keeps its place in the same commit', () =>
  withBroker(['local'], async ({ storage, broker, stored }) => {
    await broker.publishWith([event('a')], [['putCheckpoint', { key: 'log', value: '7' }]]);
    assert.equal(await stored(), ['a']);
    assert.is(await storage.checkpoints.get('log'), 7);
    const failing = broker.publishWith([event('b')], [['settle', { queue: 1, seqs: [0] }]]);
    await failing.then(
      () => assert.unreachable(),
      () => {},
    );
    assert.equal(await stored(), ['a']);
  }));

test('without people, a row holds what is left, and the digits of its numbers', async () => {
  const withoutPeople = personalFilter('none', 'a secret of the test');
  const body =
    '{"category":"upload","user_id":"user-of-ada","user_name":"Ada","n":1524831183200260097,"created":1700000000000}';
  await withBroker(
    ['local'],
    async ({ storage, broker }) => {
      await broker.publish([{ ...event('a'), body }]);
      const [stored] = (await storage.events.query({ limit: 1 })).events;
      assert.is(
        stored?.[bodyText],
        '{"category":"upload","user_id":"user-0f3d80aad3226845","n":1524831183200260097,"created":1700000000000}',
      );
    },
    'all',
    withoutPeople,
  );
});

test('what is known beside an event is added to that event, whichever of its neighbours go elsewhere', async () => {
  const id = (number: number): string => String(number).padStart(24, 'a');
  const bodyOf = (category: string, fields: object): string =>
    JSON.stringify({ category, created: 1_700_000_000_000, type: 'file', ...fields });
  const about = (number: number, fields: object = {}) => ({ resource_id: id(number), ...fields });
  const tells = [1, 2, 3].map(number =>
    bodyOf('download', about(number, { dataset_id: id(number + 10), dataset_name: `Dataset ${number}` })),
  );
  const bodies = [...tells, bodyOf('upload', {}), ...[1, 2, 3].map(number => bodyOf('upload', about(number)))];
  const message = fc.record(
    { body: fc.constantFrom(erasedBody, ...bodies), sinks: fc.constantFrom(['usage'], ['mongodb']) },
    { requiredKeys: ['body'] },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 12 }), async made => {
      const messages = made.map((one, index): Message => ({ ...event(`e${index}`), ...one }));
      const { context } = await openContext();
      const stored = new StoredSinks({ clock: systemClock, meter: { written: () => {}, failed: () => {} }, context });
      const filter = { matches: ({ category }: Event) => category === 'upload' };
      let rows: readonly Event[] = [];
      const rowsOf = (events: readonly Event[]) => {
        rows = events;
        return { events: eventRows(events) };
      };
      stored.add({ sink: 'usage', filter, maker: { usesContext: true, rowsOf }, onDelivered: () => {} });
      const [prepared] = stored.prepare(messages);

      const { context: other } = await openContext();
      const its = messages.filter(({ sinks }) => sinks?.[0] !== 'mongodb');
      const eventsOf = (some: readonly Message[]): Event[] =>
        some.flatMap(one => {
          const decoded = one.body === erasedBody ? undefined : decode(one);
          return decoded?.kind === 'event' ? [decoded.event] : [];
        });
      for (const one of eventsOf(messages)) other.hear(one);
      const taken = eventsOf(its).filter(filter.matches);
      assert.equal(
        rows,
        taken.map(one => other.addTo(one)),
      );
      const erased = its.filter(({ body }) => body === erasedBody).length;
      const counts = { count: taken.length, filtered: its.length - taken.length - erased, erased };
      if (its.length === 0) assert.is(prepared, undefined);
      else assert.equal(prepared?.rows, { sink: 'usage', rows: { events: eventRows(rows) }, ...counts });
      await Promise.all([context.close(), other.close()]);
    }),
  );
});

test.run();
