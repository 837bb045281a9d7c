import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Connection } from '../../../../src/broker/rabbitmq/connection.js';
import { type OutgoingMessage, toQueue } from '../../../../src/broker/rabbitmq/publish/outgoing-message.js';
import type { OutgoingPublication } from '../../../../src/broker/rabbitmq/publish/outgoing-publication.js';
import { StoreAndForwardPublisher } from '../../../../src/broker/rabbitmq/publish/store-and-forward.js';
import { type Clock, systemClock } from '../../../../src/clock.js';
import { UnroutableError } from '../../../../src/errors.js';
import { silentLog } from '../../../../src/log.js';
import { hastyClock } from '../../../helpers/clock.js';
import { until } from '../../../helpers/wait.js';
import { ScratchDatabase } from '../../../storage/scratch.js';
import { FakeServer, type ServerAnswer } from '../fake-channel.js';

const received = 1_700_000_000_000;

function event(id: string): OutgoingMessage {
  return { message: { id, body: '{}', source: 'http', received }, target: null };
}

function deadLetter(id: string, queue = 'event-sink.mongodb.dead'): OutgoingMessage {
  return { message: { id, body: 'no JSON', source: 'clowder', received }, target: toQueue(queue) };
}

/** A publisher on a server that is no server, and an outbox in memory. */
async function withPublisher(
  body: (
    publisher: StoreAndForwardPublisher,
    server: FakeServer,
    scratch: ScratchDatabase,
    pages: readonly number[],
  ) => Promise<void>,
  { outboxBytes = 1_000_000, miscounted = '', confirmMs = 5_000 } = {},
): Promise<void> {
  const hasty = hastyClock();
  // Pauses are short, but a confirm has its five seconds, or what the test gives it.
  const sleep: Clock['sleep'] = (ms, signal) =>
    ms === 5_000 ? systemClock.sleep(confirmMs, signal) : hasty.sleep(ms, signal);
  const clock: Clock = { ...hasty, sleep };
  const server = new FakeServer();
  const scratch = new ScratchDatabase();
  /** Rows of each page that the outbox has read. */
  const pages: number[] = [];
  const connection: Connection = new Connection({
    nodes: ['amqp://guest:guest@127.0.0.1'],
    name: 'test',
    clock,
    log: silentLog,
    connect: server.connect,
    onChange: () => publisher.wake(),
  });
  const publisher = new StoreAndForwardPublisher({
    connection,
    storage: {
      write: async (name, ...args) => {
        const result = scratch.write(name, ...args);
        if (name === 'takeOutbox') pages.push((result as unknown[]).length);
        return result;
      },
      read: async (name, ...args) => scratch.read(name, ...args),
      atomically: async calls => calls.map(([name, ...args]) => scratch.write(name, ...(args as never))) as never,
    },
    exchange: 'events',
    outboxBytes,
    exchangeReady: () => true,
    onMissing: () => {},
    ledger: {
      daemon: 'test',
      number: () => {},
      confirmed: ({ message }) => {
        if (message.id === miscounted) throw new Error('cannot count');
      },
      kept: () => {},
      left: () => {},
    },
    clock,
    log: silentLog,
  });
  await publisher.open();
  await connection.open();
  try {
    if (server.reachable) await publisher.ready;
    await body(publisher, server, scratch, pages);
  } finally {
    server.answer = () => 'ack';
    await publisher.close();
    await connection.close();
  }
}

const ids = (server: FakeServer): unknown[] => server.published.map(({ options }) => options.messageId);

/** The server's answers by message id; `ack` for all others. */
function answers(byId: Readonly<Record<string, ServerAnswer>>) {
  return ({ options }: { options: { messageId?: string } }): ServerAnswer => byId[options.messageId ?? ''] ?? 'ack';
}

test('what the broker confirms is at the broker; what it refuses or leaves unrouted waits in the outbox', async () => {
  await withPublisher(async (publisher, server) => {
    assert.is(await publisher.send([event('a')]), 'broker');
    server.answer = answers({ b: 'nack' });
    assert.is(await publisher.send([event('b'), event('c')]), 'outbox');
    server.answer = () => 'ack';
    await until(() => publisher.outbox.state.waiting === 0, 'the outbox to be empty');
    assert.ok(ids(server).filter(id => id === 'b').length >= 2);
  });
});

test('events behind 600 messages that RabbitMQ refuses leave the outbox all the same; the rest shows', async () => {
  await withPublisher(async (publisher, server) => {
    server.answer = () => 'nack';
    const refused = Array.from({ length: 600 }, (_, index) => deadLetter(`dead-${index}`));
    assert.is(await publisher.send(refused), 'outbox');
    assert.is(await publisher.send([event('accepted')]), 'outbox');
    server.answer = ({ routingKey }) => (routingKey === '' ? 'ack' : 'nack');
    await until(() => publisher.outbox.state.waiting === 600, 'the event to leave');
    await until(() => publisher.outbox.state.stuck === 600, 'the rest to be known as stuck');
    assert.is(publisher.outbox.state.stuckReason, 'RabbitMQ refuses them');
    server.answer = () => 'ack';
    await until(() => publisher.outbox.state.waiting === 0, 'everything to leave');
    assert.is(publisher.outbox.state.stuck, 0);
  });
});

test('while every target refuses, a pass reads one page of each, however many rows wait', async () => {
  await withPublisher(async (publisher, server, _scratch, pages) => {
    server.answer = () => 'nack';
    const queue = (index: number): string => `event-sink.${index % 2}.dead`;
    await publisher.send(Array.from({ length: 3_000 }, (_, index) => deadLetter(`dead-${index}`, queue(index))));
    await until(() => publisher.outbox.state.stuck === 3_000, 'all of them to be known as stuck');
    const before = pages.length;
    await until(() => pages.length >= before + 15, 'more passes');
    const passes = pages.slice(pages.indexOf(0, before) + 1).join(' ');
    assert.match(passes, /^(500 500 0 ?)+/);
    assert.not.match(passes, '500 500 500');
  });
});

test('rows of an older daemon with times that AMQP cannot carry: published without them, and what is behind them too', async () => {
  await withPublisher(async (publisher, server, scratch) => {
    const odd = {
      ids: ['minus', 'huge', 'last'],
      bodies: ['no JSON', 'no JSON', '{}'],
      sources: ['clowder', 'clowder', 'http'],
    };
    scratch.write('appendOutbox', {
      ...odd,
      received: [-1e300, 9e99, received],
      timestamps: [null, (2 ** 64 - 1) * 1000, null],
      target: null,
      maxBytes: 1_000_000,
    });
    assert.is(await publisher.send([event('new')]), 'broker');
    server.answer = answers({ again: 'nack' });
    await publisher.send([event('again')]);
    server.answer = () => 'ack';
    await until(() => ['minus', 'huge', 'last', 'again'].every(id => ids(server).includes(id)), 'all of them');
    await until(() => publisher.outbox.state.waiting === 0, 'the outbox to be empty');
    assert.is(publisher.outbox.state.setAside, 0);
  });
});

test('a message for which RabbitMQ closes the channel is set aside with its reason; those beside it get through', async () => {
  const tooLarge = [406, 'PRECONDITION_FAILED - message size 200 is larger than configured max size 100'] as const;
  await withPublisher(async (publisher, server, scratch) => {
    server.answer = answers({ large: tooLarge });
    assert.is(await publisher.send([event('a'), event('large'), event('b')]), 'outbox');
    await until(() => publisher.outbox.state.setAside === 1, 'it to be set aside');
    const { waiting, setAsideReason } = publisher.outbox.state;
    assert.is(waiting, 0);
    assert.match(setAsideReason ?? '', 'message size 200 is larger');
    assert.ok(ids(server).includes('a') && ids(server).includes('b'));
    assert.equal(scratch.write('takeOutbox', { limit: 10, after: 0 }), []);
    // Kept, and tried again when the daemon starts.
    assert.is(scratch.write('restoreOutbox').count, 1);
    assert.equal(
      scratch.write('takeOutbox', { limit: 10, after: 0 }).map(([, , id]) => id),
      ['large'],
    );
  });
});

test('a row that nobody can read any more is set aside, and does not stop the others', async () => {
  await withPublisher(async (publisher, server, scratch) => {
    const columns = { ids: ['torn'], bodies: ['{}'], sources: ['http'], received: [received], timestamps: [null] };
    scratch.write('appendOutbox', { ...columns, target: '{"exchange":', maxBytes: 1_000_000 });
    server.answer = answers({ a: 'nack' });
    await publisher.send([event('a')]);
    server.answer = () => 'ack';
    await until(() => publisher.outbox.state.waiting === 0, 'the outbox to be empty');
    assert.is(publisher.outbox.state.setAside, 1);
    assert.match(publisher.outbox.state.setAsideReason ?? '', 'cannot be read');
  });
});

test('a message for a queue of somebody else that stays away for a day is set aside', async () => {
  await withPublisher(async (publisher, server, scratch) => {
    const target = JSON.stringify({ ...toQueue('gone'), plain: true });
    const now = Date.now();
    const columns = {
      ids: ['yesterday', 'today'],
      bodies: ['{}', '{}'],
      sources: ['http', 'http'],
      received: [now - 25 * 3_600_000, now - 3_600_000],
      timestamps: [null, null],
    };
    scratch.write('appendOutbox', { ...columns, target, maxBytes: 1_000_000 });
    server.answer = ({ routingKey, options }) =>
      routingKey === 'gone' ? 'return' : options.messageId === 'a' ? 'nack' : 'ack';
    await publisher.send([event('a')]);
    server.answer = ({ routingKey }) => (routingKey === 'gone' ? 'return' : 'ack');
    await until(() => publisher.outbox.state.setAside === 1, 'it to be set aside');
    await until(() => publisher.outbox.state.stuck === 1, 'the other to show');
    assert.is(publisher.outbox.state.stuckReason, 'there is no queue that takes them');
  });
});

test('without an outbox a message that can never be published is refused as such, not as an outage', async () => {
  await withPublisher(
    async publisher => {
      const headers = { reason: 'x'.repeat(70_000) };
      const { message, target } = deadLetter('a');
      const error = await publisher.send([{ message, target: { ...target!, headers } }]).catch(thrown => thrown);
      assert.instance(error, UnroutableError);
      assert.match(error.message, 'its headers have');
    },
    { outboxBytes: 0 },
  );
});

test('a user who may not publish dead letters keeps no event from its way, and the error says what is missing', async () => {
  const refused = [
    403,
    "ACCESS_REFUSED - access to exchange 'amq.default' in vhost '/' refused for user 'events'",
  ] as const;
  await withPublisher(async (publisher, server) => {
    server.answer = ({ exchange }) => (exchange === '' ? refused : 'ack');
    const [dead, live] = await Promise.all([publisher.send([deadLetter('d')]), publisher.send([event('e')])]);
    assert.is(dead, 'outbox');
    assert.is(live, 'broker');
    assert.match(publisher.errors[0]?.message ?? '', 'lacks the write permission on the default exchange');
    await until(() => publisher.publishing, 'the next channel');
    const channels = server.channels.length;
    for (let index = 0; index < 50; index += 1) assert.is(await publisher.send([event(`e-${index}`)]), 'broker');
    assert.ok(server.channels.length - channels < 5, 'dead letters close channels all the time');
  });
});

test('to a queue or an exchange of somebody else: what is not there is the fault of the caller', async () => {
  await withPublisher(async (publisher, server) => {
    server.answer = ({ exchange, routingKey }) =>
      exchange === 'nowhere'
        ? [404, "NOT_FOUND - no exchange 'nowhere' in vhost '/'"]
        : routingKey === 'gone'
          ? 'return'
          : 'ack';
    assert.is(await publisher.sendTo({ queue: 'preview' }, '{}'), 'broker');
    const failures = [
      [{ queue: 'gone' }, 'there is no queue called gone'],
      [{ exchange: 'nowhere', routingKey: '' }, 'there is no exchange called nowhere'],
      [{ exchange: 'theirs', routingKey: 'gone' }, 'the exchange theirs has no queue for the routing key "gone"'],
      [{ queue: 'q'.repeat(256) }, 'at most 255 bytes'],
    ] as const;
    for (const [address, reason] of failures) {
      const error = await publisher.sendTo(address, '{}').catch(thrown => thrown);
      assert.instance(error, UnroutableError);
      assert.match(error.message, reason);
    }
    assert.is(publisher.outbox.state.waiting, 0);
  });
});

test('a lost connection: all goes to the outbox, and to the broker once it is back', async () => {
  await withPublisher(async (publisher, server) => {
    server.reachable = false;
    server.cut();
    await until(() => !publisher.publishing, 'the loss to be noticed');
    assert.is(await publisher.send([event('a'), deadLetter('b')]), 'outbox');
    server.reachable = true;
    await until(() => publisher.outbox.state.waiting === 0, 'the outbox to be empty');
    assert.equal(ids(server).sort(), ['a', 'b']);
  });
});

test('what is published together goes to the broker in one go, and each has an answer of its own', async () => {
  await withPublisher(
    async (publisher, server) => {
      server.answer = answers({ b: 'nack' });
      const publications: OutgoingPublication[] = [];
      const sent = [[event('a')], [event('b')], [event('x'.repeat(300))], [], [event('c'), event('d')]];
      const answered = sent.map(
        messages =>
          new Promise<string>(resolve => {
            publications.push({ messages, accepted: resolve, failed: error => resolve((error as Error).name) });
          }),
      );
      publisher.sendAll(publications);
      assert.equal(await Promise.all(answered), ['broker', 'TransientError', 'UnroutableError', 'broker', 'broker']);
      assert.equal(ids(server), ['a', 'b', 'c', 'd']);
    },
    { outboxBytes: 0 },
  );
});

/** Nothing is given up while a test looks at what goes on meanwhile, however slow the machine is. */
const patient = { confirmMs: 120_000 };

/** What becomes of each, as it becomes known: its durability, or the name of its error. */
function published(publisher: StoreAndForwardPublisher, sent: readonly OutgoingMessage[][]): (string | undefined)[] {
  const answered = sent.map((): string | undefined => undefined);
  publisher.sendAll(
    sent.map((messages, index) => ({
      messages,
      accepted: durability => {
        answered[index] = durability;
      },
      failed: error => {
        answered[index] = (error as Error).name;
      },
    })),
  );
  return answered;
}

test('a broker that is silent about one publication keeps no other from its answer', async () => {
  await withPublisher(async (publisher, server) => {
    server.answer = answers({ silent: 'silence', left: 'return' });
    const answered = published(publisher, [
      [event('a'), event('silent')],
      [event('b')],
      [deadLetter('c'), event('d')],
      [deadLetter('left')],
    ]);
    await until(() => answered.filter(answer => answer !== undefined).length === 3, 'the others to be answered');
    assert.equal(answered, [undefined, 'broker', 'broker', 'outbox']);
    for (const channel of server.channels) channel.confirmAll();
    await until(() => answered[0] === 'broker', 'the last answer');
  }, patient);
});

test('a short publication does not wait until a long one of the same moment is sent', async () => {
  await withPublisher(async (publisher, server) => {
    server.hasRoom = false;
    const long = Array.from({ length: 101 }, (_, index) => event(`long-${index}`));
    const answered = published(publisher, [long, [event('short')]]);
    await until(() => answered[1] === 'broker', 'the short one to be answered');
    assert.is(answered[0], undefined);
    server.hasRoom = true;
    server.channels[0]!.connection.stream.emit('drain');
    await until(() => answered[0] === 'broker', 'the long one to be answered');
  }, patient);
});

test('a defect in who hears, or in the counting, costs nobody else an answer', async () => {
  await withPublisher(
    async (publisher, server) => {
      const answered: string[] = [];
      const named = (name: string, messages: readonly OutgoingMessage[]): OutgoingPublication => ({
        messages,
        accepted: durability => void answered.push(`${name} ${durability}`),
        failed: error => void answered.push(`${name} ${(error as Error).message}`),
      });
      const deaf = (): never => {
        throw new Error('nobody listens');
      };
      publisher.sendAll([
        { messages: [event('x')], accepted: deaf, failed: deaf },
        named('a', [event('a')]),
        named('miscounted', [event('miscounted')]),
        { messages: [event('y'.repeat(300))], accepted: deaf, failed: deaf },
        named('b', [event('b')]),
      ]);
      await until(() => answered.length === 3, 'all to be answered');
      assert.equal(answered.sort(), ['a broker', 'b broker', 'miscounted cannot count']);
      assert.is(server.channels.filter(({ closed }) => closed).length, 0);
    },
    { outboxBytes: 0, miscounted: 'miscounted' },
  );
});

test.run();
