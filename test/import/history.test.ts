import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TransientError } from '../../src/errors.js';
import type { Message } from '../../src/events/message.js';
import { History, type HistoryOptions, SinkNamesError } from '../../src/import/history.js';
import { amplitudeSink } from '../../src/sinks/amplitude.js';
import { ga4Sink } from '../../src/sinks/ga4.js';
import { localSink } from '../../src/sinks/local.js';
import { mongodbSink } from '../../src/sinks/mongodb.js';
import type { SinkDefinition } from '../../src/sinks/sink.js';
import { usageSink } from '../../src/sinks/usage.js';
import { SentMonths } from '../../src/usage/sent-months.js';
import { thrown } from '../helpers/thrown.js';
import { manualClock } from '../storage/scratch.js';

const now = Date.UTC(2026, 5, 10);
const every = [localSink, usageSink, mongodbSink, amplitudeSink, ga4Sink] as unknown as readonly SinkDefinition[];

function past(id: string, category = 'page_view', created = Date.UTC(2026, 2, 15)): Message {
  const fields = { category, created };
  return { id, body: JSON.stringify(fields), fields, source: 'import', received: now };
}

interface Scene {
  readonly history: History;
  readonly published: Message[];
  readonly reopened: number[];
}

function scene(changes: Partial<HistoryOptions> = {}, known: readonly string[] = []): Scene {
  const published: Message[] = [];
  const reopened: number[] = [];
  const history = new History({
    sinks: () => every,
    publish: async messages => {
      published.push(...messages);
      return 'embedded';
    },
    depth: async () => ({ ready: 0, unsettled: 0 }),
    storage: { read: async () => known as never, write: async () => undefined as never },
    countsLog: true,
    reopening: {
      closedMonths: async () => [202603],
      reopen: async month => reopened.push(month) > 0,
      sent: new SentMonths(manualClock(now)),
    },
    clock: manualClock(now),
    ...changes,
  });
  return { history, published, reopened };
}

test('goes where history belongs, and to analytics only when they are named', async () => {
  const { history, published } = scene({ reopening: undefined });
  const done = await history.import({ messages: [past('a')], sinks: undefined, reopen: false });
  assert.equal(done.sinks, ['local', 'usage', 'mongodb']);
  assert.equal(published[0]?.sinks, ['local', 'usage', 'mongodb']);
  await history.import({ messages: [past('b')], sinks: ['amplitude'], reopen: false });
  assert.equal(published[1]?.sinks, ['amplitude']);
});

test('a sink that is not there is said to be, with those that are', async () => {
  const { history, published } = scene();
  const error = await thrown(history.import({ messages: [past('a')], sinks: ['mongo'], reopen: false }));
  assert.instance(error, SinkNamesError);
  assert.match((error as Error).message, 'no sink mongo here; there are local, usage, mongodb, amplitude, ga4');
  assert.is(published.length, 0);
});

test('what is too old for one sink goes to the others; for all of them it is refused in words', async () => {
  const { history, published } = scene({ reopening: undefined });
  const fresh = past('fresh', 'upload', now - 3_600_000);
  const both = await history.import({ messages: [past('old'), fresh], sinks: ['ga4', 'mongodb'], reopen: false });
  assert.equal(both.tooOld, { ga4: 1 });
  assert.equal(
    published.map(({ id, sinks }) => [id, sinks]),
    [
      ['old', ['mongodb']],
      ['fresh', ['mongodb', 'ga4']],
    ],
  );
  const alone = await history.import({ messages: [fresh, past('old')], sinks: ['ga4'], reopen: false });
  assert.equal(alone.refused, [{ index: 1, message: 'ga4 takes nothing that is older than 3 days' }]);
});

test('accesses of a closed month do not reach usage, and are counted; other events and other sinks are as ever', async () => {
  const { history, published, reopened } = scene();
  const messages = [past('view'), past('upload', 'upload'), past('april', 'page_view', Date.UTC(2026, 3, 1))];
  const done = await history.import({ messages, sinks: ['usage', 'mongodb'], reopen: false });
  assert.equal([...done.closed], [[202603, 1]]);
  assert.equal(
    published.map(({ sinks }) => sinks?.includes('usage')),
    [false, true, true],
  );
  assert.equal(reopened, []);
});

test('with reopen the month is reopened before the events come', async () => {
  const { history, published, reopened } = scene();
  const done = await history.import({ messages: [past('view')], sinks: ['usage'], reopen: true });
  assert.equal([done.reopened, reopened, [...done.closed]], [[202603], [202603], []]);
  assert.equal(published[0]?.sinks, ['usage']);
});

test('says how many were here already, where anything here could tell', async () => {
  const { history } = scene({}, ['a']);
  const messages = [past('a', 'upload'), past('b', 'upload')];
  assert.is((await history.import({ messages, sinks: ['local'], reopen: false })).alreadyThere, 1);
  assert.is((await history.import({ messages, sinks: ['mongodb'], reopen: false })).alreadyThere, undefined);
});

test('requests that follow each other are one import', async () => {
  const clock = manualClock(now);
  const { history } = scene({ clock });
  const begins: boolean[] = [];
  for (const minutes of [0, 9, 18, 29]) {
    clock.time = now + minutes * 60_000;
    begins.push((await history.import({ messages: [past('a')], sinks: ['mongodb'], reopen: false })).begins);
  }
  assert.equal(begins, [true, false, false, true]);
});

test('waits behind what happens now: one at a time, and none while a sink has much to do', async () => {
  const busy = scene({ depth: async sink => ({ ready: sink === 'mongodb' ? 2_001 : 0, unsettled: 0 }) });
  const refused = await thrown(busy.history.import({ messages: [past('a')], sinks: undefined, reopen: false }));
  assert.instance(refused, TransientError);
  assert.match((refused as Error).message, 'events wait for mongodb');
  await busy.history.import({ messages: [past('a', 'upload')], sinks: ['local'], reopen: false });
  const away = scene({ depth: () => Promise.reject(new TransientError('RabbitMQ is away')) });
  for (let tries = 0; tries < 2; tries += 1) {
    const waits = away.history.import({ messages: [past('a', 'upload')], sinks: ['local'], reopen: false });
    assert.match((await thrown(waits)).message, 'RabbitMQ is away');
  }

  let release = (): void => {};
  const released = new Promise<void>(resolve => {
    release = resolve;
  });
  const slow = scene({ publish: () => released.then(() => 'embedded' as const) });
  const first = slow.history.import({ messages: [past('a', 'upload')], sinks: ['local'], reopen: false });
  const second = await thrown(slow.history.import({ messages: [past('b')], sinks: ['local'], reopen: false }));
  assert.match((second as Error).message, 'another request of this kind is under way');
  release();
  assert.is((await first).durability, 'embedded');
});

test('what an import opens and has read is noted once for a month, where the log is counted', async () => {
  const noted: unknown[] = [];
  const storage: HistoryOptions['storage'] = {
    read: async () => [] as never,
    write: async (_name, ...args) => noted.push(args[0]) as never,
  };
  const notes = { spans: [{ from: 1, to: 2 }], gaps: [] };
  const imported = { messages: [past('a')], sinks: ['usage'], reopen: false, notes };
  const counted = scene({ storage, reopening: undefined }).history;
  await counted.import(imported);
  await counted.import({ ...imported, notes: undefined });
  await counted.import({ ...imported, messages: [] });
  assert.equal(noted.splice(0), [
    { months: [202603], ...notes },
    { months: [], ...notes },
  ]);
  const other = scene({ storage, reopening: undefined, countsLog: false }).history;
  await other.import(imported);
  await other.import({ ...imported, sinks: ['mongodb'] });
  assert.equal(noted, [{ months: [202603], spans: [], gaps: [] }]);
});

test.run();
