import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { StatusBoard } from '../../src/status/board.js';
import { ManualClock } from '../helpers/manual-clock.js';

test('a line begins as starting; `since` moves with the state and with nothing else', async () => {
  const clock = new ManualClock();
  const board = new StatusBoard(clock);
  const line = board.line('delivery/local/sink');
  const began = clock.now();
  assert.equal(board.get('delivery/local/sink'), {
    path: 'delivery/local/sink',
    state: 'starting',
    since: began,
    restarts: 0,
    lastError: undefined,
    nextTry: undefined,
    detail: {},
  });
  await clock.pass(5);
  line.update({ restarts: 1, state: 'starting' });
  assert.equal([line.status.since, line.status.restarts], [began, 1]);
  line.update({ state: 'running' });
  assert.equal([line.status.since, line.status.restarts], [began + 5, 1]);
});

test('an actor that is reset finds its line as it was', () => {
  const board = new StatusBoard(new ManualClock());
  board.line('sink').update({ state: 'holding', restarts: 3 });
  assert.equal([board.line('sink').status.state, board.line('sink').status.restarts], ['holding', 3]);
  assert.is(board.all().length, 1);
});

test('all lines come in order of path, parents before their children', () => {
  const board = new StatusBoard(new ManualClock());
  for (const path of ['ingress/http', 'delivery/local/sink', 'delivery', 'delivery/local', 'ingress']) board.line(path);
  assert.equal(
    board.all().map(({ path }) => path),
    ['delivery', 'delivery/local', 'delivery/local/sink', 'ingress', 'ingress/http'],
  );
});

test.run();
