import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../src/events/message.js';
import type { SinkDefinition, SinkSession, SinkTools } from '../../src/sinks/sink.js';
import { hastyClock } from '../helpers/clock.js';
import { type DeliverySetup, memoryInMemory, startDelivery } from '../helpers/delivery.js';
import { MemoryQueue } from '../helpers/memory-broker.js';
import { until } from '../helpers/wait.js';

/** A destination that a test can break and fix. What it cannot do, it leaves out: those tests are not registered. */
export interface SinkHarness {
  readonly definition: SinkDefinition;
  readonly config: unknown;
  readonly tools?: Partial<SinkTools>;
  /** A good event, whose id the destination shows. */
  message(id: string): Message;
  /** Ids at the destination, in the order of arrival; one that arrived twice is there twice. */
  delivered(): string[] | Promise<string[]>;
  /** An event that the destination (or the sink's own check) refuses. */
  poison?(id: string): Message;
  /** The destination is unreachable, or answers again. */
  outage?(on: boolean): void | Promise<void>;
  /** The destination answers "later", with Retry-After in seconds. */
  overload?(seconds: number | undefined): void | Promise<void>;
  /** The credentials are wrong, or right again. */
  locked?(on: boolean): void | Promise<void>;
  close?(): void | Promise<void>;
}

const ids = (from: number, to: number, prefix = 'event'): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${prefix}-${String(from + index).padStart(4, '0')}`);

/** What a sink must do under the real consumer, sink actor and restart policy. */
export async function sinkContract(
  name: string,
  open: () => SinkHarness | Promise<SinkHarness>,
  /** Ends what all of them share. */
  stop: () => Promise<void> = async () => {},
): Promise<void> {
  const sample = await open();
  await sample.close?.();
  const test = suite<{ stop: (() => Promise<void>)[] }>(`sink contract: ${name}`, { stop: [] });

  test.after(stop);
  test.after.each(async context => {
    for (const stop of context.stop.splice(0).reverse()) await stop();
  });

  const begin = async (
    context: { stop: (() => Promise<void>)[] },
    options: Partial<DeliverySetup> & { wrap?: (definition: SinkDefinition) => SinkDefinition } = {},
  ) => {
    const harness = await open();
    context.stop.push(async () => harness.close?.());
    const queue = new MemoryQueue();
    const clock = hastyClock(5);
    const { wrap = (definition: SinkDefinition) => definition, ...rest } = options;
    const start = () => {
      const delivery = startDelivery({
        definition: wrap(harness.definition),
        config: harness.config,
        tools: { keyValues: memoryInMemory(), ...harness.tools },
        queue,
        clock,
        ...rest,
      });
      context.stop.push(() => delivery.stop());
      return delivery;
    };
    const arrived = async (expected: readonly string[]): Promise<void> => {
      await until(
        () => queue.done.length + queue.dead.length >= expected.length,
        `${expected.length} events at ${name}`,
      );
      assert.equal([...(await harness.delivered())].sort(), [...expected].sort());
    };
    // Tests that need an ability are registered only where it is there.
    return { harness, ...(harness as Required<SinkHarness>), queue, clock, start, arrived };
  };

  test('delivers everything once, in the order of the queue', async context => {
    const { harness, queue, start, arrived } = await begin(context, { count: 10 });
    queue.add(...ids(1, 35).map(harness.message));
    start();
    await arrived(ids(1, 35));
    assert.equal(queue.done, ids(1, 35));
    assert.equal(queue.dead, []);
  });

  test('a redelivery changes nothing at the destination', async context => {
    const { harness, queue, start, arrived } = await begin(context);
    queue.add(...ids(1, 5).map(harness.message));
    start();
    await arrived(ids(1, 5));
    queue.add(...ids(1, 6).map(harness.message));
    await until(() => queue.done.length === 11, 'the redelivered events');
    assert.equal([...(await harness.delivered())].sort(), ids(1, 6));
  });

  const { concurrency } = sample.definition;
  if (concurrency !== undefined) {
    test('several writes at once: each event once, twins and poison among them, through an outage', async context => {
      const writes = { now: 0, most: 0 };
      const wrap = (definition: SinkDefinition): SinkDefinition => counted(definition, writes);
      const { harness, poison, outage, queue, start } = await begin(context, { count: 5, concurrency, wrap });
      const all = ids(1, 400);
      const bad = sample.poison === undefined ? [] : ['bad-1', 'bad-2'];
      const messages = all.map(harness.message);
      if (bad.length > 0) messages.splice(150, 0, ...bad.map(poison));
      const twins = all.filter((_id, index) => index % 20 === 3);
      queue.add(...messages, ...twins.map(harness.message));
      const delivery = start();
      await until(() => writes.most > 1, 'several writes at once');
      if (sample.outage !== undefined) {
        await outage(true);
        queue.add(harness.message('later'));
        await until(() => (delivery.state('sink')?.restarts ?? 0) > 0, 'a try that failed');
        await outage(false);
      }
      const later = sample.outage === undefined ? [] : ['later'];
      const good = [...all, ...twins, ...later];
      await until(() => queue.done.length + queue.dead.length === good.length + bad.length, 'verdicts on all of them');
      assert.equal(queue.dead.map(({ delivery: { id } }) => id).sort(), bad);
      assert.equal([...queue.done].sort(), good.sort());
      assert.equal([...new Set(await harness.delivered())].sort(), [...all, ...later].sort());
      assert.ok(writes.most <= concurrency, `${writes.most} at once`);
      assert.is(queue.unsettled.size, 0);
    });
  }

  if (sample.poison !== undefined) {
    test('poison is dead-lettered with a reason, the rest of the batch is delivered', async context => {
      const { harness, poison, queue, start } = await begin(context);
      const messages = ids(1, 20).map(harness.message);
      messages[0] = poison('bad-1');
      messages[7] = poison('bad-2');
      messages[19] = poison('bad-3');
      queue.add(...messages);
      start();
      await until(() => queue.done.length + queue.dead.length === 20, 'verdicts on 20 events');
      assert.equal(queue.dead.map(({ delivery }) => delivery.id).sort(), ['bad-1', 'bad-2', 'bad-3']);
      for (const { reason, fault } of queue.dead) {
        assert.is(fault, 'poison');
        assert.ok(reason.length > 10, reason);
      }
      const good = ids(1, 20).filter((_, index) => ![0, 7, 19].includes(index));
      assert.equal([...(await harness.delivered())].sort(), good);
    });
  }

  if (sample.outage !== undefined) {
    test('an outage holds the same batch, drops nothing, and ends by itself', async context => {
      const { harness, outage, queue, start, arrived } = await begin(context, { count: 10 });
      await outage(true);
      queue.add(...ids(1, 15).map(harness.message));
      const delivery = start();
      await until(() => (delivery.state('sink')?.restarts ?? 0) >= 3, 'three tries');
      assert.is(delivery.state('sink')?.lastError?.fault, 'transient');
      // A try may be under way, and takes a while with some sinks.
      await until(() => delivery.state('consumer')?.state === 'holding', 'a holding consumer');
      assert.equal(queue.done, []);
      assert.equal(queue.dead, []);
      await outage(false);
      await arrived(ids(1, 15));
      assert.equal(queue.done, ids(1, 15));
      await until(() => delivery.state('sink')?.state === 'running', 'a running sink');
    });
  }

  if (sample.overload !== undefined) {
    test('Retry-After is honoured', async context => {
      const { harness, overload, queue, clock, start, arrived } = await begin(context);
      await overload(7);
      queue.add(...ids(1, 3).map(harness.message));
      const delivery = start();
      await until(() => (delivery.state('sink')?.restarts ?? 0) >= 1, 'a refused try');
      await overload(undefined);
      await arrived(ids(1, 3));
      assert.ok(
        clock.sleeps.some(ms => ms >= 7_000 && ms < 600_000),
        `waits: ${clock.sleeps}`,
      );
    });
  }

  if (sample.locked !== undefined) {
    test('a wrong setup holds everything, says so, and recovers without a restart', async context => {
      const { harness, locked, queue, start, arrived } = await begin(context);
      await locked(true);
      queue.add(...ids(1, 5).map(harness.message));
      const delivery = start();
      await until(() => (delivery.state('sink')?.restarts ?? 0) >= 3, 'three tries');
      assert.is(delivery.state('sink')?.lastError?.fault, 'setup');
      assert.equal(queue.dead, []);
      await locked(false);
      await arrived(ids(1, 5));
    });
  }

  test('one culprit among the good is found, tried three times and dead-lettered as a bug', async context => {
    const { harness, queue, start } = await begin(context, {
      wrap: definition => failing(definition, id => id === 'event-0013'),
    });
    queue.add(...ids(1, 40).map(harness.message));
    start();
    await until(() => queue.done.length + queue.dead.length === 40, 'verdicts on 40 events');
    assert.equal(
      queue.dead.map(({ delivery, fault }) => [delivery.id, fault]),
      [['event-0013', 'bug']],
    );
    assert.match(queue.dead[0]!.reason, 'injected');
    assert.equal(
      [...(await harness.delivered())].sort(),
      ids(1, 40).filter(id => id !== 'event-0013'),
    );
  });

  test('a sink that always fails is parked, loses nothing, and recovers', async context => {
    const broken = { now: true };
    const { harness, queue, start, arrived } = await begin(context, {
      wrap: definition => failing(definition, () => broken.now),
    });
    queue.add(...ids(1, 9).map(harness.message));
    const delivery = start();
    await until(() => delivery.state('sink')?.state === 'parked', 'a parked sink');
    assert.equal(queue.dead, []);
    broken.now = false;
    await arrived(ids(1, 9));
    assert.equal(queue.dead, []);
    await until(() => delivery.state('sink')?.state === 'running', 'a running sink');
  });

  test('shutdown lets the batch in flight settle, gives the rest back, and calls nothing after close', async context => {
    const calls = { open: 0, closed: 0, late: 0 };
    const { harness, queue, start } = await begin(context, {
      count: 5,
      wrap: definition => watched(definition, calls),
    });
    queue.add(...ids(1, 50).map(harness.message));
    const delivery = start();
    await until(() => queue.done.length >= 5, 'the first batch');
    await delivery.drain();
    assert.ok(queue.closed);
    assert.is(queue.unsettled.size, 0);
    assert.is(calls.open, calls.closed);
    assert.is(calls.late, 0);
    assert.equal([...(await harness.delivered())].sort(), [...queue.done].sort());
    assert.equal([...queue.done, ...queue.waiting.map(({ id }) => id)].sort(), ids(1, 50));
    start();
    queue.closed = false;
    await until(() => queue.done.length === 50, 'the rest after a new start');
    assert.equal([...(await harness.delivered())].sort(), ids(1, 50));
  });

  test.run();
}

type Wrapped = (session: SinkSession) => SinkSession;

function wrapped(definition: SinkDefinition, wrap: Wrapped): SinkDefinition {
  return { ...definition, open: async (config, tools) => wrap(await definition.open(config, tools)) };
}

/** Throws a defect instead of writing when the batch contains such an event. */
function failing(definition: SinkDefinition, culprit: (id: string) => boolean): SinkDefinition {
  return wrapped(definition, session => ({
    write: async (events, signal) => {
      if (events.some(({ id }) => culprit(id))) throw new TypeError('injected defect');
      return session.write(events, signal);
    },
    probe: signal => session.probe(signal),
    close: () => session.close(),
  }));
}

/** How many writes are under way. */
function counted(definition: SinkDefinition, writes: { now: number; most: number }): SinkDefinition {
  return wrapped(definition, session => ({
    write: async (events, signal) => {
      writes.now += 1;
      writes.most = Math.max(writes.most, writes.now);
      try {
        return await session.write(events, signal);
      } finally {
        writes.now -= 1;
      }
    },
    probe: signal => session.probe(signal),
    close: () => session.close(),
  }));
}

function watched(definition: SinkDefinition, calls: { open: number; closed: number; late: number }): SinkDefinition {
  return wrapped(definition, session => {
    calls.open += 1;
    let closed = false;
    const early = <T>(work: () => T): T => {
      if (closed) calls.late += 1;
      return work();
    };
    return {
      write: (events, signal) => early(() => session.write(events, signal)),
      probe: signal => early(() => session.probe(signal)),
      close: async () => {
        closed = true;
        calls.closed += 1;
        await session.close();
      },
    };
  });
}
