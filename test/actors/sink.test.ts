import { dispatch } from 'nact';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, spawnActor, spawnSupervisor, startRoot, stopTree } from '../../actors/actor.js';
import type { ConsumerMessage, SinkMessage } from '../../actors/protocol.js';
import { type RestartPolicy, spawnSink } from '../../actors/sink.js';
import { systemClock } from '../../src/clock.js';
import { HaltedError, SetupError, TransientError } from '../../src/errors.js';
import { silentLog } from '../../src/log.js';
import type { SinkTools } from '../../src/sinks/sink.js';
import { StatusBoard } from '../../src/status/board.js';
import { memoryInMemory } from '../helpers/delivery.js';
import { straight } from '../helpers/outgoing.js';
import { type ScriptedSink, scriptedSink } from '../helpers/scripted-sink.js';
import { eventOf } from '../helpers/sink-session.js';
import { until } from '../helpers/wait.js';

/** A sink actor whose consumer and supervisor only note what they are sent. */
class Scene {
  readonly sink: ScriptedSink;
  readonly board = new StatusBoard(systemClock);
  readonly giveUp = new AbortController();
  readonly received: ConsumerMessage[] = [];
  readonly notes: string[] = [];
  /** How long the destination asked to be left alone, ms, each time. */
  readonly asked: number[] = [];
  /** What is noted as at work, after each change. */
  readonly atWork: string[] = [];
  readonly #root = startRoot();
  readonly #actor;

  constructor(writeDeadlineMs = 30_000, concurrency = 1) {
    this.sink = scriptedSink(() => ({}), { concurrency });
    const onCrash = (): 'escalate' => 'escalate';
    const supervisor = spawnSupervisor(this.#root, 'scripted', this.board, () => 'resetChild');
    const consumer = spawnActor<ConsumerMessage>(supervisor, 'consumer', { board: this.board, onCrash }, () => ({
      handle: async message => void this.received.push(message),
    }));
    const tools: SinkTools = {
      log: silentLog,
      clock: systemClock,
      keyValues: memoryInMemory(),
      events: { insert: async () => ({ duplicates: 0, conflicts: [] }) },
      outgoing: straight,
      usage: { fold: async () => 0 },
      notifications: { add: async () => 0 },
      name: 'test',
      idSecret: 'a secret for tests',
    };
    const policy: RestartPolicy = {
      faultOf: error => (error instanceof TransientError ? 'transient' : error instanceof SetupError ? 'setup' : 'bug'),
      crashed: async () => {},
      succeeded: () => void this.notes.push('succeeded'),
      asked: milliseconds => void this.asked.push(milliseconds),
      park: () => {},
    };
    this.#actor = spawnSink(supervisor, consumer, {
      definition: this.sink.definition,
      config: {},
      tools,
      policy,
      clock: systemClock,
      meter: {
        written: (_sink, count) => this.notes.push(`written ${count}`),
        conflicted: (_sink, ids) => this.notes.push(`conflicted ${ids.join()}`),
        failed: (_sink, fault) => this.notes.push(`failed ${fault}`),
      },
      writeDeadlineMs,
      stalls: {
        isSuspect: () => false,
        convicted: () => undefined,
        settled: () => {},
        room: 1_000,
        begin: async ids => {
          this.atWork.push(ids.join());
          return left => void this.atWork.push(left.join());
        },
      },
      giveUp: this.giveUp.signal,
      board: this.board,
      onCrash,
    });
  }

  send(message: SinkMessage): void {
    dispatch(this.#actor, message);
  }

  write(...ids: string[]): void {
    this.writeAll(ids);
  }

  /** All at once. */
  writeAll(...batches: readonly string[][]): void {
    const events = batches.map(ids => ids.map(id => eventOf({ category: 'upload' }, { id })));
    this.send({ type: 'write', batches: events });
  }

  /** The messages to the consumer, once there are as many. */
  async heard(count: number): Promise<readonly ConsumerMessage[]> {
    await until(() => this.received.length >= count, `${count} messages to the consumer`);
    return this.received;
  }

  close(): Promise<void> {
    return ask<void>(reply => this.send({ type: 'close', reply }));
  }

  async stop(): Promise<void> {
    await this.close();
    await stopTree(this.#root);
  }
}

const test = suite<{ scene: Scene }>('sink actor');
test.before.each(context => {
  context.scene = new Scene();
});
test.after.each(async ({ scene }) => {
  await scene.stop();
  assert.is(scene.sink.opens, scene.sink.closes);
  assert.equal(scene.sink.broken, []);
});

const types = (messages: readonly ConsumerMessage[]): string[] => messages.map(({ type }) => type);

test('the session is opened with the first write, kept, and closed once', async ({ scene }) => {
  assert.equal(types(await scene.heard(1)), ['sinkReady']);
  assert.is(scene.sink.opens, 0);
  scene.write('a', 'b');
  scene.send({ type: 'probe' });
  scene.write('c');
  assert.equal(types(await scene.heard(4)), ['sinkReady', 'written', 'probed', 'written']);
  assert.equal(scene.sink.writes, [['a', 'b'], ['c']]);
  assert.is(scene.sink.opens, 1);
  assert.is(scene.sink.probes, 1);
  assert.equal(scene.notes, ['written 2', 'succeeded', 'written 1', 'succeeded']);
  await scene.close();
  await scene.close();
  assert.is(scene.sink.closes, 1);
});

test('on an error the consumer is notified, the session closed, and a fresh start says that it is ready', async ({
  scene,
}) => {
  scene.sink.write = () => {
    throw new SetupError('a wrong key');
  };
  scene.write('a');
  const [, failed, ready] = await scene.heard(3);
  assert.ok(
    failed?.type === 'sinkFailed' && failed.fault === 'setup' && (failed.error as Error).message === 'a wrong key',
  );
  assert.is(ready?.type, 'sinkReady');
  assert.is(scene.sink.closes, 1);
  assert.equal(scene.notes, ['failed setup']);
  scene.sink.write = () => ({});
  scene.write('a');
  assert.equal(types(await scene.heard(4)).at(-1), 'written');
  assert.is(scene.sink.opens, 2);
});

test('an answer about events that are not in the batch is a defect of the sink', async ({ scene }) => {
  for (const result of [
    { rejected: [{ index: 1, reason: 'why' }] },
    { rejected: [{ index: 0, reason: 'why' }], deferred: { indexes: [0], retryAfterMs: 0 } },
  ]) {
    scene.sink.write = () => result;
    const before = scene.received.length;
    scene.write('a');
    await until(() => types(scene.received.slice(before)).includes('sinkFailed'), 'a defect');
  }
  assert.equal(scene.notes, ['failed bug', 'failed bug']);
});

test('conflicts are counted by the ids of their events', async ({ scene }) => {
  scene.sink.write = () => ({ conflicts: [1] });
  scene.write('a', 'b');
  await scene.heard(2);
  assert.ok(scene.notes.includes('conflicted b'));
});

test('a write that takes too long is abandoned as transient', async () => {
  const slow = new Scene(30);
  slow.sink.write = (_events, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  slow.write('a');
  const [, failed] = await slow.heard(2);
  assert.ok(failed?.type === 'sinkFailed' && failed.fault === 'transient');
  await slow.stop();
  assert.is(slow.sink.closes, 1);
});

test('when patience has ended, what is under way is given up', async ({ scene }) => {
  scene.sink.write = (_events, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  scene.write('a');
  await until(() => scene.sink.writes.length === 1, 'a write under way');
  scene.giveUp.abort();
  const [, failed] = await scene.heard(2);
  assert.ok(failed?.type === 'sinkFailed' && failed.fault === 'transient');
});

test('several writes at once are answered each on its own; what failed comes last, and closes the session once', async () => {
  const scene = new Scene(30_000, 4);
  const answers = new Map<string, (error?: Error) => void>();
  scene.sink.write = ([event]) =>
    new Promise((resolve, reject) =>
      answers.set(event!.id, error => (error === undefined ? resolve({}) : reject(error))),
    );
  scene.writeAll(['a'], ['b', 'bb'], ['c'], ['d']);
  await until(() => answers.size === 4, 'four writes under way');
  answers.get('c')?.();
  await scene.heard(2);
  answers.get('a')?.(new TypeError('a defect'));
  answers.get('d')?.(new TransientError('answered 503'));
  await new Promise(resolve => setTimeout(resolve, 5));
  assert.equal(types(scene.received), ['sinkReady', 'written']);
  assert.is(scene.sink.closes, 0, 'one is under way');
  answers.get('b')?.();
  const [, first, second, failed, ready] = await scene.heard(5);
  assert.equal(
    [first, second].map(one => one?.type === 'written' && one.index),
    [2, 1],
  );
  assert.ok(failed?.type === 'sinkFailed');
  assert.equal(
    failed.failed.map(({ index, fault }) => `${index} ${fault}`),
    ['0 bug', '3 transient'],
  );
  assert.is(failed.fault, 'transient', 'what the sink waits for');
  assert.is(ready?.type, 'sinkReady');
  assert.equal(scene.notes, ['written 1', 'failed bug', 'failed transient', 'written 2']);
  await scene.stop();
  assert.is(scene.sink.closes, 1);
  assert.equal(scene.sink.broken, []);
});

test('of several failures the sink waits for the person, or as long as the destination asks for', async () => {
  const scene = new Scene(30_000, 4);
  const errors: Record<string, Error> = {
    a: new TransientError('answered 503', { retryAfterMs: 10 }),
    b: new TransientError('answered 429', { retryAfterMs: 9_000 }),
    c: new SetupError('a wrong key'),
  };
  scene.sink.write = ([event]) => {
    throw errors[event!.id]!;
  };
  scene.writeAll(['a'], ['b']);
  const [, patient] = await scene.heard(2);
  assert.is(patient?.type === 'sinkFailed' && patient.error, errors.b);
  scene.writeAll(['b'], ['c'], ['a']);
  const [, , , setup] = await scene.heard(4);
  assert.is(setup?.type === 'sinkFailed' && setup.error, errors.c);
  await until(() => scene.asked.length === 2, 'what was asked for');
  assert.equal(scene.asked, [9_000, 9_000], 'beside a person, too');
  await scene.stop();
});

test('when one of several writes fails, the others are asked to begin nothing more, and may end', async () => {
  const scene = new Scene(30_000, 4);
  const halted: string[] = [];
  let fail: ((error: Error) => void) | undefined;
  scene.sink.write = ([event], signal, halt) =>
    new Promise((resolve, reject) => {
      const { id } = event!;
      if (id === 'a') fail = reject;
      halt?.addEventListener('abort', () => {
        halted.push(id);
        assert.is(signal.aborted, false);
        resolve({});
      });
    });
  scene.writeAll(['a'], ['b', 'bb'], ['c']);
  await until(() => scene.sink.writes.length === 3, 'three writes');
  assert.equal(scene.atWork, ['a,b,bb,c']);
  fail?.(new TransientError('answered 503', { retryAfterMs: 60_000 }));
  assert.equal(types(await scene.heard(4)).slice(1, 4), ['written', 'written', 'sinkFailed']);
  assert.equal(halted, ['a', 'b', 'c']);
  assert.equal(scene.asked, [60_000]);
  await scene.stop();
});

test('a bug in one of several writes is what is thrown, not that it halted the others, which are no failures', async () => {
  const scene = new Scene(30_000, 4);
  const bug = new TypeError('cannot read property');
  let fail: (() => void) | undefined;
  scene.sink.write = ([event], _signal, halt) =>
    new Promise((_resolve, reject) => {
      if (event!.id === 'b') fail = () => reject(bug);
      else halt?.addEventListener('abort', () => reject(new HaltedError('another write has failed')));
    });
  scene.writeAll(['a'], ['b'], ['c']);
  await until(() => scene.sink.writes.length === 3, 'three writes');
  fail?.();
  const [, failed] = await scene.heard(2);
  assert.ok(failed?.type === 'sinkFailed');
  assert.is(failed.error, bug);
  assert.is(failed.fault, 'bug');
  assert.equal(failed.failed.map(({ index }) => index).sort(), [0, 1, 2]);
  assert.equal(scene.notes, ['failed bug']);
  await scene.stop();
});

test('what was answered is at work no more, while the others are; what is given up ends with the round', async () => {
  const scene = new Scene(50, 4);
  const late: (() => void)[] = [];
  scene.sink.write = ([event]) => (event!.id === 'a' ? {} : new Promise(resolve => late.push(() => resolve({}))));
  scene.writeAll(['a', 'aa'], ['b'], ['c']);
  await until(() => scene.atWork.length === 2, 'one that was answered');
  assert.equal(scene.atWork, ['a,aa,b,c', 'b,c']);
  await scene.heard(3);
  await until(() => scene.atWork.length === 4, 'the end of the others');
  scene.sink.write = () => ({});
  scene.write('d');
  await until(() => scene.atWork.length === 6, 'another write');
  for (const resolve of late) resolve();
  await scene.stop();
  assert.equal(scene.atWork.slice(3), ['', 'd', ''], 'what ends much later changes nothing');
});

test('of several writes, those that end after the deadline are not heard any more', async () => {
  const scene = new Scene(30, 4);
  let late: (() => void) | undefined;
  scene.sink.write = ([event], signal) =>
    event!.id === 'prompt'
      ? {}
      : new Promise((resolve, reject) => {
          if (event!.id === 'deaf') late = () => resolve({});
          else signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
  scene.writeAll(['prompt'], ['deaf'], ['slow']);
  const [, written, failed] = await scene.heard(3);
  assert.ok(written?.type === 'written' && written.index === 0);
  assert.ok(failed?.type === 'sinkFailed');
  assert.equal(failed.failed.map(({ index, fault }) => `${index} ${fault}`).sort(), ['1 transient', '2 transient']);
  late?.();
  await scene.close();
  assert.equal(types(scene.received), ['sinkReady', 'written', 'sinkFailed', 'sinkReady']);
  await scene.stop();
});

test.run();
