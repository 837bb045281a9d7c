import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CursorError } from '../../src/errors.js';
import type { Event } from '../../src/events/event.js';
import type { EventQuery, StoredEvent } from '../../src/storage/queries.js';
import type { Storage } from '../../src/storage/storage.js';
import { withStorage } from './scratch.js';

const firstAt = 1_700_000_000_000;

function event(number: number, changes: Partial<Event> = {}): Event {
  return {
    id: `event-${number}`,
    created: firstAt + number,
    category: 'download',
    type: 'file',
    fields: { category: 'download', type: 'file', created: firstAt + number, size: number },
    source: 'http',
    received: firstAt,
    ...changes,
  };
}

function events(count: number, change: (number: number) => Partial<Event> = () => ({})): Event[] {
  return Array.from({ length: count }, (_, number) => event(number, change(number)));
}

async function everyPage(storage: Storage, query: EventQuery, between = async () => {}): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  let cursor: string | null = null;
  do {
    const page = await storage.events.query(cursor === null ? query : { ...query, cursor });
    found.push(...page.events);
    cursor = page.nextCursor;
    await between();
  } while (cursor !== null);
  return found;
}

test('the same id with another content is a conflict, unless this daemon chose the id', () =>
  withStorage(async storage => {
    await storage.events.insert(events(3));
    const other = (number: number, changes: Partial<Event> = {}) =>
      event(number, { fields: { category: 'download', size: 99 }, ...changes });
    const report = await storage.events.insert([
      event(0),
      other(1),
      other(2, { source: 'health' }),
      other(4),
      other(4),
    ]);
    assert.equal(report, { duplicates: 4, conflicts: [1] });
    const twice = await storage.events.insert([event(5), other(5, { source: 'clowder' })]);
    assert.equal(twice, { duplicates: 1, conflicts: [1] });
  }));

test('an event is stored once, and inserting says how many were there', () =>
  withStorage(async storage => {
    const duplicates = async (some: ReturnType<typeof events>) => (await storage.events.insert(some)).duplicates;
    assert.is(await duplicates(events(100)), 0);
    assert.is(await duplicates(events(100)), 100);
    assert.is(await duplicates([...events(101), event(200), event(200)]), 101);
    assert.is(await duplicates([]), 0);
    assert.is((await everyPage(storage, { limit: 1000 })).length, 102);
  }));

test('an event shows its fields flat, and the daemon’s beside them', () =>
  withStorage(async storage => {
    const fields = {
      id: 'theirs',
      created: '2023-11-14T22:13:20Z',
      category: 'download',
      user_id: 'ü',
      nested: { deep: [1, null] },
    };
    await storage.events.insert([
      event(0, { fields, type: undefined }),
      event(1, { text: 'no JSON', fields: {}, category: 'unknown', type: undefined }),
    ]);
    const { events: found, nextCursor } = await storage.events.query({ limit: 10 });
    assert.is(nextCursor, null);
    assert.equal(found, [
      {
        id: 'event-1',
        created: firstAt + 1,
        category: 'unknown',
        text: 'no JSON',
        _source: 'http',
        _received: firstAt,
      },
      {
        ...fields,
        id: 'event-0',
        id_original: 'theirs',
        created: firstAt,
        category: 'download',
        _source: 'http',
        _received: firstAt,
      },
    ]);
  }));

test('pages are newest first, and each event is on one, while others come in', () =>
  withStorage(async storage => {
    // Many share a time, so that the tie-break is tried.
    await storage.events.insert(events(95, number => ({ created: firstAt + Math.floor(number / 20) })));
    let late = 1000;
    const found = await everyPage(storage, { limit: 10, order: 'created', to: firstAt + 1000 }, async () => {
      await storage.events.insert([
        event(late, { created: firstAt + 900 }),
        event(late + 1, { created: firstAt + 2000 }),
      ]);
      late += 2;
    });
    assert.equal(
      found.map(({ id }) => id),
      events(95)
        .map(({ id }) => id)
        .reverse(),
    );
  }));

test('pages in order of arrival stand still while events come, and one from the future does not stay on top', () =>
  withStorage(async storage => {
    const year2360 = Date.UTC(2360, 0);
    await storage.events.insert([event(0, { created: year2360 }), ...events(95).slice(1)]);
    let late = 1000;
    const found = await everyPage(storage, { limit: 10 }, async () => {
      await storage.events.insert([event(late, { created: firstAt + 20 }), event(late + 1, { created: year2360 })]);
      late += 2;
    });
    assert.equal(
      found.map(({ id }) => id),
      events(95)
        .map(({ id }) => id)
        .reverse(),
    );
    const byTime = await storage.events.query({ limit: 1, order: 'created' });
    assert.is(byTime.events[0]?.created, year2360);
  }));

test('filters by category, type and time', () =>
  withStorage(async storage => {
    await storage.events.insert(
      events(40, number => ({
        category: number % 2 ? 'upload' : 'download',
        type: number % 4 < 2 ? 'file' : 'dataset',
      })),
    );
    const count = async (query: Partial<EventQuery>) => (await everyPage(storage, { limit: 7, ...query })).length;
    assert.is(await count({ category: 'upload' }), 20);
    assert.is(await count({ category: 'upload', type: 'file' }), 10);
    assert.is(await count({ type: 'file' }), 20);
    assert.is(await count({ from: firstAt + 10, to: firstAt + 20 }), 10);
    assert.is(await count({ category: 'nothing' }), 0);
  }));

test('pages use the indexes', () =>
  withStorage(async (_, dir) => {
    const { Database } = await import('../../src/storage/database.js');
    const database = new Database(`${dir}/event-sink.db`);
    for (const [where, index] of [
      ['created < ?', 'events_by_time'],
      ['category = ?', 'events_by_category'],
      ['category = ? AND type = ?', 'events_by_category'],
    ]) {
      const plan = database
        .rows<[number, number, number, string]>(
          `EXPLAIN QUERY PLAN SELECT n, size FROM events WHERE ${where} AND (created, n) < (?, ?) ORDER BY created DESC, n DESC LIMIT 10`,
          ...where!.match(/\?/g)!.map(() => 'x'),
          1,
          2,
        )
        .map(([, , , detail]) => detail)
        .join('; ');
      assert.match(plan, index!);
      // Events of the very same time may be sorted, never those of different times.
      assert.not.match(plan, 'TEMP B-TREE FOR ORDER BY');
    }
    const [[, , , arrival] = []] = database.rows<[number, number, number, string]>(
      'EXPLAIN QUERY PLAN SELECT n, size FROM events WHERE category = ? AND n < ? ORDER BY n DESC LIMIT 10',
      'x',
      1,
    );
    assert.match(arrival ?? '', 'events_by_arrival');
    database.close();
  }));

test('a large page is a shorter page', () =>
  withStorage(async storage => {
    const text = 'x'.repeat(1024 * 1024);
    for (let number = 0; number < 10; number += 1) await storage.events.insert([event(number, { fields: { text } })]);
    const page = await storage.events.query({ limit: 10 });
    assert.ok(page.events.length > 0 && page.events.length < 10);
    assert.is((await everyPage(storage, { limit: 10 })).length, 10);
  }));

test('refuses a cursor of somebody else', () =>
  withStorage(async storage => {
    for (const cursor of ['', 'nonsense', '17', Buffer.from('1:2:3').toString('base64url')]) {
      const error = await storage.events.query({ limit: 1, cursor }).catch(thrown => thrown);
      assert.instance(error, CursorError);
    }
  }));

test('old events leave by their receipt, in chunks', () =>
  withStorage(async storage => {
    await storage.events.insert(events(100, number => ({ created: 0, received: firstAt + number })));
    const trim = () => storage.write('trimEvents', { receivedBefore: firstAt + 50, maxBytes: 1e9, limit: 20 });
    assert.equal([await trim(), await trim(), await trim(), await trim()], [20, 20, 10, 0]);
    const left = await everyPage(storage, { limit: 100 });
    assert.is(left.length, 50);
    assert.is(Math.min(...left.map(({ _received }) => _received)), firstAt + 50);
  }));

test('what a wrong clock has dated ahead leaves with what was stored behind it, and keeps nothing for ever', () =>
  withStorage(async storage => {
    const ahead = Date.now() + 10 * 365 * 86_400_000;
    const received = (number: number): number => (number < 50 || number === 90 ? ahead : firstAt + number);
    await storage.events.insert(events(100, number => ({ created: 0, received: received(number) })));
    const trim = (receivedBefore: number) => storage.write('trimEvents', { receivedBefore, maxBytes: 1e9, limit: 20 });
    assert.is(await trim(0), 0);
    assert.is(await trim(firstAt + 50), 0);
    const before = firstAt + 80;
    assert.equal([await trim(before), await trim(before), await trim(before)], [20, 20, 20]);
    assert.equal([await trim(before), await trim(before)], [20, 0]);
    // Nobody knows when the last ones were received: what is stored behind them is young, or nothing is.
    assert.equal([await trim(firstAt + 90), await trim(firstAt + 90)], [10, 0]);
    const left = await everyPage(storage, { limit: 100 });
    assert.is(left.length, 10);
  }));

test('the first stored leave when the store is too large', () =>
  withStorage(async storage => {
    await storage.events.insert(events(100, () => ({ fields: { text: 'x'.repeat(800) } })));
    const full = await storage.read('eventBytes');
    while ((await storage.write('trimEvents', { receivedBefore: 0, maxBytes: full / 2, limit: 10 })) > 0);
    assert.ok((await storage.read('eventBytes')) <= full / 2);
    const left = await everyPage(storage, { limit: 100 });
    assert.is(left.length, 50);
    assert.is(left.at(-1)!.id, 'event-50');
    while ((await storage.write('trimEvents', { receivedBefore: firstAt + 1, maxBytes: full, limit: 10 })) > 0);
    assert.is(await storage.read('eventBytes'), 0);
  }));

test('a listener hears of what is new, once it is stored', () =>
  withStorage(async storage => {
    const heard: string[] = [];
    const abort = new AbortController();
    await storage.events.insert(events(2));
    storage.events.listen(({ id }) => heard.push(id), abort.signal);
    await storage.events.insert(events(4));
    abort.abort();
    await storage.events.insert(events(6));
    assert.equal(heard, ['event-2', 'event-3']);
  }));

test('a series counts by category', () =>
  withStorage(async storage => {
    await storage.events.insert(
      events(30, number => ({ created: firstAt + number * 1000, category: number % 3 ? 'download' : 'upload' })),
    );
    const series = await storage.events.series({ from: firstAt, to: firstAt + 25_000, step: 10_000 });
    assert.equal(series, {
      times: [firstAt, firstAt + 10_000, firstAt + 20_000],
      lines: [
        { name: 'download', values: [6, 7, 3] },
        { name: 'upload', values: [4, 3, 2] },
      ],
    });
  }));

test('a series is the mean of a number, split by a field', () =>
  withStorage(async storage => {
    const answers = [10, 20, 'none', 30, null, 50];
    await storage.events.insert(
      answers.map((ms, number) =>
        event(number, {
          category: 'health',
          created: firstAt + number * 1000,
          fields: { ms, 'service.name': number % 2 ? 'b' : 'a' },
        }),
      ),
    );
    const query = { from: firstAt, to: firstAt + 8000, step: 4000, category: 'health', field: 'ms' };
    assert.equal((await storage.events.series(query)).lines, [{ name: 'health', values: [20, 50] }]);
    assert.equal((await storage.events.series({ ...query, by: 'service.name' })).lines, [
      { name: 'b', values: [25, 50] },
      { name: 'a', values: [10, null] },
    ]);
    for (const field of ['', '"', 'a"b', "'", '$', 'x\\']) {
      assert.equal((await storage.events.series({ ...query, field })).lines, []);
      assert.type((await storage.events.series({ ...query, by: field })).lines.length, 'number');
    }
  }));

test('half a surrogate pair and NUL come out of the store as they went in, and do not end the process', () =>
  withStorage(async storage => {
    const odd = ['half \ud83c end', 'nul \u0000 end', '\udc00', '\u0000'];
    const fieldsOf = (text: string) => ({ category: text, type: text, place: text });
    await storage.events.insert(
      odd.map((text, number) => event(number, { category: text, type: text, fields: fieldsOf(text) })),
    );
    const { events: found } = await storage.events.query({ limit: 10 });
    assert.equal(
      found.map(({ category, type, place }) => ({ category, type, place })),
      odd.map(fieldsOf).reverse(),
    );
    for (const by of ['category', 'type', 'place']) {
      const { lines } = await storage.events.series({ from: firstAt, to: firstAt + 1000, step: 1000, by });
      // A half comes out as one or more U+FFFD.
      const names = lines.map(({ name }) => name.replace(/\ufffd+/, '?'));
      assert.equal(names.sort(), ['\u0000', '?', 'half ? end', 'nul \u0000 end'], by);
      assert.equal(
        lines.map(({ values }) => values),
        [[1], [1], [1], [1]],
        by,
      );
    }
  }));

test('a series by or of a field with an odd name', () =>
  withStorage(async ({ events: store }) => {
    await store.insert(events(2));
    const query = { from: firstAt, to: firstAt + 1000, step: 1000 };
    for (const odd of ['__proto__', 'constructor', 'toString', 'a\u0000b', '"', '\\', '$', '[0]', '\ud800']) {
      assert.equal((await store.series({ ...query, by: odd })).lines, [], odd);
      assert.equal((await store.series({ ...query, field: odd })).lines, [], odd);
    }
  }));

test('a series keeps the largest lines', () =>
  withStorage(async storage => {
    await storage.events.insert(events(500, number => ({ fields: { user: `user-${Math.floor(Math.sqrt(number))}` } })));
    const { lines } = await storage.events.series({ from: firstAt, to: firstAt + 1000, step: 1000, by: 'user' });
    assert.is(lines.length, 20);
    assert.is(lines[0]!.name, 'user-21');
  }));

test.run();
