import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AmqpDelivery } from '../../../../src/broker/rabbitmq/consume/delivery.js';
import type { DeadLetterQueue, DeadMessage, Handled } from '../../../../src/broker/rabbitmq/dead-letters/queue.js';
import { AmqpDeadLetters, deadLetterMessage } from '../../../../src/broker/rabbitmq/dead-letters/store.js';
import { encode, type OutgoingMessage } from '../../../../src/broker/rabbitmq/publish/outgoing-message.js';
import type { PublishResult } from '../../../../src/broker/rabbitmq/publish/pending-confirms.js';
import { CursorError } from '../../../../src/errors.js';
import { ManualClock } from '../../../helpers/manual-clock.js';
import { arriving } from '../fake-channel.js';

const now = 1_700_000_000_000;
const latin = Buffer.from('M\xfcller', 'latin1');

function dead(id: string, headers: object = {}, body: string | Buffer = '{}'): DeadMessage {
  const message = arriving(1, body, { messageId: id, headers });
  return { delivery: new AmqpDelivery(message, now), headers: message.properties.headers ?? {} };
}

const given = (id: string, deadAt: number): DeadMessage =>
  dead(id, { 'event-sink-dead-at': deadAt, 'event-sink-reason': `reason of ${id}`, 'event-sink-fault': 'bug' });

/** Queues in memory. */
function stored(
  queues: Readonly<Record<string, DeadMessage[]>>,
  result: (message: OutgoingMessage) => PublishResult = () => 'confirmed',
) {
  const published: OutgoingMessage[] = [];
  const queue = (sink: string): DeadLetterQueue => {
    const messages = queues[sink] ?? [];
    const fake = {
      count: async () => messages.length,
      read: async (visit: (message: DeadMessage) => void) => messages.forEach(visit),
      take: async (
        _among: string,
        choose: (message: DeadMessage) => boolean,
        handle: (deliveries: readonly AmqpDelivery[]) => Promise<readonly Handled[]>,
      ) => {
        const chosen = messages.filter(choose);
        const handled = await handle(chosen.map(({ delivery }) => delivery));
        return handled.filter(one => one === 'taken').length;
      },
    };
    return fake as unknown as DeadLetterQueue;
  };
  const store = new AmqpDeadLetters({
    queue,
    sinks: () => Object.keys(queues),
    feeds: sink => `event-sink.${sink}`,
    publish: async messages => {
      published.push(...messages);
      return messages.map(result);
    },
    clock: new ManualClock(),
  });
  return { store, published };
}

test('pages go through all sinks in the order of death, whatever the order in the queue, and each is listed once', async () => {
  const { store } = stored({ a: [given('3', 30), given('1', 10), given('2', 20)], b: [], c: [given('4', 5)] });
  const ids: string[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page = await store.list({ limit: 2, ...(cursor === null ? {} : { cursor }) });
    ids.push(...page.deadLetters.map(({ id }) => id));
    cursor = page.nextCursor;
    pages += 1;
  } while (cursor !== null);
  assert.equal(ids, ['1', '2', '3', '4']);
  assert.is(pages, 2);
});

test('headers that anybody put there hide nothing and can be shown', async () => {
  const odd = { '!': 'timestamp', value: 5 };
  const { store } = stored({
    a: [
      dead('none'),
      dead('types', {
        'event-sink-dead-at': 1e300,
        'event-sink-first-seen': -1,
        'event-sink-attempts': Number.NaN,
        'event-sink-fault': 'x',
      }),
      dead('more', { 'event-sink-dead-at': odd, 'event-sink-reason': odd, 'event-sink-attempts': '5' }),
      dead('escapes', { 'event-sink-reason': `\u001b[31mred\u202e${'x'.repeat(9_000)}` }),
    ],
  });
  const { deadLetters } = await store.list({ limit: 10 });
  assert.is(deadLetters.length, 4);
  for (const { deadAt, firstSeen, attempts, fault, reason } of deadLetters) {
    assert.not.throws(() => new Date(deadAt).toISOString());
    assert.not.throws(() => new Date(firstSeen).toISOString());
    assert.ok(Number.isSafeInteger(attempts) && attempts >= 0);
    assert.is(fault, 'poison');
    assert.not.match(reason, /\p{C}/u);
    assert.ok(reason.length <= 4_000);
  }
});

test('bytes that are not UTF-8 are shown as they are, and text has none beside it', async () => {
  const { store } = stored({ a: [dead('latin', {}, latin), dead('text', {}, 'Müller')] });
  const { deadLetters } = await store.list({ limit: 10 });
  const bytes = new Map(deadLetters.map(({ id, bytes: found }) => [id, found]));
  assert.equal(bytes.get('latin'), latin);
  assert.is(bytes.get('text'), undefined);
});

test('one that can never be published stays, and those behind it are sent again', async () => {
  const { store, published } = stored({ a: [given('1', 1), given('2', 2), given('3', 3)] }, ({ message }) =>
    message.id === '1' ? { refused: 'it is too large' } : 'confirmed',
  );
  const error = await store.redrive({ sink: 'a' }).catch(thrown => thrown);
  assert.is(error.message, 'some dead letters cannot be published: it is too large; 2 were re-driven');
  assert.equal(
    published.map(({ message }) => message.id),
    ['1', '2', '3'],
  );
});

test('an erasure leaves what is left of body and reason, and bytes that stay as they came', async () => {
  const quoted = dead('quoted', { 'event-sink-dead-at': 1, 'event-sink-reason': 'more' }, latin);
  const { store, published } = stored({ a: [quoted, given('less', 2), given('gone', 3), given('stays', 4)] });
  const done = await store.erase('a', ({ id, body }, reason) => {
    if (id === 'gone') return undefined;
    return { body: id === 'less' ? '{"n":1}' : body, reason: id === 'quoted' ? 'less' : reason };
  });
  assert.equal(done, { erased: 1, changed: 2 });
  assert.equal(
    published.map(({ message, target, bytes }) => [
      ...[message.id, message.body, bytes],
      target !== null && 'headers' in target ? target.headers?.['event-sink-reason'] : undefined,
    ]),
    [
      ['quoted', 'M\ufffdller', latin, 'less'],
      ['less', '{"n":1}', undefined, 'reason of less'],
    ],
  );
});

test('what becomes a dead letter can be published, whatever its reason and its times', () => {
  const { delivery } = dead('x', { 'event-sink-received': -1e300 }, 'not JSON');
  const outgoing = deadLetterMessage(
    'mongodb',
    { delivery, reason: '🌾'.repeat(9_000), fault: 'poison', attempts: 1 },
    now,
  );
  const encoded = encode(outgoing, 'events');
  assert.ok(!('refused' in encoded));
  assert.is(encoded.routingKey, 'event-sink.mongodb.dead');
  assert.is(encoded.options.headers?.['event-sink-first-seen'], now);
});

test('a cursor that is not one of ours is the fault of the caller', async () => {
  const { store } = stored({ a: [] });
  for (const cursor of [
    '',
    'x',
    Buffer.from('["b","k"]').toString('base64url'),
    Buffer.from('7').toString('base64url'),
  ])
    assert.instance(await store.list({ limit: 1, cursor }).catch(thrown => thrown), CursorError);
});

test.run();
