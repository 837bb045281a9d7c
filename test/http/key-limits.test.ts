import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KeyLimits } from '../../src/http/limits.js';
import { HttpProblem } from '../../src/http/problem.js';
import { ManualClock } from '../helpers/manual-clock.js';
import { keys, post, problemOf, type Running, run } from './running.js';

const test = suite<{ daemon: Running }>('limits of a key');
test.before.each(async context => {
  context.daemon = await run();
});
test.after.each(({ daemon }) => daemon.close());

const ask = (daemon: Running, key: string, headers: Record<string, string> = {}): Promise<Response> =>
  daemon.request('/v1/status', { headers: { 'x-api-key': key, ...headers } });

test('a key beyond its quota is answered 429 in words, with when to come again; others are not', async ({ daemon }) => {
  daemon.limits.set(keys.read, { quota: 2 });
  assert.is((await ask(daemon, keys.read)).status, 200);
  assert.is((await ask(daemon, keys.read)).status, 200);
  const over = await ask(daemon, keys.read);
  assert.is(over.status, 429);
  const seconds = Number(over.headers.get('retry-after'));
  assert.ok(seconds >= 1 && seconds <= 60);
  assert.match((await problemOf(over)).detail, /key-read may send 2 a minute\. Wait \d+ s\./);
  assert.is((await ask(daemon, keys.all)).status, 200);
});

test('a key has as many requests at the same time as it may, and their end makes room', async ({ daemon }) => {
  daemon.limits.set(keys.publish, { concurrency: 1 });
  let open = (): void => {};
  daemon.backend.gate = new Promise(resolve => {
    open = resolve;
  });
  const send = (): Promise<Response> =>
    daemon.request('/v1/events', post({ category: 'upload' }, { 'x-api-key': keys.publish }));
  const [one, other] = [send(), send()];
  const first = await Promise.race([one, other]);
  assert.is(first.status, 429);
  assert.is(first.headers.get('retry-after'), '1');
  assert.match((await problemOf(first)).detail, /may have 1 requests at the same time/);
  open();
  assert.equal((await Promise.all([one, other])).map(({ status }) => status).sort(), [202, 429]);
  assert.is((await send()).status, 202);
});

test('a key that is bound to origins is refused on the pages of others', async ({ daemon }) => {
  daemon.limits.set(keys.read, { origins: ['https://portal.example.org'] });
  assert.is((await ask(daemon, keys.read, { origin: 'https://portal.example.org' })).status, 200);
  const other = await ask(daemon, keys.read, { origin: 'https://evil.example.org' });
  assert.is(other.status, 403);
  assert.match((await problemOf(other)).detail, /for pages of https:\/\/portal\.example\.org only/);
});

test('a minute begins with its first request, and ends', async () => {
  const clock = new ManualClock();
  const limits = new KeyLimits(clock, 1);
  const key = { name: 'ann', scopes: [] };
  limits.begin(key);
  assert.throws(
    () => limits.begin(key),
    (error: unknown) => error instanceof HttpProblem && error.status === 429,
  );
  await clock.pass(59_999);
  assert.throws(() => limits.begin(key));
  await clock.pass(1);
  limits.begin(key);
});

test.run();
