import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columns, ScratchDatabase } from './scratch.js';

const takeAll = { after: 0, count: 1_000_000, bytes: 1e12, atLeastOne: true };

function waiting(scratch: ScratchDatabase, queue: number, after = 0): number[] {
  return scratch.write('take', { ...takeAll, queue, after }).rows.map(([seq]) => seq);
}

function declare(scratch: ScratchDatabase, sink: string, name = sink): number {
  return scratch.write('declareQueue', { sink, name }).number;
}

test('a body is stored once for all queues, and leaves with the last of them', () => {
  const scratch = new ScratchDatabase();
  const [a, b] = [declare(scratch, 'a'), declare(scratch, 'b')];
  scratch.write('publish', columns(1, 10));
  const stored = () => scratch.database.value<number>('SELECT count(*) FROM messages');
  assert.is(stored(), 10);
  scratch.write('settle', { queue: a, seqs: waiting(scratch, a) });
  assert.is(stored(), 10);
  scratch.write('settle', { queue: b, seqs: waiting(scratch, b).slice(0, 4) });
  assert.is(stored(), 6);
  scratch.write('settle', { queue: b, seqs: waiting(scratch, b) });
  assert.is(stored(), 0);
});

test('a new queue starts at the present end, and one that was there keeps its place', () => {
  const scratch = new ScratchDatabase();
  const first = declare(scratch, 'a');
  scratch.write('publish', columns(1, 3));
  const late = declare(scratch, 'late');
  assert.is(declare(scratch, 'a'), first);
  assert.is(waiting(scratch, first).length, 3);
  assert.is(waiting(scratch, late).length, 0);
  scratch.write('publish', columns(4, 2));
  assert.is(waiting(scratch, late).length, 2);
});

test('a number never comes again, whatever was deleted', () => {
  const scratch = new ScratchDatabase();
  const a = declare(scratch, 'a');
  scratch.write('publish', columns(1, 3));
  const before = waiting(scratch, a);
  scratch.write('settle', { queue: a, seqs: before });
  scratch.write('publish', columns(4, 3));
  assert.ok(Math.min(...waiting(scratch, a)) > Math.max(...before));
});

test('settlements beyond the cursor fold into it', () => {
  const scratch = new ScratchDatabase();
  const a = declare(scratch, 'a');
  scratch.write('publish', columns(1, 100));
  const [head, ...rest] = waiting(scratch, a);
  for (const seq of rest) scratch.write('settle', { queue: a, seqs: [seq] });
  const exceptions = () => scratch.database.value<number>('SELECT count(*) FROM settled');
  assert.is(exceptions(), 99);
  assert.equal(waiting(scratch, a), [head]);
  scratch.write('settle', { queue: a, seqs: [head!] });
  assert.is(exceptions(), 0);
  assert.is(scratch.database.value<number>('SELECT count(*) FROM messages'), 0);
});

test('a message is settled once', () => {
  const scratch = new ScratchDatabase();
  const a = declare(scratch, 'a');
  scratch.write('publish', columns(1, 2));
  const seqs = waiting(scratch, a);
  scratch.write('settle', { queue: a, seqs });
  assert.throws(() => scratch.write('settle', { queue: a, seqs }), /settled before/);
  assert.ok(scratch.read('ledgerReport', { now: scratch.now }).balanced);
});

test('messages for one queue do not hold the others back', () => {
  const scratch = new ScratchDatabase();
  const [a, b] = [declare(scratch, 'a'), declare(scratch, 'b')];
  scratch.write('publish', { ...columns(1, 50), sinks: Array.from({ length: 50 }, () => ['a']) });
  assert.is(waiting(scratch, b).length, 0);
  scratch.write('settle', { queue: a, seqs: waiting(scratch, a) });
  assert.is(scratch.database.value<number>('SELECT count(*) FROM messages'), 0);
});

test('taking stops at the bytes, but gives one', () => {
  const scratch = new ScratchDatabase();
  const queue = declare(scratch, 'a');
  scratch.write('publish', columns(1, 5, 'x'.repeat(1000)));
  const take = (bytes: number, atLeastOne: boolean) =>
    scratch.write('take', { ...takeAll, queue, bytes, atLeastOne }).rows.length;
  assert.is(take(2500, true), 2);
  assert.is(take(10, true), 1);
  assert.is(take(10, false), 0);
});

test('a dead letter is kept with its body, or with what takes the place of it', () => {
  const scratch = new ScratchDatabase();
  const a = declare(scratch, 'a');
  declare(scratch, 'b');
  scratch.write('publish', columns(1, 2));
  const received = scratch.database.rows<[string]>('SELECT body FROM messages ORDER BY seq').map(([body]) => body);
  const why = { reason: 'why', fault: 'poison', attempts: 1 };
  const [first, second] = waiting(scratch, a) as [number, number];
  const dead = [
    { ...why, seq: first, body: '{"ä":"less"}' },
    { ...why, seq: second },
  ];
  scratch.write('settle', { queue: a, seqs: [first, second], dead });
  const bodies = (table: string) => scratch.database.rows<[string]>(`SELECT body FROM ${table}`).map(([body]) => body);
  assert.equal(bodies('dead_letters'), ['{"ä":"less"}', received[1]]);
  assert.equal(bodies('messages'), received, 'as it was for the other queue');
});

test('a queue that was removed frees its messages, and its ledger still balances', () => {
  const scratch = new ScratchDatabase();
  const a = declare(scratch, 'a');
  declare(scratch, 'b');
  scratch.write('publish', columns(1, 5000));
  scratch.write('settle', { queue: a, seqs: waiting(scratch, a) });
  assert.ok(scratch.write('removeQueue', { name: 'b' }));
  assert.not(scratch.write('removeQueue', { name: 'b' }));
  while (scratch.write('trimMessages'));
  assert.is(scratch.database.value<number>('SELECT count(*) FROM messages'), 0);
  const report = scratch.read('ledgerReport', { now: scratch.now });
  assert.ok(report.balanced);
  assert.equal(
    report.sinks.map(({ sink, accepted, delivered }) => [sink, accepted, delivered]),
    [
      ['a', 5000, 5000],
      ['b', 0, 0],
    ],
  );
});

test('settled messages leave in chunks', () => {
  const scratch = new ScratchDatabase();
  const a = declare(scratch, 'a');
  scratch.write('publish', columns(1, 5000));
  scratch.write('settle', { queue: a, seqs: waiting(scratch, a) });
  assert.is(scratch.database.value<number>('SELECT count(*) FROM messages'), 3000);
  assert.ok(scratch.write('trimMessages'));
  assert.not(scratch.write('trimMessages'));
  assert.is(scratch.database.value<number>('SELECT count(*) FROM messages'), 0);
});

test('the states tell what waits, and since when', () => {
  const scratch = new ScratchDatabase();
  const a = declare(scratch, 'a');
  declare(scratch, 'b');
  scratch.write('publish', columns(1, 10));
  scratch.write('settle', { queue: a, seqs: waiting(scratch, a).slice(0, 4) });
  assert.equal(
    scratch.read('queueStates').map(({ sink, pending, oldest }) => [sink, pending, oldest]),
    [
      ['a', 6, 1_700_000_000_005],
      ['b', 10, 1_700_000_000_001],
    ],
  );
});

/**
 * The oracle of the crash tests is itself tested here: against a model of plain lists, whatever is published, settled,
 * dead-lettered, re-driven or removed in whatever order, each queue holds what the model says, and the ledger balances.
 */
test('queues and ledger follow a model through any sequence', () => {
  const sinks = ['a', 'b', 'c'];
  const everySink = fc.constant<readonly string[] | null>(null);
  const someSinks = fc.option<readonly string[]>(fc.subarray([...sinks]), { freq: 2 });
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('publish' as const), named: fc.array(everySink, { maxLength: 12 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('publish' as const), named: fc.array(someSinks, { maxLength: 12 }) }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('settle' as const),
        sink: fc.nat({ max: 2 }),
        from: fc.nat({ max: 6 }),
        every: fc.integer({ min: 1, max: 3 }),
        count: fc.integer({ min: 1, max: 10 }),
        dead: fc.nat({ max: 3 }),
        duplicates: fc.nat({ max: 2 }),
        filtered: fc.nat({ max: 2 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('redrive' as const), sink: fc.nat({ max: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('hour' as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const scratch = new ScratchDatabase();
      const numbers = sinks.map(sink => declare(scratch, sink));
      const queues: string[][] = sinks.map(() => []);
      const dead: string[][] = sinks.map(() => []);
      let made = 0;
      for (const one of steps) {
        switch (one.kind) {
          case 'publish': {
            const { named } = one;
            const sent = columns(made, named.length);
            made += named.length;
            scratch.write('publish', named.every(each => each === null) ? sent : { ...sent, sinks: named });
            for (const [index, queue] of queues.entries())
              queue.push(...sent.ids.filter((_, place) => named[place]?.includes(sinks[index]!) ?? true));
            break;
          }
          case 'settle': {
            const queue = numbers[one.sink]!;
            const all = scratch.write('take', { ...takeAll, queue }).rows;
            const chosen = all
              .filter((_, index) => index >= one.from && (index - one.from) % one.every === 0)
              .slice(0, one.count);
            const refused = chosen.slice(0, one.dead);
            const done = chosen.length - refused.length;
            const duplicates = Math.min(one.duplicates, done);
            scratch.write('settle', {
              queue,
              seqs: chosen.map(([seq]) => seq),
              duplicates,
              filtered: Math.min(one.filtered, done - duplicates),
              dead: refused.map(([seq]) => ({ seq, reason: 'bad', fault: 'poison', attempts: 1 })),
            });
            const gone = new Set(chosen.map(([, id]) => id));
            queues[one.sink] = queues[one.sink]!.filter(id => !gone.has(id));
            dead[one.sink]!.push(...refused.map(([, id]) => id));
            break;
          }
          case 'redrive': {
            const sink = sinks[one.sink]!;
            const last = scratch.read('lastDeadLetter', { sink });
            scratch.write('redriveDeadLetters', { sink, keys: undefined, after: 0, last, limit: 100 });
            queues[one.sink]!.push(...dead[one.sink]!);
            dead[one.sink] = [];
            break;
          }
          case 'trim':
            scratch.write('trimMessages');
            break;
          case 'hour':
            scratch.now += 3_600_000;
            break;
        }
        const report = scratch.read('ledgerReport', { now: scratch.now });
        assert.ok(report.balanced, JSON.stringify(report.sinks));
        const states = scratch.read('queueStates');
        for (const [index, queue] of queues.entries()) {
          const rows = scratch.write('take', { ...takeAll, queue: numbers[index]! }).rows;
          assert.equal(
            rows.map(([, id]) => id),
            queue,
          );
          assert.is(states[index]!.pending, queue.length);
          assert.is(scratch.read('countDeadLetters', { sink: sinks[index]! }), dead[index]!.length);
        }
      }
      scratch.database.close();
    }),
    { numRuns: 150 },
  );
});

test('a message for all queues is accepted once for each of them, also where two feed one sink', () => {
  const scratch = new ScratchDatabase();
  for (const [sink, name] of [['ga4'], ['mongodb'], ['mongodb', 'another']] as const) declare(scratch, sink, name);
  scratch.write('publish', columns(1, 10));
  scratch.write('publish', { ...columns(11, 2), sinks: [null, ['ga4']] });
  const accepted = scratch.database.rows('SELECT sink, accepted FROM ledger WHERE hour = 0 ORDER BY sink');
  assert.equal(accepted, [
    ['ga4', 12],
    ['mongodb', 22],
  ]);
});

test.run();
