import { syncBuiltinESMExports } from 'node:module';
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keepHeapSmall, YoungGeneration } from '../src/heap.js';

interface Context {
  /** The bound of a young generation that has this size, MB, once it may grow; it looks again each time. */
  lookedAt(megabytes: number, busy: boolean): string | undefined;
  young: YoungGeneration;
}

const small = '--semi-space-growth-factor=1';
const large = '--semi-space-growth-factor=2';
const { eventLoopUtilization } = performance;
const { getHeapSpaceStatistics, setFlagsFromString } = v8;

const test = suite<Context>('heap');
test.before.each(context => {
  context.young = new YoungGeneration();
  context.lookedAt = (megabytes, busy) => {
    let flag: string | undefined;
    replace(busy ? 1 : 0.5, {
      getHeapSpaceStatistics: () => [{ space_name: 'new_space', space_size: megabytes * 1024 * 1024 }],
      setFlagsFromString: (flags: string) => {
        flag = flags;
      },
    });
    // The same look as that of its timer, which does not come while a test holds the event loop.
    context.young.letGrow();
    restore();
    return flag;
  };
});
test.after.each(({ young }) => young.close());

function replace(utilization: number, ofV8: object): void {
  performance.eventLoopUtilization = () => ({ utilization, idle: 0, active: 0 });
  Object.assign(v8, ofV8);
  syncBuiltinESMExports();
}

function restore(): void {
  performance.eventLoopUtilization = eventLoopUtilization;
  Object.assign(v8, { getHeapSpaceStatistics, setFlagsFromString });
  syncBuiltinESMExports();
}

test('it may grow up to 16 MB, whatever the event loop does', ({ lookedAt }) => {
  assert.is(lookedAt(8, false), large);
  assert.is(lookedAt(8, true), large);
  assert.is(lookedAt(16, false), small);
});

test('it may grow further only while the event loop is at its limit', ({ lookedAt }) => {
  assert.is(lookedAt(16, true), large);
  assert.is(lookedAt(16, false), small);
  assert.is(lookedAt(32, true), large);
});

test('where that takes two seconds, it takes twenty busy looks in a row', context => {
  context.young.close();
  context.young = new YoungGeneration(2_000);
  const { lookedAt } = context;
  const inARow = (count: number) => Array.from({ length: count }, () => lookedAt(16, true));
  assert.equal(new Set(inARow(19)), new Set([small]));
  assert.is(lookedAt(16, false), small);
  assert.equal(new Set(inARow(19)), new Set([small]));
  assert.is(lookedAt(16, true), large);
  assert.is(lookedAt(16, true), large);
});

test('V8 follows it: what outlives collections makes room for itself only once that may grow', ({ young }) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
  const sizeAfterSurvivors = (): number => {
    const survivors: unknown[] = [];
    for (let round = 0; round < 8; round += 1) {
      for (let count = 0; count < 20_000; count += 1) survivors.push([count]);
      collect({ type: 'minor' });
    }
    return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
  };
  keepHeapSmall();
  const before = sizeAfterSurvivors();
  assert.ok(sizeAfterSurvivors() <= before);
  young.letGrow();
  assert.ok(sizeAfterSurvivors() > before);
});

test.run();
