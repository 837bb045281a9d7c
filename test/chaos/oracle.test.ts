import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Arrival } from './destinations.js';
import type { SentEvent } from './events.js';
import { judge } from './oracle.js';
import { SentRecord } from './record.js';
import { same } from './same.js';

type Outcome = readonly number[];

/** Three events in one batch, which is at both sinks but for what a test changes. */
function scene(outcome: Outcome = [202], deadAt: readonly string[] = []) {
  const record = new SentRecord();
  const events: SentEvent[] = ['a', 'b', 'c'].map((id, number) => ({
    id,
    created: 1000 + number,
    payload: { id, category: 'upload', created: 1000 + number },
    deadAt,
  }));
  const batch = record.add(events);
  for (const status of outcome) record.answered(batch, status);
  const stored: Record<string, unknown>[] = events.map(({ payload }) => ({
    ...payload,
    _source: 'http',
    _received: 1,
  }));
  const arrivals: Arrival[] = events.map(({ id, created }) => ({
    id,
    differs: sent => same('time', created, sent.created),
  }));
  const deadLetters: { sink: string; id: string; reason: string }[] = [];
  const ledger = { balanced: true, sinks: [{ pending: 0 }] };
  const verdict = async (): Promise<readonly string[]> => {
    const daemon = {
      stored: async () => stored,
      json: async (path: string) => (path === '/v1/ledger' ? ledger : { dead_letters: deadLetters, next_cursor: null }),
    };
    const destination = { sink: 'mongodb', arrivals: () => arrivals };
    const judged = { daemon, destinations: [destination], record, exact: true } as unknown as Parameters<
      typeof judge
    >[0];
    return (await judge(judged)).problems;
  };
  return { record, stored, arrivals, deadLetters, ledger, verdict };
}

const reason = 'a reason that a person understands';

test('all there, once and unchanged: nothing to complain of', async () => {
  assert.equal(await scene().verdict(), []);
});

test('an acknowledged event that is lost', async () => {
  const { arrivals, verdict } = scene();
  arrivals.pop();
  assert.equal(await verdict(), ['mongodb: c was acknowledged, and is lost']);
});

test('an event that is there twice', async () => {
  const { arrivals, verdict } = scene();
  arrivals.push(arrivals[0]!);
  assert.equal(await verdict(), ['mongodb: a is there 2 times']);
});

test('an event that was never sent', async () => {
  const { arrivals, deadLetters, verdict } = scene();
  arrivals.push({ id: 'x', differs: () => undefined });
  deadLetters.push({ sink: 'local', id: 'y', reason });
  assert.equal(await verdict(), ['local: y was never sent', 'mongodb: x was never sent']);
});

test('an event that was changed', async () => {
  const { stored, arrivals, verdict } = scene();
  stored[1]!.category = 'uploaded';
  arrivals[2] = { id: 'c', differs: sent => same('time', 7, sent.created) };
  const [first, second] = await verdict();
  assert.match(first ?? '', /^local: b: event is .*uploaded/);
  assert.is(second, 'mongodb: c: time is 7, but 1002 was sent');
});

test('a dead letter takes the place of an event only where it must', async () => {
  const needless = scene();
  needless.arrivals.pop();
  needless.deadLetters.push({ sink: 'mongodb', id: 'c', reason });
  assert.equal(await needless.verdict(), [`mongodb: c is a dead letter without need: ${reason}`]);
  const needed = scene([202], ['mongodb']);
  needed.arrivals.length = 0;
  for (const id of ['a', 'b', 'c']) needed.deadLetters.push({ sink: 'mongodb', id, reason });
  assert.equal(await needed.verdict(), []);
  needed.deadLetters[0]!.reason = '?';
  assert.equal(await needed.verdict(), ['mongodb: a is dead for no good reason']);
});

test('a dead letter that was delivered too', async () => {
  const { deadLetters, verdict } = scene([202], ['mongodb']);
  deadLetters.push({ sink: 'mongodb', id: 'a', reason });
  assert.ok((await verdict()).includes(`mongodb: a is there, and a dead letter too (${reason})`));
});

test('what was refused is nowhere, and what got no answer is everywhere or nowhere', async () => {
  assert.equal(await scene([503, 503]).verdict(), ['a: its batch was refused, yet 6 of 6 are there']);
  assert.equal(await scene([503, 0]).verdict(), []);
  const nowhere = scene([0]);
  nowhere.arrivals.length = 0;
  nowhere.stored.length = 0;
  assert.equal(await nowhere.verdict(), []);
  const half = scene([0]);
  half.arrivals.pop();
  assert.equal(await half.verdict(), ['mongodb has 2 of a batch of 3 (c)']);
});

test('a ledger that does not balance', async () => {
  const { ledger, verdict } = scene();
  ledger.balanced = false;
  assert.match((await verdict())[0] ?? '', 'the ledger does not balance');
});

test.run();
