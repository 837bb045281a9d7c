import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { StatusBoard } from '../../src/status/board.js';
import { Children } from '../../supervisors/children.js';
import { hastyClock } from '../helpers/clock.js';
import { recordingLog } from '../helpers/recording-log.js';
import { until } from '../helpers/wait.js';

const never = new AbortController().signal;
const of = (slices: Record<string, number>): Map<string, number> => new Map(Object.entries(slices));

function scene() {
  const clock = hastyClock();
  const board = new StatusBoard(clock);
  const { log, lines } = recordingLog();
  const happened: string[] = [];
  const state = { fails: 0, gate: Promise.resolve(), stuck: false };
  const children = new Children<number>({
    pathOf: name => `top/${name}`,
    ...{ board, clock, log },
    start: async (name, slice) => {
      if (state.fails > 0) {
        state.fails -= 1;
        throw new Error('not yet');
      }
      board.line(`top/${name}`).update({ state: 'running' });
      happened.push(`start ${name} ${slice}`);
      return {
        stop: async hurry => {
          happened.push(`stop ${name} ${slice}`);
          if (state.stuck) return new Promise(() => {});
          await Promise.race([
            state.gate,
            new Promise(resolve => hurry.addEventListener('abort', resolve, { once: true })),
          ]);
        },
      };
    },
  });
  return { board, lines, happened, state, children };
}

test('what is as it was goes on; what is otherwise restarts; what is wanted no more stops', async () => {
  const { children, happened, board } = scene();
  assert.equal(await children.become(of({ a: 1, b: 1, c: 1 }), never), ['top/a', 'top/b', 'top/c']);
  happened.length = 0;
  assert.equal(await children.become(of({ a: 1, b: 2, d: 1 }), never), ['top/b', 'top/c', 'top/d']);
  assert.equal(happened.sort(), ['start b 2', 'start d 1', 'stop b 1', 'stop c 1']);
  assert.equal(
    board.all().map(({ path }) => path),
    ['top/a', 'top/b', 'top/d'],
  );
  assert.equal(await children.become(of({ a: 1, b: 2, d: 1 }), never), []);
});

test('one that takes long to stop keeps no other waiting, and becomes what is wanted by then', async () => {
  const { children, happened, state } = scene();
  await children.become(of({ a: 1, b: 1 }), never);
  let open = (): void => {};
  state.gate = new Promise(resolve => {
    open = resolve;
  });
  const first = children.become(of({ a: 2, b: 1 }), never);
  await until(() => happened.includes('stop a 1'), 'a to stop');
  state.gate = Promise.resolve();
  const second = children.become(of({ a: 3, b: 2 }), never);
  await until(() => happened.includes('start b 2'), 'b to restart');
  assert.not.ok(happened.some(line => line.startsWith('start a 2') || line.startsWith('start a 3')));
  open();
  await Promise.all([first, second]);
  assert.equal(
    happened.filter(line => line.includes(' a ')),
    ['start a 1', 'stop a 1', 'start a 3'],
  );
});

test('one that cannot be started is said to, and is tried until it can; the others are not kept', async () => {
  const { children, happened, state, board, lines } = scene();
  state.fails = 3;
  await children.become(of({ a: 1 }), never);
  assert.is(board.get('top/a')?.state, 'holding');
  assert.is(board.get('top/a')?.lastError?.message, 'not yet');
  await until(() => happened.includes('start a 1'), 'a to start');
  assert.is(board.get('top/a')?.state, 'running');
  assert.is(lines.filter(({ line }) => line === 'part.unstarted').length, 3);
});

test('one that cannot be started gives way to what is wanted in its place', async () => {
  const { children, happened, state } = scene();
  state.fails = Number.POSITIVE_INFINITY;
  await children.become(of({ a: 1 }), never);
  state.fails = 0;
  await children.become(of({ a: 2 }), never);
  await children.close(never);
  assert.ok(happened.includes('start a 2'));
  assert.is(happened.at(-1), 'stop a 2');
});

test('one that does not end, however hurried, keeps no other from going on', async () => {
  const { children, happened, state, lines } = scene();
  await children.become(of({ a: 1 }), never);
  state.stuck = true;
  const hurry = new AbortController();
  const reload = children.become(of({ a: 2 }), hurry.signal);
  await until(() => happened.includes('stop a 1'), 'a to be asked to stop');
  assert.not.ok(happened.includes('start a 2'));
  hurry.abort();
  await reload;
  assert.ok(happened.includes('start a 2'));
  assert.is(lines.filter(({ line }) => line === 'part.unstopped').length, 1);
});

test('after the end nothing starts, whoever asks and whatever is under way', async () => {
  const { children, happened, state } = scene();
  await children.become(of({ a: 1, b: 1 }), never);
  const hurry = new AbortController();
  state.gate = new Promise(() => {});
  const reload = children.become(of({ a: 2 }), hurry.signal);
  const end = children.close(hurry.signal);
  await until(() => happened.filter(line => line.startsWith('stop')).length === 2, 'both to stop');
  hurry.abort();
  await Promise.all([reload, end]);
  assert.equal(await children.become(of({ c: 1 }), never), []);
  assert.equal(happened.sort(), ['start a 1', 'start b 1', 'stop a 1', 'stop b 1']);
});

test.run();
