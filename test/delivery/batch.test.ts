import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Delivery } from '../../src/broker/broker.js';
import { Batch, type Item } from '../../src/delivery/batch.js';
import type { Event } from '../../src/events/event.js';
import { type Judged, Suppression } from '../../src/people/suppression.js';

function item(id: string): Item {
  const delivery: Delivery = { id, body: '{}', source: 'http', received: 0, redelivered: false };
  const event = {
    id,
    created: 0,
    category: 'upload',
    type: undefined,
    fields: {},
    source: 'http',
    received: 0,
  } as const;
  return { event, delivery, attempts: 0, alone: 0 };
}

const items = (count: number): Item[] => Array.from({ length: count }, (_, index) => item(String(index)));

/** Writes until the batch is finished, parked or out of tries; `culprits` throw. */
function run(batch: Batch, culprits: ReadonlySet<string>, mostWrites = 10_000) {
  const done: string[] = [];
  const dead: string[] = [];
  let writes = 0;
  while (batch.next !== undefined && writes < mostWrites && !batch.parked) {
    writes += 1;
    if (batch.next.some(({ event }) => culprits.has(event.id))) {
      dead.push(...batch.failed('boom').map(({ delivery }) => delivery.id));
    } else {
      const outcome = batch.written({});
      done.push(...outcome.done.map(({ id }) => id));
      dead.push(...outcome.dead.map(({ delivery }) => delivery.id));
    }
  }
  return { done, dead, writes };
}

test('every event gets exactly one verdict, and only culprits die, wherever they are', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), fc.array(fc.nat(59), { maxLength: 8 }), (count, picks) => {
      const culprits = new Set(picks.filter(pick => pick < count - 1).map(String));
      const batch = new Batch([items(count)], { healthy: true });
      const { done, dead } = run(batch, culprits);
      if (batch.parked) return; // three culprits in a row before the first success: parked, and nothing has left
      assert.equal([...dead].sort(), [...culprits].sort());
      assert.is(done.length + dead.length, count);
      assert.is(new Set([...done, ...dead]).size, count);
    }),
  );
});

test('one culprit in 500 is found in few writes', () => {
  const { dead, writes } = run(new Batch([items(500)], { healthy: true }), new Set(['137']));
  assert.equal(dead, ['137']);
  assert.ok(writes < 30, `${writes} writes`);
});

test('when everything fails the batch is parked soon, and nothing is dead-lettered', () => {
  const batch = new Batch([items(500)], { healthy: true });
  const { dead, writes } = run(batch, new Set(items(500).map(({ event }) => event.id)));
  assert.ok(batch.parked);
  assert.equal(dead, []);
  assert.is(batch.size, 500);
  assert.ok(writes < 40, `${writes} writes`);
});

test('a parked batch gives every event its turn, and goes on as soon as one succeeds', () => {
  const batch = new Batch([items(4)], { healthy: true });
  run(batch, new Set(['0', '1', '2', '3']));
  assert.ok(batch.parked);
  const turns: string[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    turns.push(batch.next![0]!.event.id);
    assert.is(batch.next!.length, 1);
    assert.equal(batch.failed('boom'), []);
  }
  assert.equal([...turns].sort(), ['0', '1', '2', '3']);
  const first = batch.next![0]!.event.id;
  batch.written({});
  assert.not(batch.parked);
  const { done } = run(batch, new Set());
  assert.is(done.length, 3);
  assert.not(done.includes(first));
});

test('a batch of one is held to be the culprit once; the next one without a success between parks the sink', () => {
  const evidence = { healthy: true };
  assert.equal(run(new Batch([[item('a')]], evidence), new Set(['a'])).dead, ['a']);
  const second = new Batch([[item('b')]], evidence);
  assert.equal(run(second, new Set(['b'])).dead, []);
  assert.ok(second.parked);
  second.grow([item('c')]);
  assert.is(second.size, 2);
  while (second.next![0]!.event.id !== 'c') second.failed('boom');
  second.written({});
  assert.equal(run(second, new Set(['b'])).dead, ['b']);
});

test('rejected, deferred and accepted events of one write are told apart', () => {
  const batch = new Batch([items(4)], { healthy: true });
  const outcome = batch.written({
    rejected: [{ index: 1, reason: 'too old' }],
    deferred: { indexes: [3], retryAfterMs: 10 },
    duplicates: 1,
  });
  assert.equal(
    outcome.done.map(({ id }) => id),
    ['0', '2'],
  );
  assert.equal(
    outcome.dead.map(({ delivery, reason, fault }) => [delivery.id, reason, fault]),
    [['1', 'too old', 'poison']],
  );
  assert.equal(
    outcome.deferred.map(({ event }) => event.id),
    ['3'],
  );
  assert.is(outcome.duplicates, 1);
  assert.is(batch.next, undefined);
});

test('a reason that is a whole page is cut short, whoever gives it', () => {
  const page = 'x'.repeat(1_000_000);
  const rejected = new Batch([items(1)], { healthy: true }).written({ rejected: [{ index: 0, reason: page }] });
  const failing = new Batch([items(1)], { healthy: true });
  const failed = [1, 2, 3].flatMap(() => failing.failed(page));
  for (const { reason } of [...rejected.dead, ...failed]) assert.ok(reason.length <= 1001);
  assert.is(rejected.dead.length + failed.length, 2);
});

test('events that may have stopped the event loop are written alone, after the others, until they are settled or set aside', () => {
  const stalls = new Map([
    ['1', 1],
    ['3', 3],
    ['4', 2],
  ]);
  const batch = new Batch(
    [items(6)],
    { healthy: true },
    {
      stalls: {
        room: 999,
        isSuspect: id => stalls.has(id),
        convicted: id => ((stalls.get(id) ?? 0) < 3 ? undefined : 'it stopped everything'),
        settled: ids => {
          for (const id of ids) stalls.delete(id);
        },
      },
    },
  );
  const segment = () => batch.next?.map(({ event }) => event.id).join();
  const [dead, ...more] = batch.leaving().dead;
  assert.is(dead?.delivery.id, '3');
  assert.is(dead?.fault, 'bug');
  assert.is(dead?.reason, 'it stopped everything');
  assert.is(more.length, 0);
  const written: (string | undefined)[] = [];
  for (; batch.next !== undefined; batch.written({})) {
    written.push(segment());
    assert.equal(batch.leaving().dead, []);
  }
  assert.equal(written, ['0,2,5', '1', '4']);
  assert.is(stalls.size, 0);
});

test('what somebody did who was erased meanwhile leaves before the next write', () => {
  const suppression = new Suppression('a secret of the test');
  const batch = new Batch([items(4)], { healthy: true }, { suppression });
  assert.equal(batch.leaving().done, []);
  const theirs: ReadonlySet<string> = new Set(['1', '2']);
  const judge = (event: Event): Judged => (theirs.has(event.id) ? 'theirs' : event);
  const later = new Batch([items(4)], { healthy: true }, { suppression: { isEmpty: false, generation: 1, judge } });
  const { done, erased, dead } = later.leaving();
  assert.equal([done.map(({ id }) => id), erased, dead], [['1', '2'], 2, []]);
  assert.equal(
    later.next?.map(({ event }) => event.id),
    ['0', '3'],
  );
  const all = new Batch(
    [items(2)],
    { healthy: true },
    { suppression: { isEmpty: false, generation: 1, judge: () => 'theirs' } },
  );
  assert.is(all.leaving().erased, 2);
  assert.is(all.next, undefined);
});

test('what was judged by the same list is not judged again', () => {
  let judged = 0;
  const judge = (event: Event): Judged => {
    judged += 1;
    return event;
  };
  const suppression = { isEmpty: false, generation: 1, judge };
  const [known, ...others] = items(3);
  const batch = new Batch([[{ ...known!, judged: 1 }, ...others]], { healthy: true }, { suppression });
  batch.leaving();
  batch.leaving();
  assert.is(judged, 2);
  suppression.generation = 2;
  batch.leaving();
  assert.is(judged, 5);
});

test('several segments go out at once: in their order, cut to size, and no id is in two of them', () => {
  const batch = new Batch([items(5), [item('x'), item('y')], [item('x')], [item('z')]], { healthy: true });
  const ids = (segments: readonly (readonly Item[])[]) => segments.map(one => one.map(({ event }) => event.id).join());
  assert.equal(ids(batch.nextOf(2)), ['0,1']);
  const round = batch.nextOf(2, 9);
  assert.equal(ids(round), ['0,1', '2,3', '4', 'x,y']);
  // As they are answered, in any order.
  assert.equal(ids([round[3]!]), ['x,y']);
  assert.is(batch.written({}, round[3]).done.length, 2);
  assert.equal(batch.failed('boom', round[0]), []);
  batch.held(round[2]);
  assert.is(batch.written({}, round[1]).done.length, 2);
  assert.equal(ids(batch.nextOf(2, 9)), ['0', '1', '4', 'x', 'z']);
  assert.is(round[2]![0]!.attempts, 1);
});

test('as many are written at once as can be noted, and one in any case', () => {
  const stalls = { isSuspect: () => false, convicted: () => undefined, settled: () => {}, room: 9 };
  const batch = new Batch([items(10), [item('x')], [item('y')]], { healthy: true }, { stalls });
  const sizes = (size: number): number[] => batch.nextOf(size, 9).map(({ length }) => length);
  assert.equal(sizes(10), [10]);
  assert.equal(sizes(2), [2, 2]);
});

test('a segment is cut into parts that are about as large as each other', () => {
  const sizes = (count: number, size: number, most: number) =>
    new Batch([items(count)], { healthy: true }).nextOf(size, most).map(({ length }) => length);
  assert.equal(sizes(11, 10, 4), [6, 5]);
  assert.equal(sizes(10, 10, 4), [10]);
  assert.equal(sizes(31, 10, 9), [8, 8, 8, 7]);
  assert.equal(sizes(31, 10, 1), [8]);
});

test('an event that may have stopped the event loop is written with nothing beside it', () => {
  const stalls = {
    isSuspect: (id: string) => id === 'x' || id === 'y',
    convicted: () => undefined,
    settled: () => {},
    room: 999,
  };
  const batch = new Batch([[item('x'), ...items(3), item('y')]], { healthy: true }, { stalls });
  const seen: string[] = [];
  while (batch.next !== undefined) {
    batch.leaving();
    const round = batch.nextOf(2, 4);
    seen.push(round.map(one => one.map(({ event }) => event.id).join()).join(' '));
    for (const segment of round) batch.written({}, segment);
  }
  assert.equal(seen, ['0,1 2', 'x', 'y']);
});

test('whatever is answered in whatever order, each event of several segments gets one verdict', () => {
  const counts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(counts, fc.array(fc.nat(70), { maxLength: 6 }), fc.infiniteStream(fc.nat(5)), (sizes, picks, draws) => {
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const all = items(total);
      const culprits = new Set(picks.filter(pick => pick < total - 1).map(String));
      const batch = new Batch(
        sizes.map(size => all.splice(0, size)),
        { healthy: true },
      );
      const verdicts: string[] = [];
      const draw = (): number => draws.next().value ?? 0;
      for (let turn = 0; batch.next !== undefined && !batch.parked && turn < 10_000; turn += 1) {
        const round = batch.nextOf(1 + draw(), 1 + draw()).toSorted(() => draw() - 2);
        for (const segment of round) {
          if (segment.some(({ event }) => culprits.has(event.id)))
            verdicts.push(...batch.failed('boom', segment).map(({ delivery }) => `dead ${delivery.id}`));
          else {
            const { done, dead } = batch.written({}, segment);
            verdicts.push(...done.map(({ id }) => id), ...dead.map(({ delivery }) => `dead ${delivery.id}`));
          }
        }
      }
      if (batch.parked) return; // as above
      const expected = items(total).map(({ event: { id } }) => (culprits.has(id) ? `dead ${id}` : id));
      assert.equal(verdicts.sort(), expected.sort());
    }),
  );
});

test.run();
