import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { silentLog } from '../../src/log.js';
import { ClosedMonths } from '../../src/usage/closed-months.js';
import { rememberingMemory } from '../helpers/sink-session.js';

interface Listed {
  readonly month: number;
  closed: number | null;
  kept: boolean;
}

/** A month that is closed at 100, and the hub of a daemon whose clock stands at `now`. */
function scene(now: number, hubs: readonly string[] = ['hub https://hub.example']) {
  const months: Listed[] = [{ month: 202603, closed: 100, kept: false }];
  const keyValues = rememberingMemory();
  const done = { kept: [] as number[], submitted: [] as [number, number | undefined][] };
  let answer: { refused: string } | { id: string; durability: string } | Error = { id: 'x', durability: 'embedded' };
  const start = (configured = hubs): ClosedMonths =>
    new ClosedMonths({
      reports: {
        list: async () => months,
        keep: async month => {
          done.kept.push(month);
          months.find(one => one.month === month)!.kept = true;
        },
      },
      submissions: {
        submit: async ({ month }, at) => {
          done.submitted.push([month, at]);
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
      hubs: () => configured,
      keyValues,
      clock: { now: () => now },
      log: silentLog,
    });
  const answers = (next: typeof answer): void => {
    answer = next;
  };
  return { months, done, start, answers };
}

test('the report of a closed month is kept and submitted, once', async () => {
  const { done, start } = scene(50);
  const closed = start();
  await closed.begin();
  await closed.check();
  await closed.check();
  const again = start();
  await again.begin();
  await again.check();
  assert.equal(done, { kept: [202603], submitted: [[202603, 100]] });
});

test('what was closed before there was a hub is kept, and submitted to nobody', async () => {
  const { done, start } = scene(101);
  const closed = start();
  await closed.begin();
  await closed.check();
  assert.equal(done, { kept: [202603], submitted: [] });
});

test('without a hub nothing is submitted, and neither is it once there is one', async () => {
  const { done, start } = scene(101, []);
  for (const hubs of [[], ['hub https://hub.example']]) {
    const closed = start(hubs);
    await closed.begin();
    await closed.check();
  }
  assert.equal(done.submitted, []);
});

test('an open month waits; one that is closed again is submitted again', async () => {
  const { months, done, start } = scene(50);
  const closed = start();
  await closed.begin();
  months[0]!.closed = null;
  await closed.check();
  assert.equal(done, { kept: [], submitted: [] });
  for (const time of [100, 200]) {
    Object.assign(months[0]!, { closed: time, kept: false });
    await closed.check();
  }
  assert.equal(done, {
    kept: [202603, 202603],
    submitted: [
      [202603, 100],
      [202603, 200],
    ],
  });
});

test('what is refused, or not durable, is tried again at the next look', async () => {
  const { done, start, answers } = scene(50);
  const closed = start();
  await closed.begin();
  for (const answer of [{ refused: 'USAGE_PUBLISHER_ID is not set' }, new Error('the disk is full')]) {
    answers(answer);
    await closed.check();
  }
  answers({ id: 'x', durability: 'embedded' });
  await closed.check();
  await closed.check();
  assert.is(done.submitted.length, 3);
});

test.run();
