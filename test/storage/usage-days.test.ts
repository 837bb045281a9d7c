import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/events/event.js';
import { naiveMonths, type Visit } from '../usage/naive.js';
import { access, datasetId, fileId, firefox, UsageScene } from '../usage/scene.js';

const agents = { regular: firefox, machine: 'curl/8.5.0', robot: 'Googlebot/2.1' };

/** Times around an hour, a midnight and the end of a month, close enough for chains of clicks. */
const times = fc
  .tuple(
    fc.constantFrom(Date.UTC(2026, 2, 31, 23), Date.UTC(2026, 3, 1), Date.UTC(2026, 3, 1, 10), Date.UTC(2026, 4, 1)),
    fc.oneof(fc.integer({ min: -90, max: 90 }), fc.integer({ min: -3600, max: 3600 })),
    fc.constantFrom(0, 0, 0, 1, 999),
  )
  .map(([about, seconds, ms]) => about + seconds * 1000 + ms);

const who = fc.oneof(
  fc.constantFrom('ada', 'carl').map(login => ({ login })),
  fc.constantFrom('c1', 'c2').map(cookie => ({ cookie })),
  fc.constantFrom('v1', 'v2').map(visitor => ({ visitor })),
);

const visits: fc.Arbitrary<Visit[]> = fc
  .array(
    fc.record({
      time: times,
      who,
      session: fc.option(fc.constantFrom('s1', 's2'), { nil: undefined, freq: 3 }),
      by: fc.constantFrom('regular', 'regular', 'machine', 'robot'),
      kind: fc.constantFrom('view', 'download'),
      dataset: fc.integer({ min: 1, max: 2 }),
      file: fc.integer({ min: 1, max: 2 }),
      status: fc.constantFrom(200, 200, 206, 304, 404),
      bytes: fc.integer({ min: 0, max: 1000 }),
    }),
    { minLength: 20, maxLength: 60, size: 'max' },
  )
  .map(
    list =>
      list.map(({ session, ...visit }, index) => ({
        ...visit,
        id: `visit-${index}`,
        // A file is in one dataset.
        file: visit.dataset * 10 + visit.file,
        ...(session === undefined ? {} : { session }),
      })) as Visit[],
  );

function eventOf({ id, time, who: by, session, by: asker, kind, dataset, file, status, bytes }: Visit): Event {
  return access(
    time,
    kind === 'view' ? 'page_view' : 'resource_download',
    {
      type: kind === 'view' ? 'dataset' : 'file',
      url: kind === 'view' ? `/datasets/${datasetId(dataset)}` : `/files/${fileId(file)}/blob`,
      resource_id: kind === 'view' ? datasetId(dataset) : fileId(file),
      dataset_id: datasetId(dataset),
      status,
      bytes,
      user_agent: agents[asker],
      visitor: by.visitor,
      user_id: by.login,
      device_id: by.cookie,
      session_id: session,
    },
    id,
  );
}

/** How the events reach the sink: in which order and batches, what comes again, where the daemon dies. */
interface Passage {
  readonly order: readonly number[];
  readonly sizes: readonly number[];
  readonly again: readonly boolean[];
  /** After the batch was written and before it was settled: it comes again to another daemon. */
  readonly crashes: readonly boolean[];
  /** Somebody asks in between, so that days are counted that change later. */
  readonly asks: readonly boolean[];
}

const length = { minLength: 60, maxLength: 60 };
const passages: fc.Arbitrary<Passage> = fc.record({
  order: fc.array(fc.integer(), length),
  sizes: fc.array(fc.integer({ min: 1, max: 20 }), length),
  again: fc.array(fc.boolean(), length),
  crashes: fc.array(fc.boolean(), length),
  asks: fc.array(fc.boolean(), length),
});

async function pass(events: readonly Event[], passage: Passage): Promise<string[]> {
  const scene = new UsageScene();
  const shuffled = events
    .map((event, index) => ({ event, place: passage.order[index] ?? index }))
    .sort((one, other) => one.place - other.place)
    .flatMap(({ event }, index) => (passage.again[index] ? [event, event] : [event]));
  for (let from = 0, batch = 0; from < shuffled.length; batch += 1) {
    const size = passage.sizes[batch % 60] ?? 1;
    const events = shuffled.slice(from, from + size);
    await scene.take(...events);
    if (passage.crashes[batch % 60]) {
      scene.restart();
      await scene.take(...events);
    }
    if (passage.asks[batch % 60]) await scene.months();
    from += size;
  }
  return scene.months();
}

test('the same months in any order and batches, after repetitions and crashes, as by the plain rules', async () => {
  let counted = 0;
  await fc.assert(
    fc.asyncProperty(visits, passages, async (list, passage) => {
      const expected = naiveMonths(list).map(line => line.replace(/ (\d) /, (_, n) => ` ${datasetId(Number(n))} `));
      assert.equal(await pass(list.map(eventOf), passage), expected.sort());
      counted += expected.length;
    }),
    { numRuns: 80 },
  );
  assert.ok(counted > 400, 'the events come to something');
});

test.run();
