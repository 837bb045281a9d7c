import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../src/clock.js';
import { singleFlight, singleFlightBy } from '../src/single-flight.js';

let time = 0;
const clock = { ...systemClock, monotonic: () => time };
let asked = 0;
const count = async (): Promise<number> => {
  asked += 1;
  return asked;
};

test.before.each(() => {
  time = 0;
  asked = 0;
});

test('many who ask at once get one answer, and a new one when it is old', async () => {
  const ask = singleFlight(clock, 100, count);
  assert.equal(await Promise.all([ask(), ask(), ask()]), [1, 1, 1]);
  time = 100;
  assert.is(await ask(), 1);
  time = 101;
  assert.is(await ask(), 2);
});

test('an error is shared but not kept', async () => {
  const ask = singleFlight(clock, 100, async () => {
    if ((await count()) === 1) throw new Error('not now');
    return asked;
  });
  const refused = await Promise.allSettled([ask(), ask()]);
  assert.ok(refused.every(({ status }) => status === 'rejected'));
  assert.is(await ask(), 2);
});

test('what is slow to answer is asked seldom', async () => {
  let answer = (): void => {};
  const ask = singleFlightBy(clock, 100, (_question: string) => {
    asked += 1;
    return new Promise<void>(resolve => {
      answer = resolve;
    });
  });
  const first = ask('how many');
  time = 400;
  ask('how many');
  assert.is(asked, 1, 'while it is under way');
  answer();
  await first;
  time = 8_000;
  ask('how many');
  assert.is(asked, 1, 'for twenty times as long as it took');
  time = 8_001;
  ask('how many');
  assert.is(asked, 2);
});

test('another question has another answer', async () => {
  const ask = singleFlightBy(clock, 100, async (question: { readonly n: number }) => `${question.n} ${await count()}`);
  assert.equal(await Promise.all([ask({ n: 1 }), ask({ n: 2 }), ask({ n: 1 })]), ['1 1', '2 2', '1 1']);
});

test.run();
