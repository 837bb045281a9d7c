import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AmqpDelivery } from '../../../../src/broker/rabbitmq/consume/delivery.js';
import { Names, type NamesOptions } from '../../../../src/broker/rabbitmq/consume/names.js';
import { systemClock } from '../../../../src/clock.js';
import { silentLog } from '../../../../src/log.js';
import { ScratchDatabase } from '../../../storage/scratch.js';
import { arriving } from '../fake-channel.js';

const queue = 'event-sink.x';
const signal = new AbortController().signal;

/** One DATA_DIR; `run` begins the next run of its daemon. */
function daemon() {
  const scratch = new ScratchDatabase();
  const storage: NamesOptions['storage'] = { write: async (name, ...args) => scratch.write(name, ...args) };
  let passed = 0;
  const clock = { ...systemClock, monotonic: () => passed };
  return {
    run: () => new Names({ queue, storage, clock, log: silentLog }),
    pass: (ms: number) => {
      passed += ms;
    },
    kept: () => scratch.database.value<number>('SELECT count(*) FROM unnamed_messages'),
  };
}

let tag = 0;
function delivery(body: string, redelivered = false): AmqpDelivery {
  tag += 1;
  const message = arriving(tag, body);
  return new AmqpDelivery({ ...message, fields: { ...message.fields, redelivered } }, 1_700_000_000_000);
}

/** Their ids, once they are handed out. */
async function given(names: Names, ...deliveries: AmqpDelivery[]): Promise<string[]> {
  assert.ok(await names.give(deliveries, () => true, signal));
  return deliveries.map(({ id }) => id);
}

const proven = async (): Promise<void> => {};
const unproven = (): Promise<void> => Promise.reject(new Error('the channel was lost'));

/** Handed out and settled; the channel may be lost before the broker proves that it knows. */
async function settled(names: Names, message: AmqpDelivery, proof: () => Promise<void>): Promise<string> {
  const [id] = await given(names, message);
  await names.settling([message]);
  names.settled([message], proof);
  await new Promise(resolve => setImmediate(resolve));
  return id!;
}

test('an acknowledgement that is proven ends the id: whatever equals the message is another', async () => {
  const { run, kept } = daemon();
  const names = run();
  const id = await settled(names, delivery('a'), proven);
  assert.is(kept(), 0);
  assert.is.not((await given(names, delivery('a', true)))[0], id);
});

test('an acknowledgement that was lost: the redelivery has the id that it had, and once more', async () => {
  const { run } = daemon();
  const names = run();
  const id = await settled(names, delivery('a'), unproven);
  names.lost([]);
  assert.is(await settled(names, delivery('a', true), unproven), id);
  names.lost([]);
  assert.equal(await given(names, delivery('b', true), delivery('a', true)).then(([, a]) => a), id);
});

test('so it is over a restart', async () => {
  const { run } = daemon();
  const id = await settled(run(), delivery('a'), () => new Promise(() => {}));
  assert.equal(await given(run(), delivery('a', true)), [id]);
});

test('a message that is no redelivery ends the doubt, once the broker must have noticed that the connection is gone', async () => {
  for (const restarts of [false, true]) {
    const { run, kept, pass } = daemon();
    const before = run();
    const id = await settled(before, delivery('a'), unproven);
    before.lost([]);
    const names = restarts ? run() : before;
    await given(names, delivery('b'));
    assert.is(kept(), 2);
    pass(300_000);
    await given(names, delivery('c', true));
    assert.is(kept(), 3);
    await given(names, delivery('d'));
    assert.is(kept(), 3);
    assert.is.not((await given(names, delivery('a', true)))[0], id);
  }
});

test('an equal message that had arrived and was not handed out is another, and is not merged with the first', async () => {
  const { run } = daemon();
  const names = run();
  const id = await settled(names, delivery('a'), unproven);
  names.lost([delivery('a'), delivery('b')]);
  assert.is.not((await given(names, delivery('a', true)))[0], id);
});

test('equal messages in doubt are each new, those in hand keep their ids', async () => {
  const { run } = daemon();
  const names = run();
  const id = await settled(names, delivery('a'), unproven);
  names.lost([]);
  const pair = await given(names, delivery('a', true), delivery('a', true));
  assert.is(new Set([id, ...pair]).size, 3);
  assert.ok(await names.give([delivery('c')], () => false, signal));
  const again = await given(names, delivery('a', true), delivery('a', true));
  assert.equal(again.sort(), pair.sort());
});

test.run();
