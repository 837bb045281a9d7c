import { mkdirSync, rmdirSync } from 'node:fs';
import { dispatch } from 'nact';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, type Parent, startRoot, stopTree } from '../../actors/actor.js';
import { spawnNginxLog } from '../../actors/nginx-log.js';
import type { Actor, NginxLogMessage } from '../../actors/protocol.js';
import { type Clock, systemClock } from '../../src/clock.js';
import { TransientError } from '../../src/errors.js';
import { silentLog } from '../../src/log.js';
import { createLogReader } from '../../src/nginx/source.js';
import { VisitorKeys } from '../../src/nginx/traffic/visitors.js';
import { type ActorStatus, StatusBoard } from '../../src/status/board.js';
import { escalate } from '../../supervisors/restart.js';
import { watchLeaks } from '../helpers/leaks.js';
import { until } from '../helpers/wait.js';
import { idSecret, noMemory, plainConfig, Scene } from '../nginx/scene.js';

interface Context {
  scene: Scene;
  root: Parent;
  actor: Actor<NginxLogMessage> | undefined;
  board: StatusBoard;
}

const test = suite<Context>('nginx log actor');

test.before.each(context => {
  context.scene = new Scene();
  context.root = startRoot();
  context.board = new StatusBoard(systemClock);
  context.actor = undefined;
});
test.after.each(async ({ scene, root, actor }) => {
  if (actor !== undefined) await stop(actor);
  await stopTree(root);
  await scene.remove();
});

watchLeaks(test as never);

/** A clock whose sleeps of a second, the polls, last as long as the test says. */
function polling(ms: number): Clock {
  return {
    ...systemClock,
    sleep: (wanted, signal) => systemClock.sleep(wanted === 1_000 ? ms : Math.min(wanted, 20), signal),
  };
}

function start(context: Context, clock: Clock, onFollowed = (): void => {}): Actor<NginxLogMessage> {
  const { scene, board, root } = context;
  const tools = { board, log: silentLog, onCrash: escalate };
  const options = { ...tools, number: 1, file: scene.path, clock };
  context.actor = spawnNginxLog(root, {
    ...options,
    onFollowed,
    createReader: (onHold, stopping) =>
      createLogReader({
        ...{ path: scene.path, name: 'access.log', config: plainConfig, store: scene.store, clock, log: silentLog },
        clowderUrl: undefined,
        idSecret,
        visitors: new VisitorKeys(noMemory, clock),
        countryOf: () => undefined,
        onHold,
        stopping,
      }),
  });
  return context.actor;
}

const stop = (actor: Actor<NginxLogMessage>): Promise<void> => ask(reply => dispatch(actor, { type: 'stop', reply }));

const counted = ({ scene }: Context) => until(() => scene.store.requests === scene.written, 'every line counted');

const state = (board: StatusBoard, wanted: ActorStatus['state']) =>
  until(() => board.get('1')?.state === wanted && board.get('1'), `state ${wanted}`);

test('what is written is read at once, without a poll, also after a rotation', async context => {
  const { scene, board } = context;
  scene.create();
  start(context, polling(3_600_000));
  await state(board, 'running');
  for (let round = 0; round < 3; round += 1) {
    scene.writeLines(10);
    await counted(context);
  }
  assert.is(board.get('1')?.detail.requests, 30);
  scene.rename();
  scene.create();
  scene.writeLines(5);
  await counted(context);
  scene.writeLines(5);
  await counted(context);
});

test('once it says that the log is followed, nothing is missed: it ends at once, and the log is rotated', async context => {
  const { scene } = context;
  scene.create();
  await new Promise<void>(resolve => start(context, polling(20), resolve));
  assert.ok(await scene.store.load(), 'a kill would not matter');
  await stop(context.actor!);
  scene.writeLines(3);
  scene.rename();
  scene.create();
  await scene.start();
  await scene.read();
  assert.is(scene.store.requests, 3);
});

test('that a log cannot be followed yet keeps nobody waiting', async context => {
  const { scene, board } = context;
  mkdirSync(scene.path);
  await new Promise<void>(resolve => start(context, polling(20), resolve));
  await state(board, 'holding');
  assert.is(scene.store.requests, 0);
  rmdirSync(scene.path);
});

test('without a watch, polls have to do: a log that is not there yet', async context => {
  const { scene, board } = context;
  start(context, polling(20));
  await until(() => board.get('1')?.detail.missing === true, 'a look');
  assert.is(board.get('1')?.state, 'starting');
  scene.writeLines(3);
  await counted(context);
  assert.is((await state(board, 'running')).detail.missing, false);
});

test('until when the log was read to its end is shown, and stays while there is none', async context => {
  const { scene, board } = context;
  const readUntil = (): number => Number(board.get('1')?.detail.read_until);
  start(context, polling(20));
  await until(() => board.get('1')?.detail.missing === true, 'a look');
  const first = readUntil();
  scene.writeLines(3);
  const written = Date.now();
  await until(() => readUntil() >= written, 'the end of the log');
  assert.ok(first <= written);
  assert.is(scene.store.checkpoint.totals.requests, 3);
  scene.rename();
  // A look that had begun may still have found it.
  await until(() => {
    const before = readUntil();
    return new Promise<void>(resolve => setTimeout(resolve, 100)).then(() => readUntil() === before);
  }, 'no later end');
  const last = readUntil();
  scene.create();
  await until(() => readUntil() > last, 'the end of the new log');
});

test('a commit that does not go through is held, and shown', async context => {
  const { scene, board } = context;
  start(context, polling(20));
  await until(() => board.get('1')?.detail.missing === true, 'a look');
  scene.store.fault = new TransientError('the disk is full');
  scene.writeLines(3);
  const { lastError, nextTry } = await state(board, 'holding');
  assert.is(lastError?.fault, 'transient');
  assert.match(lastError?.message ?? '', /disk is full/);
  assert.type(nextTry, 'number');
  scene.store.fault = undefined;
  await counted(context);
  await state(board, 'running');
});

test('it stops while a commit is held, and the next one takes up from the last commit', async context => {
  const { scene, board } = context;
  const actor = start(context, {
    ...systemClock,
    sleep: (ms, signal) => systemClock.sleep(ms === 1_000 ? 20 : 3_600_000, signal),
  });
  await until(() => board.get('1')?.detail.missing === true, 'a look');
  scene.store.fault = new TransientError('the disk is full');
  scene.writeLines(3);
  await state(board, 'holding');
  await stop(actor);
  assert.is(board.get('1')?.state, 'stopped');
  scene.store.fault = undefined;
  assert.is(scene.store.requests, 0);
  await scene.start();
  await scene.read();
  assert.is(scene.store.requests, 3);
});

test('a fault at the start is tried again at every poll', async context => {
  const { scene, board } = context;
  mkdirSync(scene.path);
  start(context, polling(20));
  const { lastError } = await state(board, 'holding');
  assert.is(lastError?.fault, 'setup');
  rmdirSync(scene.path);
  scene.writeLines(2);
  await counted(context);
  await state(board, 'running');
});

test('it stops twice, and before it has begun', async context => {
  context.scene.writeLines(2);
  const actor = start(context, polling(20));
  await Promise.all([stop(actor), stop(actor)]);
  await stop(actor);
  assert.is(context.board.get('1')?.state, 'stopped');
});

test.run();
