import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Durability } from '../../../src/broker/broker.js';
import { GroupPublisher } from '../../../src/broker/embedded/group-publish.js';
import type { Message } from '../../../src/events/message.js';
import { collectingLog } from '../../helpers/sink-session.js';

const message = (id: string): Message => ({ id, body: '{"category":"upload"}', source: 'http', received: 0 });
const list = (count: number, prefix = 'event'): Message[] =>
  Array.from({ length: count }, (_, n) => message(`${prefix}-${n}`));

/** Writes that end in the next turn. */
function recorded(fails: (ids: readonly string[]) => boolean = () => false) {
  const log = collectingLog();
  const writes: string[][] = [];
  const group = new GroupPublisher(async messages => {
    const ids = messages.map(({ id }) => id);
    writes.push(ids);
    await new Promise(resolve => setImmediate(resolve));
    if (fails(ids)) throw new Error(`refused ${ids.length}`);
  }, log);
  const publish = (messages: readonly Message[]): Promise<Durability> =>
    new Promise((accepted, failed) => group.add({ messages, accepted, failed }));
  return { writes, log, group, joined: { publish } };
}

test('what comes in one turn is one write, in order', async () => {
  const { writes, joined } = recorded();
  await Promise.all(['a', 'b', 'c'].map(id => joined.publish([message(id)])));
  assert.equal(writes, [['a', 'b', 'c']]);
});

test('what comes while one is written goes together with the next', async () => {
  const { writes, joined } = recorded();
  const first = joined.publish([message('a')]);
  await new Promise(resolve => setImmediate(resolve));
  await Promise.all([first, joined.publish([message('b')]), joined.publish([message('c')])]);
  assert.equal(writes, [['a'], ['b', 'c']]);
});

test('a write holds a thousand at most, but never less than one list', async () => {
  const { writes, joined } = recorded();
  await Promise.all([600, 600, 1500, 10, 20].map((count, n) => joined.publish(list(count, `list-${n}`))));
  assert.equal(
    writes.map(({ length }) => length),
    [600, 600, 1500, 30],
  );
});

test('a full write follows the one before without a pause, and only that does', async () => {
  const { writes, joined } = recorded();
  const sizes = (): number[] => writes.map(({ length }) => length);
  const all = [joined.publish(list(500, 'a'))];
  await Promise.resolve();
  all.push(joined.publish(list(510, 'b')));
  await Promise.resolve();
  assert.equal(sizes(), [500], 'one that is not full waits');
  all.push(joined.publish(list(490, 'c')));
  await Promise.resolve();
  assert.equal(sizes(), [500, 1_000], 'until it is');
  all.push(joined.publish(list(1_000, 'd')));
  await Promise.resolve();
  assert.equal(sizes(), [500, 1_000], 'a third one waits');
  await Promise.all(all);
  assert.equal(sizes(), [500, 1_000, 1_000]);
  await Promise.all([joined.publish([message('e')]), joined.publish([message('f')])]);
  assert.equal(sizes(), [500, 1_000, 1_000, 2], 'and then it is one at a time again');
});

test('when one of two writes fails, the other one goes on', async () => {
  const { writes, joined } = recorded(ids => ids.includes('bad'));
  const outcomes = await Promise.allSettled([
    joined.publish(list(900, 'a')),
    joined.publish([...list(900, 'b'), message('bad')]),
    joined.publish(list(900, 'c')),
    joined.publish([message('d')]),
  ]);
  assert.equal(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  const ids = writes.flat().filter(id => id.startsWith('c-') || id === 'd');
  assert.is(new Set(ids).size, 901);
});

test('when a write fails, each list is tried alone, and only the culprit fails', async () => {
  const { writes, joined } = recorded(ids => ids.includes('bad'));
  const outcomes = await Promise.allSettled(['a', 'bad', 'c'].map(id => joined.publish([message(id)])));
  assert.equal(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.equal(writes, [['a', 'bad', 'c'], ['a'], ['bad'], ['c']]);
});

test('clients that send again as soon as they have their answer come together in one write', async () => {
  const { writes, joined } = recorded();
  const client = async (name: number): Promise<void> => {
    if (name % 2 === 1) await new Promise(resolve => setImmediate(() => setImmediate(resolve)));
    for (let round = 0; round < 10; round += 1) await joined.publish([message(`${name}-${round}`)]);
  };
  await Promise.all(Array.from({ length: 8 }, (_, name) => client(name)));
  // The two halves would take turns for ever, with twenty writes of four.
  assert.ok(writes.length <= 13, `${writes.length} writes`);
});

test('clients that are late once come together with the others again', async () => {
  const { writes, joined } = recorded();
  const client = async (name: number): Promise<void> => {
    for (let event = 0; event < 12; event += 1) {
      await joined.publish([message(`${name}-${event}`)]);
      const turns = event === 2 && name >= 4 ? 50 : 1;
      for (let turn = 0; turn < turns; turn += 1) await new Promise(resolve => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, name) => client(name)));
  const whole = writes.filter(ids => ids.length === 8).length;
  assert.ok(whole >= 8, `${whole} of ${writes.length} writes are of all eight`);
});

test('a client that is alone waits for nobody', async () => {
  const { writes, joined } = recorded();
  await Promise.all(list(6).map(one => joined.publish([one])));
  let turns = 0;
  let done = false;
  const counting = (): void => {
    turns += 1;
    if (!done) setImmediate(counting);
  };
  for (let quiet = 0; quiet < 30; quiet += 1) await new Promise(resolve => setImmediate(resolve));
  setImmediate(counting);
  await joined.publish([message('alone')]).then(() => {
    done = true;
  });
  assert.is(writes.length, 2);
  assert.ok(turns <= 4, `${turns} turns`);
});

test('it goes on after a failure', async () => {
  const { writes, joined } = recorded(ids => ids.includes('bad'));
  await joined.publish([message('bad')]).catch(() => {});
  await joined.publish([message('good')]);
  assert.equal(writes, [['bad'], ['good']]);
});

test('who hears of a write and throws keeps nobody else from hearing', async () => {
  const { log, group, joined } = recorded(ids => ids.includes('bad'));
  const deaf = (): never => {
    throw new Error('nobody listens');
  };
  group.add({ messages: [message('a')], accepted: deaf, failed: deaf });
  assert.is(await joined.publish([message('b')]), 'embedded');
  group.add({ messages: [message('c')], accepted: deaf, failed: deaf });
  group.add({ messages: [message('bad')], accepted: deaf, failed: deaf });
  assert.is(await joined.publish([message('d')]), 'embedded');
  group.add({ messages: [message('bad')], accepted: deaf, failed: deaf });
  assert.is(await joined.publish([message('e')]), 'embedded');
  assert.is(log.lines.length, 4);
  assert.match(log.lines[0] ?? '', 'nobody listens');
});

test.run();
