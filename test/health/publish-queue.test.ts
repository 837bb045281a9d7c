import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../src/events/message.js';
import { PublishQueue } from '../../src/health/publish-queue.js';
import { hastyClock } from '../helpers/clock.js';
import { until } from '../helpers/wait.js';

const message = (id: string): Message => ({ id, body: '{}', source: 'health', received: 0 });

function collecting(max = Number.POSITIVE_INFINITY) {
  const seen = { published: [] as string[], reported: [] as string[], dropped: 0, errors: 0, fails: false };
  const clock = hastyClock();
  const events = new PublishQueue({
    publish: async messages => {
      if (seen.fails) throw new Error('not now');
      seen.published.push(...messages.map(({ id }) => id));
      return 'embedded';
    },
    clock,
    onPublished: ids => seen.reported.push(...ids),
    onError: () => {
      seen.errors += 1;
    },
    onDropped: count => {
      seen.dropped += count;
    },
    max,
    nextFlush: async () => {},
  });
  return { events, seen, clock };
}

test('what is added is published, once, and reported as published', async () => {
  const { events, seen } = collecting();
  events.add([message('a')]);
  events.add([message('b'), message('c')]);
  await until(() => seen.reported.length === 3, 'all three');
  assert.equal(seen.published, ['a', 'b', 'c']);
});

test('it is tried until it works, ever more slowly; beyond the limit the latest are kept', async () => {
  const { events, seen, clock } = collecting(2);
  seen.fails = true;
  for (const id of ['1', '2', '3']) events.add([message(id)]);
  await until(() => seen.errors >= 8, 'eight tries');
  assert.ok(Math.max(...clock.sleeps) <= 30_000);
  seen.fails = false;
  await until(() => seen.reported.length === 2, 'all that is left');
  assert.equal(seen.published, ['2', '3']);
  assert.is(seen.dropped, 1);
});

test('closing ends the tries, and says what is lost', async () => {
  const { events, seen } = collecting();
  seen.fails = true;
  events.add([message('1'), message('2')]);
  await until(() => seen.errors > 0, 'a try');
  await events.close();
  const { errors } = seen;
  assert.equal([seen.published, seen.dropped], [[], 2]);
  await sleep(20);
  assert.is(seen.errors, errors);
});

test.run();
