import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Broker, DeadLetter, DeadLetterStore } from '../../src/broker/broker.js';
import { brokerPlaces, type QueueMarks } from '../../src/erasure/broker-places.js';
import { TransientError } from '../../src/errors.js';
import { type People, peopleOf } from '../../src/people/people.js';
import { Suppression } from '../../src/people/suppression.js';
import { thrown } from '../helpers/thrown.js';

const { signal } = new AbortController();
const secret = 'a secret of the test';
const ada = peopleOf(secret, ['user-of-ada', 'ada@example.org', 'Ada Example']);
const suppression = new Suppression(secret, ada.hashes);
const everybody: People = { texts: undefined, judge: event => suppression.judge(event) };

function deadLetter(id: string, fields: object, reason: string): DeadLetter {
  const body = JSON.stringify({ category: 'upload', ...fields });
  return {
    key: id,
    sink: 'one',
    id,
    reason,
    fault: 'poison',
    attempts: 1,
    firstSeen: 0,
    deadAt: 0,
    body,
    source: 'http',
  };
}

const deadLetters = [
  deadLetter('hers', { user_id: 'user-of-ada' }, 'no size'),
  deadLetter('other', { author_id: 'user-of-ada', author_name: 'A. E.' }, 'Key (author_name)=(A. E.) is too long'),
  deadLetter('quoted', {}, '422 ("unknown user ada@example.org")'),
  deadLetter('named', {}, 'Key (user_name)=(Ada Example)'),
  deadLetter('clean', {}, 'no size'),
];

/** What is left of each. */
async function erased(people: People): Promise<Record<string, unknown>> {
  const left: Record<string, unknown> = {};
  const erase: DeadLetterStore['erase'] = async (_sink, judge) => {
    for (const one of deadLetters) left[one.id] = judge({ ...one, received: one.firstSeen }, one.reason);
    return { erased: 0, changed: 0 };
  };
  await placeWith({ erase }).erase(people, { erasure: 'first', signal, commit: async () => undefined });
  return left;
}

function placeWith(store: Partial<DeadLetterStore>) {
  const broker = { kind: 'rabbitmq', deadLetters: store } as unknown as Broker;
  return brokerPlaces(broker, ['one'], new Map()).find(({ name }) => name === 'dead letters of one')!;
}

test('of a dead letter, what names the person goes out of body and reason', async () => {
  const body = '{"category":"upload"}';
  assert.equal(await erased(ada), {
    hers: undefined,
    other: { body, reason: 'Key (author_name)=([erased]) is too long' },
    quoted: { body, reason: '422 ("unknown user [erased]")' },
    named: { body, reason: 'Key (user_name)=(erased)' },
    clean: { body, reason: 'no size' },
  });
});

test('when everybody is meant, whoever is known by hashes alone goes out of reasons too', async () => {
  const { hers, other, quoted, clean } = (await erased(everybody)) as Record<string, { reason: string } | undefined>;
  assert.is(hers, undefined);
  assert.is(other?.reason, 'Key (author_name)=([erased]) is too long');
  assert.is(quoted?.reason, '422 ("unknown user [erased]")');
  assert.is(clean?.reason, 'no size');
});

test('a dead letter whose reason alone names the person is exported', async () => {
  const found: unknown[] = [];
  const list = async () => ({ deadLetters, nextCursor: null });
  for await (const one of placeWith({ list }).export!(ada, signal)) found.push((one as DeadLetter).id);
  assert.equal(found, ['hers', 'other', 'quoted', 'named']);
});

test('a queue that is never empty is waited for once over, by each erasure and in each sink', async () => {
  let settled = 0;
  const sinks = ['one', 'two'];
  const others = { duplicates: 0, filtered: 0, too_old: 0, erased: 0, dead: 0 };
  const broker = {
    kind: 'rabbitmq',
    depth: async () => ({ ready: 8, unsettled: 2 }),
    ledger: async () => ({ sinks: sinks.map(sink => ({ sink, delivered: settled, ...others })) }),
  } as unknown as Broker;
  const marks: QueueMarks = new Map();
  // Its places are made anew each time, as they are in the daemon.
  const tryFor = async (erasure: string, sink = 'one') => {
    const place = brokerPlaces(broker, sinks, marks).find(({ name }) => name === `queue of ${sink}`)!;
    return place.erase(ada, { erasure, signal, commit: async () => undefined });
  };
  const waitsFor = async (events: number, ...of: Parameters<typeof tryFor>): Promise<void> => {
    const error = await thrown(tryFor(...of));
    assert.instance(error, TransientError);
    assert.match(error.message, new RegExp(`^${events} events `));
  };

  await waitsFor(10, 'first');
  settled = 4;
  await waitsFor(6, 'first');
  await waitsFor(10, 'second');
  settled = 9;
  await waitsFor(1, 'first');
  await waitsFor(10, 'first', 'two');
  settled = 10;
  assert.equal(await tryFor('first'), {});
  await waitsFor(4, 'second');
  settled = 19;
  assert.equal(await tryFor('second'), {});
  assert.equal(await tryFor('first', 'two'), {});

  // A ledger that begins anew, with its queue.
  await waitsFor(10, 'third');
  settled = 0;
  await waitsFor(10, 'third');
  settled = 10;
  assert.equal(await tryFor('third'), {});
  assert.is(marks.size, 0);
});

test.run();
