import { dispatch } from 'nact';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, type Parent, spawnSupervisor, startRoot, stopTree } from '../../actors/actor.js';
import { spawnHttp } from '../../actors/http.js';
import { systemClock } from '../../src/clock.js';
import { SetupError } from '../../src/errors.js';
import type { HttpServer } from '../../src/http/server.js';
import { silentLog } from '../../src/log.js';
import { StatusBoard } from '../../src/status/board.js';
import { escalate, restartTree } from '../../supervisors/restart.js';
import { until } from '../helpers/wait.js';

const test = suite<{ root: Parent }>('http actor');
test.before.each(context => {
  context.root = startRoot();
});
test.after.each(({ root }) => stopTree(root));

function start(root: Parent, server: Partial<HttpServer>) {
  const board = new StatusBoard(systemClock);
  const failures: [string, unknown][] = [];
  const parent = spawnSupervisor(
    root,
    'ingress',
    board,
    restartTree((...failure) => failures.push(failure)),
  );
  const tools = { board, log: silentLog, onCrash: escalate };
  const http = spawnHttp(parent, { ...tools, server: { scheme: 'http', ...server } as HttpServer });
  return { http, failures, state: () => board.get('ingress/http')?.state, board };
}

for (const [info, address] of [
  [{ address: '127.0.0.1', family: 'IPv4', port: 80 }, 'http://127.0.0.1:80'],
  [{ address: '::1', family: 'IPv6', port: 81 }, 'http://[::1]:81'],
  [{ address: '0.0.0.0', family: 'IPv4', port: 82 }, 'http://localhost:82'],
  [{ address: '::', family: 'IPv6', port: 83 }, 'http://localhost:83'],
] as const) {
  test(`a listener on ${info.address} is at ${address}`, async ({ root }) => {
    const { http, board } = start(root, { listen: async () => info });
    assert.is(await ask<string>(reply => dispatch(http, { type: 'listen', reply })), address);
    const { state, detail } = board.get('ingress/http') ?? {};
    assert.equal([state, detail], ['running', { address }]);
  });
}

test('a listener that cannot start says why to whoever asked, and nothing is restarted', async ({ root }) => {
  const refused = new SetupError('another program already listens there');
  const { http, failures, state } = start(root, { listen: () => Promise.reject(refused) });
  const error = await ask<string>(reply => dispatch(http, { type: 'listen', reply })).catch(thrown => thrown);
  assert.is(error, refused);
  assert.equal([state(), failures], ['failed', []]);
});

test('a listener that fails later escalates, and the actor still answers the shutdown', async ({ root }) => {
  let fail: ((error: Error) => void) | undefined;
  const closed: number[] = [];
  const { http, failures } = start(root, {
    listen: async onFailed => {
      fail = onFailed;
      return { address: '127.0.0.1', family: 'IPv4', port: 80 };
    },
    close: async timeoutMs => void closed.push(timeoutMs),
  });
  await ask<string>(reply => dispatch(http, { type: 'listen', reply }));
  const broken = new Error('accept EBADF');
  fail?.(broken);
  await until(() => failures.length === 1, 'a failure');
  assert.equal(failures, [['http', broken]]);
  await ask<void>(reply => dispatch(http, { type: 'close', timeoutMs: 7, reply }));
  assert.equal(closed, [7]);
});

test('a close that fails is not waited for again', async ({ root }) => {
  const { http, state } = start(root, { close: () => Promise.reject(new Error('broken')) });
  await ask<void>(reply => dispatch(http, { type: 'close', timeoutMs: 0, reply }));
  assert.is(state(), 'stopped');
});

test.run();
