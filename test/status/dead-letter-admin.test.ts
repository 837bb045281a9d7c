import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeadLetter, DeadLetterStore } from '../../src/broker/broker.js';
import { TransientError } from '../../src/errors.js';
import { Backlog } from '../../src/import/backlog.js';
import { DeadLetterAdmin } from '../../src/status/dead-letter-admin.js';
import { hastyClock } from '../helpers/clock.js';
import { thrown } from '../helpers/thrown.js';

const hour = 3_600_000;
const now = 1_710_000_000_000;

function storeOf(deadLetters: DeadLetter[]): DeadLetterStore & { deadLetters: DeadLetter[] } {
  const store = {
    deadLetters,
    list: async ({ sink, limit, cursor }: Parameters<DeadLetterStore['list']>[0]) => {
      const all = store.deadLetters.filter(deadLetter => sink === undefined || deadLetter.sink === sink);
      const start = Number(cursor ?? 0);
      const page = all.slice(start, start + limit);
      return { deadLetters: page, nextCursor: start + limit < all.length ? String(start + limit) : null };
    },
    redrive: ({ sink, keys }: Parameters<DeadLetterStore['redrive']>[0]) =>
      store.remove({ sink, ...(keys && { keys }) }),
    remove: async ({ sink, keys }: Parameters<DeadLetterStore['remove']>[0]) => {
      const before = store.deadLetters.length;
      store.deadLetters = store.deadLetters.filter(
        deadLetter => deadLetter.sink !== sink || (keys && !keys.includes(deadLetter.key)),
      );
      return before - store.deadLetters.length;
    },
    count: async (sink: string) => store.deadLetters.filter(deadLetter => deadLetter.sink === sink).length,
  };
  return store;
}

function deadLetter(number: number, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    key: String(number),
    sink: 'ga4',
    id: `event-${number}`,
    reason: number % 2 === 0 ? 'Field type conflict' : 'too large',
    fault: 'poison',
    attempts: 1,
    firstSeen: now - number * hour,
    deadAt: now - number * hour,
    body: JSON.stringify({ category: number % 3 === 0 ? 'upload' : 'download', created: now - number * hour }),
    source: 'http',
    ...more,
  };
}

function adminOf(deadLetters: DeadLetter[], since: 'created' | 'first-seen' = 'created') {
  const store = storeOf(deadLetters);
  const limit = { withinMs: 72 * hour, since, because: 'older than 72 hours' };
  const limitOf = (sink: string) => (sink === 'ga4' ? limit : undefined);
  const waiting = { ready: 0, unsettled: 0 };
  const backlog = new Backlog(async () => waiting, { maxWaiting: 5 });
  const clock = { ...hastyClock(), now: () => now };
  return { store, waiting, deadLetterAdmin: new DeadLetterAdmin({ store, clock, limitOf, backlog }) };
}

const hundred = (): DeadLetter[] => Array.from({ length: 100 }, (_, number) => deadLetter(number));

test('lists by reason, category and time; paging through a filter misses nothing and repeats nothing', async () => {
  const { deadLetterAdmin } = adminOf(hundred());
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await deadLetterAdmin.list({
      sink: 'ga4',
      limit: 7,
      reason: 'TYPE CONFLICT',
      category: 'upload',
      ...(cursor && { cursor }),
    });
    found.push(...page.deadLetters.map(({ key }) => key));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  assert.equal(
    found,
    hundred()
      .map(({ key }) => key)
      .filter(key => Number(key) % 6 === 0),
  );
  const timed = await deadLetterAdmin.list({ limit: 1000, from: now - 10 * hour, to: now - 4 * hour });
  assert.equal(
    timed.deadLetters.map(({ key }) => key),
    ['5', '6', '7', '8', '9', '10'],
  );
});

test('a dry run says what would happen and changes nothing', async () => {
  const { deadLetterAdmin, store } = adminOf(hundred());
  const report = await deadLetterAdmin.redrive({ sink: 'ga4', dryRun: true });
  assert.is(report.redriven, 73);
  assert.is(report.refused.length, 27);
  assert.is(report.refused[0]?.reason, 'older than 72 hours');
  assert.is(store.deadLetters.length, 100);
});

test('what is too old for the destination stays, unless forced', async () => {
  const { deadLetterAdmin, store } = adminOf(hundred());
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4' })).redriven, 73);
  assert.is(store.deadLetters.length, 27);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', force: true })).redriven, 27);
  assert.is(store.deadLetters.length, 0);
});

test('the limit counts from the first try where the sink says so', async () => {
  const { deadLetterAdmin } = adminOf(
    [deadLetter(1, { firstSeen: now - 100 * hour }), deadLetter(100, { firstSeen: now - hour })],
    'first-seen',
  );
  assert.equal(
    (await deadLetterAdmin.redrive({ sink: 'ga4', dryRun: true })).refused.map(({ key }) => key),
    ['1'],
  );
});

test('redrives by key and by filter, and another sink has no limit', async () => {
  const { deadLetterAdmin, store } = adminOf([...hundred(), deadLetter(200, { sink: 'mongodb' })]);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', keys: ['3', '4', '99'] })).redriven, 2);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', reason: 'too large', category: 'upload' })).redriven, 11);
  assert.is((await deadLetterAdmin.redrive({ sink: 'mongodb', dryRun: true })).redriven, 1);
  assert.is((await deadLetterAdmin.redrive({ sink: 'mongodb' })).redriven, 1);
  assert.is(store.deadLetters.length, 100 - 2 - 11);
});

test('expires what is past its retention, and nothing else', async () => {
  const deadLetters = hundred().reverse();
  const { deadLetterAdmin, store } = adminOf(deadLetters);
  assert.is(await deadLetterAdmin.expire('ga4', now - 50 * hour), 49);
  assert.is(store.deadLetters.length, 51);
  assert.is(await deadLetterAdmin.expire('ga4', now - 50 * hour), 0);
});

test('in portions, the oldest first, and none while events wait for the sink', async () => {
  const { store, waiting, deadLetterAdmin } = adminOf(Array.from({ length: 50 }, (_, number) => deadLetter(number)));
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', limit: 20 })).redriven, 20);
  assert.equal(store.deadLetters.map(({ key }) => key).slice(0, 2), ['20', '21']);
  waiting.ready = 6;
  assert.match((await thrown(deadLetterAdmin.redrive({ sink: 'ga4', limit: 20 }))).message, 'events wait for ga4');
  assert.is(store.deadLetters.length, 30);
  waiting.ready = 5;
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', limit: 20 })).redriven, 20);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', limit: 20 })).redriven, 10);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', limit: 20 })).redriven, 0);
});

test('what stays is read in whole pages however few are wanted, and a portion of all reads no more than it takes', async () => {
  const { store, deadLetterAdmin } = adminOf([
    ...Array.from({ length: 2_500 }, (_, number) => deadLetter(100 + number)),
    ...Array.from({ length: 50 }, (_, number) => deadLetter(number)),
  ]);
  const pages: number[] = [];
  const list = store.list.bind(store);
  store.list = async query => {
    pages.push(query.limit);
    return list(query);
  };
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', limit: 10 })).redriven, 10);
  assert.equal(pages.splice(0), [1000, 1000, 1000]);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', limit: 10, reason: 'too large' })).redriven, 10);
  assert.equal(pages.splice(0), [1000, 1000, 1000]);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', limit: 10, force: true })).redriven, 10);
  assert.equal(pages, [10]);
});

test('what a store does not list is said not to be reached, unless all that were wanted were found', async () => {
  const { store, deadLetterAdmin } = adminOf([
    ...hundred(),
    ...hundred().map(({ key }) => deadLetter(100 + Number(key))),
  ]);
  const list = store.list.bind(store);
  store.list = async query => ({ ...(await list({ ...query, limit: 100 })), nextCursor: null });
  const { redriven, refused, notReached } = await deadLetterAdmin.redrive({ sink: 'ga4', dryRun: true });
  assert.equal([redriven, refused.length, notReached], [73, 27, 100]);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', reason: 'too large', dryRun: true })).notReached, 100);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', limit: 20 })).notReached, 0);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', keys: ['99'] })).notReached, 0);
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', force: true })).notReached, 0);
});

test('a portion that fails in the middle says how many came back before; the next one says why', async () => {
  const { store, deadLetterAdmin } = adminOf(Array.from({ length: 250 }, (_, number) => deadLetter(number)));
  const redrive = store.redrive.bind(store);
  let parts = 0;
  store.redrive = async selection => {
    parts += 1;
    if (parts > 2) throw new TransientError('RabbitMQ is away');
    return redrive(selection);
  };
  assert.is((await deadLetterAdmin.redrive({ sink: 'ga4', limit: 250, force: true })).redriven, 200);
  const next = deadLetterAdmin.redrive({ sink: 'ga4', limit: 50, force: true });
  assert.match((await thrown(next)).message, 'RabbitMQ is away');
  assert.is(store.deadLetters.length, 50);
});

test('a portion is let in a hundred at a time, each after a rest when the sink has nothing to do; it waits for that, but not long', async () => {
  const store = storeOf(Array.from({ length: 450 }, (_, number) => deadLetter(number)));
  const parts: number[] = [];
  let passed = 0;
  let busyLooks = 0;
  let looks = 0;
  const redrive = store.redrive.bind(store);
  store.redrive = async selection => {
    parts.push(selection.keys?.length ?? 0);
    looks = 0;
    return redrive(selection);
  };
  const depth = async () => {
    looks += 1;
    return { ready: 0, unsettled: looks <= busyLooks ? 100 : 0 };
  };
  const clock = {
    now: () => now,
    monotonic: () => passed,
    sleep: async (ms: number): Promise<void> => {
      passed += ms;
    },
  };
  const admin = new DeadLetterAdmin({ store, clock, limitOf: () => undefined, backlog: new Backlog(depth) });
  assert.is((await admin.redrive({ sink: 'ga4', limit: 250 })).redriven, 250);
  assert.equal(parts.splice(0), [100, 100, 50]);
  assert.is(passed, 600);
  // The sink is busy whenever it is looked at, but for the fifth time; the first look is whether it is the turn.
  busyLooks = 4;
  passed = 0;
  assert.is((await admin.redrive({ sink: 'ga4', limit: 100 })).redriven, 100);
  assert.is(passed, 200 + 3 * 20);
  // It is never idle: the part comes all the same.
  busyLooks = Number.POSITIVE_INFINITY;
  passed = 0;
  assert.is((await admin.redrive({ sink: 'ga4', limit: 100 })).redriven, 100);
  assert.is(passed, 400);
});

test.run();
