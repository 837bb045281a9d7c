import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TransientError } from '../../src/errors.js';
import { Backlog } from '../../src/import/backlog.js';
import { thrown } from '../helpers/thrown.js';

const idle = async () => ({ ready: 0, unsettled: 0 });

test('one request for a sink at a time; those for other sinks do not wait for it', async () => {
  const backlog = new Backlog(idle, { retryAfterMs: 7 });
  let release = (): void => {};
  const released = new Promise<void>(resolve => {
    release = resolve;
  });
  const first = backlog.behind(['ga4', 'mongodb'], () => released);
  assert.is(await backlog.behind(['webhook'], async () => 'done'), 'done');
  const second = await thrown(backlog.behind(['webhook', 'mongodb'], async () => 'done'));
  assert.instance(second, TransientError);
  assert.match(second.message, /under way for mongodb$/);
  assert.is((second as TransientError).retryAfterMs, 7);
  // What was refused holds none of its sinks, and frees none of the others'.
  assert.is(await backlog.behind(['webhook'], async () => 'done'), 'done');
  assert.match((await thrown(backlog.behind(['mongodb'], async () => 'done'))).message, 'under way');
  release();
  await first;
  assert.is(await backlog.behind(['mongodb', 'ga4'], async () => 'done'), 'done');
});

test('a sink is free again after work that failed', async () => {
  const backlog = new Backlog(idle);
  const failed = backlog.behind(['ga4'], () => Promise.reject(new Error('the disk is full')));
  assert.is((await thrown(failed)).message, 'the disk is full');
  assert.is(await backlog.behind(['ga4'], async () => 'done'), 'done');
});

test.run();
