import { dispatch } from 'nact';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  actorName,
  type Decision,
  type OnCrash,
  type OnEscalation,
  type Parent,
  spawnActor,
  spawnSupervisor,
  startRoot,
  stopTree,
} from '../../actors/actor.js';
import type { Actor } from '../../actors/protocol.js';
import { systemClock } from '../../src/clock.js';
import { StatusBoard } from '../../src/status/board.js';
import { actorPaths } from '../helpers/actor-paths.js';
import { settled } from '../helpers/manual-clock.js';
import { until } from '../helpers/wait.js';

interface Context {
  root: Parent;
  board: StatusBoard;
}

const test = suite<Context>('actors');
test.before.each(context => {
  context.root = startRoot();
  context.board = new StatusBoard(systemClock);
});
test.after.each(async ({ root }) => {
  await stopTree(root);
  assert.equal(actorPaths(), []);
});

/** An actor that keeps its messages, and throws those that are errors. */
class Recorder {
  readonly messages: unknown[];

  constructor(messages: unknown[] = []) {
    this.messages = messages;
  }

  spawn({ board }: Context, parent: Parent, name: string, onCrash: OnCrash, onCreate = () => {}): Actor<unknown> {
    return spawnActor<unknown>(parent, name, { board, onCrash }, (_self, status) => {
      onCreate();
      status.update({ state: 'running' });
      return {
        handle: async message => {
          await settled();
          if (message instanceof Error) throw message;
          this.messages.push(message);
        },
      };
    });
  }
}

const resume = (): 'resume' => 'resume';
const escalate = (): 'escalate' => 'escalate';

test('an actor shows on the board under the path that nact gives it', context => {
  const outer = spawnSupervisor(context.root, 'outer', context.board, escalate);
  const inner = spawnSupervisor(outer, 'inner', context.board, escalate);
  new Recorder().spawn(context, inner, 'leaf', resume);
  const shown = context.board.all().map(({ path, state }) => [path, state]);
  assert.equal(shown, [
    ['outer', 'running'],
    ['outer/inner', 'running'],
    ['outer/inner/leaf', 'running'],
  ]);
  assert.equal(
    actorPaths(),
    shown.map(([path]) => path),
  );
});

test('messages come one at a time, in order, also around one that is thrown', async context => {
  const crashes: unknown[] = [];
  const recorder = new Recorder();
  const actor = recorder.spawn(context, context.root, 'actor', (error, path) => {
    crashes.push([(error as Error).message, path]);
    return 'resume';
  });
  for (const message of [1, 2, new Error('broken'), 3]) dispatch(actor, message);
  await until(() => recorder.messages.length === 3, 'three messages');
  assert.equal(recorder.messages, [1, 2, 3]);
  assert.equal(crashes, [['broken', 'actor']]);
});

test('a child that escalates is reset by its supervisor, with what waited for it', async context => {
  let created = 0;
  const asked: string[] = [];
  const supervisor = spawnSupervisor(
    context.root,
    'supervisor',
    context.board,
    async (_error, child): Promise<Decision> => {
      asked.push(child);
      await systemClock.sleep(10);
      return 'resetChild';
    },
  );
  const recorder = new Recorder();
  const actor = recorder.spawn(context, supervisor, 'child', escalate, () => {
    created += 1;
  });
  for (const message of [new Error('broken'), 'after']) dispatch(actor, message);
  await until(() => recorder.messages.length === 1, 'the message that waited');
  assert.equal([asked, created], [['child'], 2]);
});

test('what a supervisor escalates, the one above it decides, of the supervisor as its child', async context => {
  const asked: string[] = [];
  const decide =
    (name: string, decision: Decision): OnEscalation =>
    (error, child) => {
      asked.push(`${name}: ${child}, ${(error as Error).message}`);
      return decision;
    };
  const upper = spawnSupervisor(context.root, 'upper', context.board, decide('upper', 'stopChild'));
  const lower = spawnSupervisor(upper, 'lower', context.board, decide('lower', 'escalate'));
  dispatch(new Recorder().spawn(context, lower, 'child', escalate), new Error('broken'));
  await until(() => !actorPaths().includes('upper/lower'), 'a stopped supervisor');
  assert.equal(asked, ['lower: child, broken', 'upper: lower, broken']);
});

test('an actor or a supervisor that was stopped in the middle of a fault has nothing more to decide', async context => {
  const rejections: unknown[] = [];
  const note = (error: unknown): void => void rejections.push(error);
  process.on('unhandledRejection', note);
  let decide: ((decision: Decision) => void) | undefined;
  const supervisor = spawnSupervisor(
    context.root,
    'supervisor',
    context.board,
    () => new Promise<Decision>(resolve => (decide = resolve)),
  );
  let created = 0;
  const recorder = new Recorder();
  const waiting = recorder.spawn(context, supervisor, 'waiting', escalate, () => {
    created += 1;
  });
  dispatch(waiting, new Error('broken'));
  await until(() => decide !== undefined, 'a decision that is awaited');
  let fail: (() => void) | undefined;
  const busy = spawnActor<unknown>(supervisor, 'busy', { board: context.board, onCrash: escalate }, () => ({
    handle: () => new Promise((_resolve, reject) => (fail = () => reject(new Error('late')))),
  }));
  dispatch(busy, 'work');
  await until(() => fail !== undefined, 'work under way');
  await stopTree(context.root);
  decide?.('resetChild');
  fail?.();
  await systemClock.sleep(20);
  process.off('unhandledRejection', note);
  assert.equal(rejections, []);
  assert.is(created, 1);
});

test('texts become names that nact allows, different ones for different texts', () => {
  const texts = ['clowder', 'The search (50%!)', 'a/b', 'a b', 'a!20b', '~', 'über', '!', '%21'];
  const names = texts.map(actorName);
  assert.is(new Set(names).size, texts.length);
  for (const name of names) assert.match(name, /^[a-z0-9-$_.+!*'(),]+$/i);
  assert.is(names[0], 'clowder');
});

test.run();
