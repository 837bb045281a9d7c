import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpProblem } from '../../src/http/problem.js';
import { ReadTurns } from '../../src/http/read-turns.js';
import { ManualClock } from '../helpers/manual-clock.js';

const here = (): boolean => false;
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

function scene(limits = {}) {
  const clock = new ManualClock();
  const turns = new ReadTurns(clock, { concurrent: 1, maxWaiting: 3, maxWaitMs: 1_000, ...limits });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const ask = (owner: string, name: string, gone = here): Promise<string> =>
    turns.run(owner, gone, async () => {
      begun.push(name);
      await new Promise<void>(resolve => ends.push(resolve));
      return name;
    });
  const finish = async (): Promise<void> => {
    ends.shift()?.();
    await turn();
  };
  return { clock, begun, ask, finish };
}

test('owners take turns, whoever asked first and most', async () => {
  const { begun, ask, finish } = scene();
  const answers = [ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('b', 'b1')];
  for (let round = 0; round < 4; round += 1) {
    await turn();
    await finish();
  }
  assert.equal(begun, ['a1', 'a2', 'b1', 'a3']);
  assert.equal(await Promise.all(answers), ['a1', 'a2', 'a3', 'b1']);
});

test('too many of one owner, and those that have waited too long, are refused', async () => {
  const { clock, begun, ask, finish } = scene();
  const first = ask('a', 'a1');
  const waiting = ['a2', 'a3', 'a4'].map(name => ask('a', name).catch((error: unknown) => error));
  const refused = await ask('a', 'a5').catch((error: unknown) => error);
  assert.instance(refused, HttpProblem);
  assert.is((refused as HttpProblem).status, 503);
  const other = ask('b', 'b1').catch((error: unknown) => error);
  await clock.pass(1_500);
  await finish();
  assert.is(await first, 'a1');
  for (const late of [...waiting, other]) assert.instance(await late, HttpProblem);
  assert.equal(begun, ['a1']);
  const next = ask('a', 'a6');
  await turn();
  await finish();
  assert.is(await next, 'a6');
});

test('nobody waits for a client that has left', async () => {
  const { begun, ask, finish } = scene();
  const answers = [ask('a', 'a1'), ask('a', 'gone', () => true).catch(() => 'gone'), ask('b', 'b1')];
  await turn();
  await finish();
  await finish();
  assert.equal(await Promise.all(answers), ['a1', 'gone', 'b1']);
  assert.equal(begun, ['a1', 'b1']);
});

test('work that fails gives its turn back', async () => {
  const turns = new ReadTurns(new ManualClock(), { concurrent: 1, maxWaiting: 1, maxWaitMs: 1_000 });
  const failed = await turns
    .run('a', here, () => Promise.reject(new Error('no')))
    .catch((error: Error) => error.message);
  assert.is(failed, 'no');
  assert.is(await turns.run('a', here, async () => 'yes'), 'yes');
});

test.run();
