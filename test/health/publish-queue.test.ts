import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import type { Message } from '../../src/events/message.js';
import { FlushSchedule } from '../../src/health/flush-schedule.js';
import { PublishQueue } from '../../src/health/publish-queue.js';
import { hastyClock } from '../helpers/clock.js';
import { until } from '../helpers/wait.js';

const message = (id: string): Message => ({ id, body: '{}', source: 'health', received: 0 });

function outgoing(max = Number.POSITIVE_INFINITY) {
  const seen = { published: [] as string[], told: [] as string[], dropped: 0, troubles: 0, fails: false };
  const clock = hastyClock();
  const out = new PublishQueue({
    publish: async messages => {
      if (seen.fails) throw new Error('not now');
      seen.published.push(...messages.map(({ id }) => id));
      return 'embedded';
    },
    clock,
    onPublished: ids => seen.told.push(...ids),
    onError: () => {
      seen.troubles += 1;
    },
    onDropped: count => {
      seen.dropped += count;
    },
    max,
    nextFlush: async () => {},
  });
  return { out, seen, clock };
}

test('what is added is published, once, and told', async () => {
  const { out, seen } = outgoing();
  out.add([message('a')]);
  out.add([message('b'), message('c')]);
  await until(() => seen.told.length === 3, 'all three');
  assert.equal(seen.published, ['a', 'b', 'c']);
});

test('it is tried until it works, ever more slowly; of too many the latest are kept', async () => {
  const { out, seen, clock } = outgoing(2);
  seen.fails = true;
  for (const id of ['1', '2', '3']) out.add([message(id)]);
  await until(() => seen.troubles >= 8, 'eight tries');
  assert.ok(Math.max(...clock.sleeps) <= 30_000);
  seen.fails = false;
  await until(() => seen.told.length === 2, 'all that is left');
  assert.equal(seen.published, ['2', '3']);
  assert.is(seen.dropped, 1);
});

test('closing ends the tries, and says what is lost', async () => {
  const { out, seen } = outgoing();
  seen.fails = true;
  out.add([message('1'), message('2')]);
  await until(() => seen.troubles > 0, 'a try');
  await out.close();
  const { troubles } = seen;
  assert.equal([seen.published, seen.dropped], [[], 2]);
  await sleep(20);
  assert.is(seen.troubles, troubles);
});

test('who asks before the next departure leaves with it; closing lets all go at once', async () => {
  const flushes = new FlushSchedule(systemClock, 30);
  const first = flushes.next();
  await sleep(5);
  assert.is(flushes.next(), first);
  await first;
  assert.is.not(flushes.next(), first);
  const patient = new FlushSchedule(systemClock, 60_000);
  const waiting = patient.next();
  patient.close();
  await waiting;
  await patient.next();
});

test.run();
