import { setImmediate as turn } from 'node:timers/promises';
import nact from 'nact';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConsumerMessage } from '../../actors/protocol.js';
import { type Clock, systemClock } from '../../src/clock.js';
import { HaltedError, SetupError, TransientError } from '../../src/errors.js';
import { parseFilter } from '../../src/events/filter.js';
import { hastyClock } from '../helpers/clock.js';
import { startDelivery } from '../helpers/delivery.js';
import { MemoryQueue, message } from '../helpers/memory-broker.js';
import { type ScriptedSink, scriptedSink } from '../helpers/scripted-sink.js';
import { until } from '../helpers/wait.js';

type Delivery = ReturnType<typeof startDelivery>;

const test = suite<{ running: Delivery[] }>('consumer', { running: [] });
test.after.each(async context => {
  for (const delivery of context.running.splice(0)) await delivery.stop();
});

test('a batch that is held too long goes back to the broker, and comes again after a good probe', async context => {
  let down = true;
  const sink = scriptedSink(() => {
    if (down) throw new TransientError('connection refused');
    return {};
  });
  sink.probe = () => {
    if (down) throw new TransientError('connection refused');
  };
  const delivery = startDelivery({ definition: sink.definition, holdMs: 1 });
  context.running.push(delivery);
  delivery.queue.add(message('a'), message('b'));
  await until(() => delivery.queue.pauses === 1, 'a pause');
  await until(() => delivery.queue.unsettled.size === 0, 'everything given back');
  assert.equal(
    delivery.queue.waiting.map(({ id }) => id),
    ['a', 'b'],
  );
  const writes = sink.writes.length;
  await until(() => sink.probes > 3, 'probes');
  assert.is(sink.writes.length, writes, 'only probes while released');
  down = false;
  await until(() => delivery.queue.done.length === 2, 'delivery after the probe');
  assert.equal(sink.delivered, ['a', 'b']);
  assert.equal(sink.broken, []);
});

test('deferred events wait for their time while the rest goes on', async context => {
  const throttled = new Set(['b']);
  const sink = scriptedSink(events => {
    const indexes = events.flatMap(({ id }, index) => (throttled.has(id) ? [index] : []));
    return indexes.length === 0 ? {} : { deferred: { indexes, retryAfterMs: 30_000 } };
  });
  const delivery = startDelivery({ definition: sink.definition });
  context.running.push(delivery);
  delivery.queue.add(message('a'), message('b'), message('c'));
  await until(() => delivery.queue.done.length === 2, 'the two that are not throttled');
  throttled.clear();
  delivery.queue.add(message('d'));
  await until(() => delivery.queue.done.length === 4, 'all four');
  assert.equal([...sink.delivered].sort(), ['a', 'b', 'c', 'd']);
  assert.is(delivery.queue.unsettled.size, 0);
});

test('what has been deferred as long as a hold may last goes back to the broker, and is not lost', async context => {
  let throttled = true;
  const sink = scriptedSink(events =>
    throttled ? { deferred: { indexes: events.map((_event, index) => index), retryAfterMs: 30_000 } } : {},
  );
  const queue = new MemoryQueue();
  let requeued = 0;
  const requeue = queue.requeue.bind(queue);
  queue.requeue = async deliveries => {
    requeued += deliveries.length;
    await requeue(deliveries);
  };
  const delivery = startDelivery({ definition: sink.definition, queue, holdMs: 20 });
  context.running.push(delivery);
  delivery.queue.add(message('a'));
  await until(() => requeued >= 2, 'the event given back, and again');
  throttled = false;
  await until(() => delivery.queue.done.length === 1, 'delivery');
  assert.equal(sink.delivered, ['a']);
});

test('a destination that slows to a tenth is given less at once, and more again when it recovers; nothing is lost or doubled', async context => {
  let passed = 0;
  /** What one event takes, ms. */
  let pace = 10;
  const sink = scriptedSink(events => {
    passed += events.length * pace;
    if (pace > 10 && events.length > 60) throw new TransientError('answered 503');
    return {};
  });
  const clock: Clock = { ...hastyClock(), monotonic: () => passed };
  const delivery = startDelivery({ definition: sink.definition, clock, count: 160 });
  context.running.push(delivery);
  const sizes = (): number[] => sink.writes.map(({ length }) => length);
  const send = async (from: number, to: number): Promise<void> => {
    const names = Array.from({ length: to - from }, (_, index) => `event-${from + index}`);
    delivery.queue.add(...names.map(name => message(name)));
    await until(() => delivery.queue.done.length === to, 'delivery');
  };
  await send(0, 1_600);
  assert.is(delivery.state('consumer')?.detail.batch_size, 160);
  pace = 100;
  await send(1_600, 2_400);
  const slowed = delivery.state('consumer')?.detail.batch_size;
  assert.ok(typeof slowed === 'number' && slowed <= 80, `${slowed} at once while it is slow`);
  pace = 10;
  await send(2_400, 6_400);
  assert.is(delivery.state('consumer')?.detail.batch_size, 160);
  assert.ok(sizes().every(size => size > 0 && size <= 160));
  const expected = Array.from({ length: 6_400 }, (_, index) => `event-${index}`);
  assert.equal(sink.delivered, expected, 'each once, in order');
  assert.equal(delivery.queue.done, expected);
  assert.equal(delivery.queue.dead, []);
  assert.equal(sink.broken, []);
});

test('a destination that is slow for long: what waits for its turn goes back in time, and is not written twice', async context => {
  let passed = 0;
  const clock: Clock = { ...hastyClock(), monotonic: () => passed };
  const queue = new MemoryQueue();
  queue.monotonic = clock.monotonic;
  const ages: number[] = [];
  const sink = scriptedSink(events => {
    const ids = new Set(events.map(({ id }) => id));
    for (const { id, arrived = 0 } of queue.unsettled) if (ids.has(id)) ages.push(passed - arrived);
    passed += events.length * 1_000;
    return {};
  });
  const delivery = startDelivery({ definition: sink.definition, queue, clock, count: 20, holdMs: 30_000 });
  context.running.push(delivery);
  queue.add(...named(0, 200).map(id => message(id)));
  await until(() => queue.done.length === 200, 'delivery');
  assert.ok(queue.pauses > 0);
  assert.ok(Math.max(...ages) < 30_000, `${Math.max(...ages)} ms in hand before its write began`);
  assert.equal(sink.delivered, named(0, 200), 'each once, in order');
  assert.equal(queue.dead, []);
  assert.equal(sink.broken, []);
});

test('what was deferred becomes due while all goes back: nothing is fetched before it has', async context => {
  let passed = 0;
  const clock: Clock = { ...hastyClock(), monotonic: () => passed };
  let fetches = 0;
  let letPause: (() => void) | undefined;
  class Slow extends MemoryQueue {
    override async next(...args: Parameters<MemoryQueue['next']>): ReturnType<MemoryQueue['next']> {
      fetches += 1;
      return super.next(...args);
    }
    override async pause(): Promise<void> {
      if (letPause === undefined) await new Promise<void>(resolve => (letPause = resolve));
      await super.pause();
    }
  }
  const queue = new Slow();
  queue.monotonic = clock.monotonic;
  const sink = scriptedSink(events => {
    passed += events.length * 1_000;
    return {};
  });
  const delivery = startDelivery({ definition: sink.definition, queue, clock, count: 20, holdMs: 30_000 });
  context.running.push(delivery);
  queue.add(...named(0, 200).map(id => message(id)));
  await until(() => letPause !== undefined, 'a pause under way');
  const before = fetches;
  nact.dispatch(delivery.consumer, { type: 'proceed' } satisfies ConsumerMessage);
  await turns();
  assert.is(fetches, before);
  letPause?.();
  await until(() => queue.done.length === 200, 'delivery');
  assert.equal(sink.delivered, named(0, 200), 'each once, in order');
  assert.equal(sink.broken, []);
});

/** Time for several messages and fetches, in turns of the event loop: the same on any machine. */
async function turns(): Promise<void> {
  for (let count = 0; count < 100; count += 1) await turn();
}

/** Every answer is as quick as any other. */
const evenClock = (): Clock => ({ ...hastyClock(), monotonic: () => 0 });

const named = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `event-${from + index}`);

/** The first thousand but for these, each once. */
function deliveredAllBut({ delivered }: ScriptedSink, culprits: readonly (string | undefined)[]): void {
  const rest = named(0, 1_000).filter(id => !culprits.includes(id));
  assert.equal([...delivered].sort(), rest.sort());
}

test('while much waits, several writes are under way at once, and each event is delivered once', async context => {
  const sink = scriptedSink(
    async () => {
      await turns();
      return {};
    },
    { concurrency: 4 },
  );
  const delivery = startDelivery({ definition: sink.definition, clock: evenClock(), count: 10, concurrency: 4 });
  context.running.push(delivery);
  const ids = named(0, 1_000);
  // Twins: in the next batch, and in the same one.
  const twins = ids.filter((_id, index) => index % 50 === 7);
  delivery.queue.add(...ids.flatMap(id => [message(id), ...(twins.includes(id) ? [message(id)] : [])]));
  await until(() => delivery.queue.done.length === 1_020, 'delivery');
  assert.is(sink.mostAtOnce, 4);
  assert.is(delivery.state('consumer')?.detail.concurrency, 4);
  assert.equal([...sink.delivered].sort(), [...ids, ...twins].sort());
  assert.equal([...delivery.queue.done].sort(), [...ids, ...twins].sort());
  assert.equal(sink.broken, []);
});

test('of several writes that one fails of, the others are settled; it alone is tried again as it was, and half as many follow', async context => {
  const refused: string[][] = [];
  const sink = scriptedSink(
    async events => {
      const ids = events.map(({ id }) => id);
      await turns();
      if (sink.mostAtOnce > 1 && refused.length === 0) {
        refused.push(ids);
        throw new TransientError('answered 503');
      }
      return {};
    },
    { concurrency: 4 },
  );
  const delivery = startDelivery({ definition: sink.definition, clock: evenClock(), count: 10, concurrency: 4 });
  context.running.push(delivery);
  delivery.queue.add(...named(0, 1_000).map(id => message(id)));
  await until(() => refused.length === 1, 'a write that failed');
  await until(() => delivery.queue.done.length === 1_000, 'delivery');
  const [first = []] = refused;
  const tries = sink.writes.filter(ids => ids.includes(first[0]!));
  assert.equal(
    tries.map(ids => ids.length),
    [10, 10],
  );
  assert.equal([...sink.delivered].sort(), named(0, 1_000).sort(), 'each once');
  assert.equal(delivery.queue.dead, []);
  assert.equal(sink.broken, []);
  assert.is(delivery.state('sink')?.restarts, 1);
});

test('a write that was only halted by a bug in another says nothing of the destination: as many at once follow', async context => {
  let culprit: string | undefined;
  const atOnce = new Set<unknown>();
  const sink = scriptedSink(
    async (events, _signal, halt) => {
      const ids = events.map(({ id }) => id);
      if (culprit !== undefined) atOnce.add(delivery.state('consumer')?.detail.concurrency);
      if (sink.mostAtOnce === 4 && culprit === undefined) [culprit] = ids;
      if (ids.some(id => id === culprit)) throw new TypeError('cannot read property');
      await turns();
      if (halt?.aborted) throw new HaltedError('another write has failed');
      return {};
    },
    { concurrency: 4 },
  );
  const delivery = startDelivery({ definition: sink.definition, clock: evenClock(), count: 10, concurrency: 4 });
  context.running.push(delivery);
  delivery.queue.add(...named(0, 1_000).map(id => message(id)));
  await until(() => delivery.queue.done.length + delivery.queue.dead.length === 1_000, 'verdicts');
  assert.equal(
    delivery.queue.dead.map(({ delivery: { id } }) => id),
    [culprit],
  );
  assert.equal([...atOnce], [4]);
  deliveredAllBut(sink, [culprit]);
  assert.equal(sink.broken, []);
});

test('a destination that takes three writes at once and no more gets three of full size, and is hardly ever asked for four', async context => {
  let underWay = 0;
  const sink = scriptedSink(
    async () => {
      underWay += 1;
      const isTooMany = underWay > 3;
      await turns();
      underWay -= 1;
      if (isTooMany) throw new TransientError('answered 429');
      return {};
    },
    { concurrency: 4 },
  );
  const delivery = startDelivery({ definition: sink.definition, clock: evenClock(), count: 10, concurrency: 4 });
  context.running.push(delivery);
  const ids = named(0, 3_000);
  delivery.queue.add(...ids.map(id => message(id)));
  await until(() => delivery.queue.done.length === 3_000, 'delivery');
  const restarts = delivery.state('sink')?.restarts ?? 0;
  assert.ok(restarts > 0 && restarts < 8, `${restarts} rounds failed`);
  assert.ok(sink.writes.length < 310, `${sink.writes.length} writes: none were made smaller`);
  assert.equal([...sink.delivered].sort(), ids.sort());
  assert.equal(delivery.queue.dead, []);
  assert.equal(sink.broken, []);
});

test('a culprit among several writes at once is found, and every other event is delivered once', async context => {
  const culprits = new Set(['event-233', 'event-577', 'event-578']);
  const sink = scriptedSink(
    async events => {
      await turns();
      if (events.some(({ id }) => culprits.has(id))) throw new TypeError('cannot read property');
      return {};
    },
    { concurrency: 4 },
  );
  const delivery = startDelivery({ definition: sink.definition, clock: evenClock(), count: 10, concurrency: 4 });
  context.running.push(delivery);
  delivery.queue.add(...named(0, 1_000).map(id => message(id)));
  await until(() => delivery.queue.done.length + delivery.queue.dead.length === 1_000, 'verdicts');
  assert.equal(delivery.queue.dead.map(({ delivery: { id } }) => id).sort(), [...culprits]);
  deliveredAllBut(sink, [...culprits]);
  assert.equal(sink.broken, []);
});

test('shutdown waits for every write in flight, settles each when it is answered, and gives the rest back', async context => {
  const held: (() => void)[] = [];
  const sink = scriptedSink(
    () =>
      new Promise(resolve => {
        const answer = (): void => resolve({});
        // The first of the first two that are under way together is answered, the second waits for the test.
        if (sink.mostAtOnce > 1) held.push(answer);
        else void turns().then(answer);
      }),
    { concurrency: 4 },
  );
  const delivery = startDelivery({ definition: sink.definition, clock: evenClock(), count: 10, concurrency: 4 });
  context.running.push(delivery);
  const ids = named(0, 1_000);
  delivery.queue.add(...ids.map(id => message(id)));
  await until(() => held.length === 1, 'a write that waits beside another');
  const drained = delivery.drain();
  await until(() => delivery.queue.done.length === (sink.writes.length - 1) * 10, 'the settlement of all others');
  assert.is(delivery.queue.closed, false, 'it is waited for');
  held[0]?.();
  await drained;
  assert.is(held.length, 1, 'nothing went out after that');
  assert.is(delivery.queue.done.length, sink.writes.length * 10);
  assert.is(delivery.queue.unsettled.size, 0);
  assert.equal([...delivery.queue.done, ...delivery.queue.waiting.map(({ id }) => id)].sort(), ids.sort());
  assert.equal(sink.broken, []);
});

test('what is handed out is what is being written and as much again, within what AMQP can say', async context => {
  for (const [count, concurrency, prefetch] of [
    [100, 1, 200],
    [100, 4, 800],
    [20_000, 4, 65_535],
  ] as const) {
    const delivery = startDelivery({ definition: scriptedSink().definition, count, concurrency });
    context.running.push(delivery);
    await until(() => Number.isFinite(delivery.queue.prefetch), 'a subscription');
    assert.is(delivery.queue.prefetch, prefetch);
  }
});

test('bodies that are no event are dead-lettered with a reason that a person understands', async context => {
  const sink = scriptedSink();
  const delivery = startDelivery({ definition: sink.definition });
  context.running.push(delivery);
  delivery.queue.add({ ...message('text'), body: 'Hello World!' }, message('good'));
  await until(() => delivery.queue.done.length === 1 && delivery.queue.dead.length === 1, 'two verdicts');
  assert.match(delivery.queue.dead[0]!.reason, 'not JSON');
  assert.match(delivery.queue.dead[0]!.reason, 'Hello World!');
  assert.equal(sink.delivered, ['good']);
});

test('a sink that takes text is given it', async context => {
  const sink = scriptedSink();
  const delivery = startDelivery({ definition: { ...sink.definition, acceptsText: true } });
  context.running.push(delivery);
  delivery.queue.add({ ...message('text'), body: 'Hello World!' });
  await until(() => delivery.queue.done.length === 1, 'delivery');
  assert.equal(delivery.queue.dead, []);
});

test('what the filter leaves out is settled as filtered and never seen by the sink', async context => {
  const sink = scriptedSink();
  const parsed = parseFilter('download');
  if ('problem' in parsed) throw new Error(parsed.problem);
  const delivery = startDelivery({ definition: sink.definition, filter: parsed.filter });
  context.running.push(delivery);
  delivery.queue.add(message('a'), message('b', { category: 'download', type: 'file' }), message('c'));
  await until(() => delivery.queue.done.length === 3, 'three settled');
  assert.is(delivery.queue.filtered, 2);
  assert.equal(sink.delivered, ['b']);
});

test('an event without a time keeps its first-seen stamp over a redelivery', async context => {
  const stamps: number[] = [];
  let down = true;
  const sink = scriptedSink(events => {
    stamps.push(...events.map(({ created }) => created));
    if (down) throw new TransientError('later');
    return {};
  });
  const delivery = startDelivery({ definition: sink.definition, holdMs: 1 });
  context.running.push(delivery);
  delivery.queue.add({ id: 'undated', body: '{"category":"upload"}', source: 'clowder', received: 5 });
  await until(() => delivery.queue.pauses > 0, 'a pause');
  down = false;
  await until(() => delivery.queue.done.length === 1, 'delivery');
  assert.is(new Set(stamps).size, 1);
});

test('a sink that never answers is given up at the write deadline, as transient', async context => {
  let hang = true;
  const sink = scriptedSink((_events, signal) =>
    hang ? new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))) : {},
  );
  const delivery = startDelivery({ definition: sink.definition, writeDeadlineMs: 20 });
  context.running.push(delivery);
  delivery.queue.add(message('a'));
  await until(() => (delivery.state('sink')?.restarts ?? 0) > 0, 'a restart');
  assert.is(delivery.state('sink')?.lastError?.fault, 'transient');
  hang = false;
  await until(() => delivery.queue.done.length === 1, 'delivery');
});

test('shutdown waits for the write in flight, and not for a sink that is backing off', async context => {
  let finish: (() => void) | undefined;
  const slow = scriptedSink(() => new Promise(resolve => (finish = () => resolve({}))));
  const first = startDelivery({ definition: slow.definition });
  context.running.push(first);
  first.queue.add(message('a'));
  await until(() => finish !== undefined, 'a write in flight');
  const drained = first.drain();
  await new Promise(resolve => setTimeout(resolve, 20));
  assert.equal(first.queue.done, []);
  finish?.();
  await drained;
  assert.equal(first.queue.done, ['a']);

  const down = scriptedSink(() => {
    throw new SetupError('the key is wrong');
  });
  const second = startDelivery({ definition: down.definition, clock: systemClock });
  context.running.push(second);
  second.queue.add(message('b'));
  await until(() => second.state('consumer')?.state === 'holding', 'a held batch');
  await second.drain();
  assert.equal(
    second.queue.waiting.map(({ id }) => id),
    ['b'],
  );
});

test('a write that outlives the patience of shutdown is aborted, and its batch given back', async context => {
  const sink = scriptedSink(
    (_events, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
  );
  const delivery = startDelivery({ definition: sink.definition });
  context.running.push(delivery);
  delivery.queue.add(message('a'));
  await until(() => sink.writes.length === 1, 'a write in flight');
  const drained = delivery.drain();
  delivery.giveUp();
  await drained;
  assert.equal(delivery.queue.done, []);
});

test('a settlement that fails is tried until it is through, and nothing is written twice', async context => {
  const sink = scriptedSink();
  let failures = 3;
  class Stubborn extends MemoryQueue {
    override async settle(settlement: Parameters<MemoryQueue['settle']>[0]): Promise<void> {
      if (failures-- > 0) throw new TransientError('the disk is full');
      return super.settle(settlement);
    }
  }
  const delivery = startDelivery({ definition: sink.definition, queue: new Stubborn() });
  context.running.push(delivery);
  delivery.queue.add(message('a'));
  await until(() => delivery.queue.done.length === 1, 'the settlement');
  assert.is(sink.writes.length, 1);
});

test('a hold that ends while its batch is tried once more is over when that fails: it does not begin anew', async context => {
  const holdMs = 600_000;
  const holds: (() => void)[] = [];
  const hasty = hastyClock();
  const clock: Clock = {
    ...hasty,
    sleep: (ms, signal) => (ms === holdMs ? new Promise(resolve => holds.push(resolve)) : hasty.sleep(ms, signal)),
  };
  let fail: (() => void) | undefined;
  const sink = scriptedSink(() => {
    if (sink.writes.length === 1) throw new TransientError('connection refused');
    return new Promise((_resolve, reject) => {
      fail = () => reject(new TransientError('connection refused'));
    });
  });
  const delivery = startDelivery({ definition: sink.definition, holdMs, clock });
  context.running.push(delivery);
  delivery.queue.add(message('a'));
  await until(() => fail !== undefined, 'a second write');
  holds[0]?.();
  await turns();
  fail?.();
  await until(() => delivery.queue.pauses === 1, 'the batch given back');
  assert.equal(delivery.queue.done, []);
});

test('a probe that is broken blames no event', async context => {
  const sink = scriptedSink(() => {
    throw new SetupError('the key is wrong');
  });
  sink.probe = () => {
    throw new TypeError('the probe is broken');
  };
  const delivery = startDelivery({ definition: sink.definition });
  context.running.push(delivery);
  delivery.queue.add(message('a'));
  await until(() => sink.probes > 5, 'probes');
  assert.equal(delivery.queue.dead, []);
  sink.write = () => ({});
  await until(() => delivery.queue.done.length === 1, 'delivery');
});

test('a parked sink takes on one event after the other until one succeeds', async context => {
  const sink = scriptedSink(events => {
    if (events.some(({ id }) => id.startsWith('bad'))) throw new TypeError('cannot read property');
    return {};
  });
  const delivery = startDelivery({ definition: sink.definition });
  context.running.push(delivery);
  for (const id of ['bad-1', 'bad-2', 'bad-3', 'bad-4', 'bad-5']) {
    delivery.queue.add(message(id));
    await until(() => sink.writes.flat().includes(id), `a write of ${id}`);
  }
  delivery.queue.add(message('good'));
  await until(() => delivery.queue.done.length === 1 && delivery.queue.dead.length === 5, 'six verdicts');
  assert.equal(delivery.queue.done, ['good']);
});

test('a sink whose probe says yes and whose writes say no is still tried ever more slowly', async context => {
  const sink = scriptedSink(() => {
    throw new SetupError('writing is not allowed');
  });
  const clock = hastyClock();
  const delivery = startDelivery({ definition: sink.definition, clock });
  context.running.push(delivery);
  delivery.queue.add(message('a'));
  await until(() => sink.writes.length > 8, 'writes');
  assert.ok(Math.max(...clock.sleeps.filter(ms => ms < 600_000)) > 30_000, 'waits grow');
});

test('a queue that opens when the daemon already stops is closed again', async context => {
  let open: ((queue: MemoryQueue) => void) | undefined;
  const subscribe = (): Promise<MemoryQueue> => new Promise(resolve => (open = resolve));
  const delivery = startDelivery({ definition: scriptedSink().definition, subscribe });
  context.running.push(delivery);
  await until(() => open !== undefined, 'a subscription under way');
  const drained = delivery.drain();
  await turns();
  open?.(delivery.queue);
  await drained;
  await until(() => delivery.queue.closed, 'a closed queue');
  assert.equal(delivery.queue.done, []);
});

test.run();
