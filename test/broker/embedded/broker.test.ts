import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Publication } from '../../../src/broker/broker.js';
import { EmbeddedBroker } from '../../../src/broker/embedded/broker.js';
import { systemClock } from '../../../src/clock.js';
import { FullError } from '../../../src/errors.js';
import { silentLog } from '../../../src/log.js';
import type { WriteCall } from '../../../src/storage/calls.js';
import { Storage } from '../../../src/storage/storage.js';
import { until } from '../../helpers/wait.js';
import { withStorage } from '../../storage/scratch.js';
import { brokerConformance } from '../conformance.js';

brokerConformance('embedded', {
  open: async queues => {
    const dir = await mkdtemp(join(tmpdir(), 'event-sink-broker-'));
    const tools = { clock: systemClock, log: silentLog };
    const start = async (): Promise<{ storage: Storage; broker: EmbeddedBroker }> => {
      const storage = await Storage.open({
        ...tools,
        dir,
        onFatal: error => {
          throw error;
        },
      });
      const broker = new EmbeddedBroker({ ...tools, storage });
      await broker.open(queues);
      return { storage, broker };
    };
    const stop = async (): Promise<void> => {
      await running.broker.close();
      await running.storage.close();
    };
    let running = await start();
    return {
      broker: running.broker,
      reopen: async () => {
        await stop();
        running = await start();
        return running.broker;
      },
      close: async () => {
        await stop();
        await rm(dir, { recursive: true });
      },
    };
  },
});

const never = new AbortController().signal;
const limits = { count: 10, bytes: 1e6, lingerMs: 0 };
const queueA = { sink: 'a', name: 'event-sink.a', adopted: false };

function message(id: string) {
  return { id, body: '{}', source: 'http', received: Date.now() } as const;
}

/** A storage whose writes of one name fail as on a full disk, as often as the test asks. */
function failing(storage: Storage, name: string): { storage: Storage; faults: number } {
  const state = { faults: 0, storage };
  const failOnce = (called: readonly string[]): void => {
    if (!called.includes(name) || state.faults === 0) return;
    state.faults -= 1;
    throw new FullError('the disk is full');
  };
  state.storage = {
    acceptance: storage.acceptance,
    read: storage.read.bind(storage),
    atomically: async (calls: readonly WriteCall[]) => {
      failOnce(calls.map(([called]) => called));
      return storage.atomically(calls);
    },
    write: async (called: string, args: unknown) => {
      failOnce([called]);
      return storage.write(called as 'publish', args as never);
    },
  } as unknown as Storage;
  return state;
}

async function openOn(storage: Storage, queues = [queueA]): Promise<EmbeddedBroker> {
  const broker = new EmbeddedBroker({ storage, clock: systemClock, log: silentLog });
  await broker.open(queues);
  return broker;
}

test('next waits out a storage that fails', () =>
  withStorage(async real => {
    const state = failing(real, 'take');
    const broker = await openOn(state.storage);
    const subscription = await broker.subscribe('a', 10);
    state.faults = 1;
    await broker.publish([message('one')]);
    assert.is((await subscription.next(limits, never))[0]!.id, 'one');
    state.faults = 1_000_000;
    const abort = new AbortController();
    const waiting = subscription.next(limits, abort.signal);
    abort.abort();
    assert.equal(await waiting, []);
    await broker.close();
  }));

test('a settlement that fails can be made again, and counts once', () =>
  withStorage(async real => {
    const state = failing(real, 'settle');
    const broker = await openOn(state.storage);
    await broker.publish([message('one'), message('two')]);
    const subscription = await broker.subscribe('a', 2);
    const got = await subscription.next(limits, never);
    state.faults = 1;
    const settlement = { done: got, duplicates: 1, filtered: 0, dead: [] };
    const error = await subscription.settle(settlement).catch(thrown => thrown);
    assert.instance(error, FullError);
    assert.is((await broker.depth('a')).unsettled, 2);
    await subscription.settle(settlement);
    const { sinks } = await real.ledger();
    assert.is(sinks[0]!.delivered, 1);
    assert.is(sinks[0]!.duplicates, 1);
    assert.is(sinks[0]!.difference, 0);
    await broker.close();
  }));

test('a publish that is refused shows in the status until one is accepted', () =>
  withStorage(async real => {
    const state = failing(real, 'publish');
    const broker = await openOn(state.storage);
    state.faults = 1;
    const error = await broker.publish([message('one')]).catch(thrown => thrown);
    assert.instance(error, FullError);
    assert.is(broker.status().state, 'down');
    await broker.publish([message('one')]);
    assert.is(broker.status().state, 'ready');
    await broker.close();
  }));

test('of what is published together only that for an unknown sink is refused, and nobody who throws ends the rest', () =>
  withStorage(async storage => {
    const broker = await openOn(storage);
    const answered: string[] = [];
    const named = (id: string, sinks?: string[]): Publication => ({
      messages: [{ ...message(id), ...(sinks === undefined ? {} : { sinks }) }],
      accepted: durability => void answered.push(`${id} ${durability}`),
      failed: error => void answered.push(`${id} ${(error as Error).name}`),
    });
    const deaf = (): never => {
      throw new Error('nobody listens');
    };
    broker.publishAll([
      named('one'),
      { messages: [], accepted: deaf, failed: deaf },
      { ...named('deaf', ['unknown']), failed: deaf },
      named('refused', ['a', 'unknown']),
      named('two', ['a']),
    ]);
    await until(() => answered.length === 3, 'three answers');
    assert.equal(answered.sort(), ['one embedded', 'refused UnsupportedError', 'two embedded']);
    assert.is((await broker.depth('a')).ready, 2);
    await broker.close();
  }));

test('a queue whose sink is switched off fills, shows as orphaned, and can be removed', () =>
  withStorage(async storage => {
    const other = { sink: 'b', name: 'event-sink.b', adopted: false };
    await (await openOn(storage, [queueA, other])).close();
    const broker = await openOn(storage);
    await broker.publish([message('one')]);
    assert.equal(
      (await broker.queues()).map(({ name, ready, orphaned }) => [name, ready, orphaned]),
      [
        ['event-sink.a', 1, false],
        ['event-sink.b', 1, true],
      ],
    );
    await broker.removeQueue('event-sink.b');
    assert.is(await broker.inspect('event-sink.b'), undefined);
    assert.match((await broker.removeQueue('event-sink.b').catch(thrown => thrown)).name, 'UnsupportedError');
    await broker.close();
  }));

test('publishing by name says what it needs', () =>
  withStorage(async storage => {
    const broker = await openOn(storage);
    const error = await broker.publishTo({ queue: 'x' }, '{}').catch(thrown => thrown);
    assert.is(error.name, 'UnsupportedError');
    assert.match(error.message, 'RABBITMQ_URI');
    await broker.close();
  }));

test.run();
