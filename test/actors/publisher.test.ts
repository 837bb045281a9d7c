import { dispatch } from 'nact';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, type Parent, startRoot, stopTree } from '../../actors/actor.js';
import type { Actor, PublisherMessage } from '../../actors/protocol.js';
import { publishThrough, spawnPublisher } from '../../actors/publisher.js';
import type { Broker, Durability, Publication } from '../../src/broker/broker.js';
import { systemClock } from '../../src/clock.js';
import { TransientError } from '../../src/errors.js';
import type { Message } from '../../src/events/message.js';
import { silentLog } from '../../src/log.js';
import { StatusBoard } from '../../src/status/board.js';
import { escalate } from '../../supervisors/restart.js';
import { settled } from '../helpers/manual-clock.js';
import { message } from '../helpers/memory-broker.js';
import { until } from '../helpers/wait.js';

interface Context {
  root: Parent;
  board: StatusBoard;
  publisher: Actor<PublisherMessage>;
  /** Publishes that the broker has not answered. */
  waiting: { resolve(durability: Durability): void; reject(error: Error): void }[];
  /** Publications of each call of the broker. */
  calls: number[];
}

const test = suite<Context>('publisher');
test.before.each(context => {
  context.root = startRoot();
  context.board = new StatusBoard(systemClock);
  context.waiting = [];
  context.calls = [];
  const publishTo = () => new Promise<Durability>((resolve, reject) => void context.waiting.push({ resolve, reject }));
  const publishAll = (publications: readonly Publication[]): void => {
    context.calls.push(publications.length);
    for (const { accepted, failed } of publications) context.waiting.push({ resolve: accepted, reject: failed });
  };
  context.publisher = spawnPublisher(context.root, {
    broker: { publishAll, publishTo } as unknown as Broker,
    board: context.board,
    log: silentLog,
    onCrash: escalate,
  });
});
test.after.each(({ root }) => stopTree(root));

/** An immediate for the actor's turn, in which it takes all requests, one for another message, one for the rest. */
const turn = async (): Promise<void> => {
  for (let immediate = 0; immediate < 3; immediate += 1) await settled();
};

test('many publishes are under way at once, each with its own answer', async ({ publisher, waiting }) => {
  const { publish, publishTo } = publishThrough(publisher);
  const answers = [publish([message('a')]), publish([message('b')])];
  await turn();
  answers.splice(1, 0, publishTo({ queue: 'q' }, '{}'));
  await turn();
  assert.is(waiting.length, 3);
  waiting[1]?.resolve('outbox');
  waiting[0]?.reject(new TransientError('the disk is full'));
  waiting[2]?.resolve('broker');
  const results = await Promise.allSettled(answers);
  assert.equal(
    results.map(result => (result.status === 'fulfilled' ? result.value : result.reason.message)),
    ['the disk is full', 'broker', 'outbox'],
  );
});

test('what is published until the actor has its turn goes to the broker in one call', async ({ publisher, calls }) => {
  const { publish } = publishThrough(publisher);
  void publish([message('a')]);
  await Promise.resolve();
  void publish([message('b')]);
  await settled();
  assert.equal(calls, [2]);
  void publish([message('c')]);
  await turn();
  assert.equal(calls, [2, 1]);
});

test('observers hear what was published, whoever published it, before the publisher has an answer', async context => {
  const { publisher, waiting } = context;
  const heard: string[] = [];
  let finish: (() => void) | undefined;
  const observer = (messages: readonly Message[]): Promise<void> => {
    heard.push(...messages.map(({ id }) => id));
    return new Promise(resolve => (finish = resolve));
  };
  dispatch(publisher, { type: 'observe', observer });
  let answered = false;
  const published = publishThrough(publisher)
    .publish([message('a'), message('b')])
    .then(durability => {
      answered = true;
      return durability;
    });
  await turn();
  assert.equal(heard, [], 'not durable yet');
  waiting[0]?.resolve('embedded');
  await turn();
  assert.equal([heard, answered], [['a', 'b'], false]);
  finish?.();
  assert.is(await published, 'embedded');
});

test('observers hear nothing of what is for some sinks alone', async ({ publisher, waiting }) => {
  const heard: string[] = [];
  dispatch(publisher, {
    type: 'observe',
    observer: async messages => {
      heard.push(...messages.map(({ id }) => id));
    },
  });
  const published = publishThrough(publisher).publish([message('a'), { ...message('b'), sinks: ['usage'] }]);
  await turn();
  waiting[0]?.resolve('embedded');
  assert.is(await published, 'embedded');
  assert.equal(heard, ['a']);
});

test('observers hear nothing of what was not published', async ({ publisher, waiting }) => {
  let heard = 0;
  dispatch(publisher, {
    type: 'observe',
    observer: async () => {
      heard += 1;
    },
  });
  const refused = publishThrough(publisher)
    .publish([message('a')])
    .catch(error => error.message);
  await turn();
  waiting[0]?.reject(new TransientError('the disk is full'));
  assert.is(await refused, 'the disk is full');
  assert.is(heard, 0);
});

test('a drain waits for what is under way, and refuses what comes after it', async ({ publisher, waiting, board }) => {
  const { publish } = publishThrough(publisher);
  const first = publish([message('a')]);
  await turn();
  let drained = false;
  const drain = ask<void>(reply => dispatch(publisher, { type: 'drain', reply })).then(() => {
    drained = true;
  });
  const late = publish([message('b')]).catch(error => error.message);
  assert.is(await late, 'the daemon is stopping');
  assert.is(board.get('publisher')?.state, 'stopped');
  assert.not(drained);
  waiting[0]?.resolve('broker');
  assert.is(await first, 'broker');
  await drain;
  await ask<void>(reply => dispatch(publisher, { type: 'drain', reply }));
  assert.is(waiting.length, 1);
});

test('an observer that fails keeps neither the publisher nor other observers from hearing', async context => {
  const { publisher, waiting } = context;
  const { publish } = publishThrough(publisher);
  const heard: string[] = [];
  const observers = [
    () => {
      throw new Error('a defect');
    },
    () => Promise.reject(new Error('a defect, later')),
    async (messages: readonly Message[]) => void heard.push(...messages.map(({ id }) => id)),
  ];
  for (const observer of observers) dispatch(publisher, { type: 'observe', observer });
  const published = publish([message('a')]);
  await until(() => waiting.length === 1, 'the broker to be asked');
  waiting[0]?.resolve('embedded');
  assert.is(await published, 'embedded');
  assert.equal(heard, ['a']);
});

test('only the first of two answers of the broker counts', async ({ publisher, waiting }) => {
  const { publish } = publishThrough(publisher);
  const first = publish([message('a')]);
  const second = publish([message('b')]);
  await until(() => waiting.length === 2, 'the broker to be asked');
  waiting[0]?.resolve('broker');
  waiting[0]?.reject(new Error('twice'));
  waiting[0]?.resolve('outbox');
  assert.is(await first, 'broker');
  let drained = false;
  const drain = ask<void>(reply => dispatch(publisher, { type: 'drain', reply })).then(() => {
    drained = true;
  });
  await turn();
  assert.not(drained, 'the second is under way');
  waiting[1]?.reject(new TransientError('the disk is full'));
  assert.is(await second.catch(error => error.message), 'the disk is full');
  await drain;
});

test.run();
