import { Writable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Connection, writeTogether } from '../../../src/broker/rabbitmq/connection.js';
import { silentLog } from '../../../src/log.js';
import { hastyClock } from '../../helpers/clock.js';
import { until } from '../../helpers/wait.js';
import { FakeServer } from './fake-channel.js';

function connecting(server: FakeServer, nodes = ['amqp://127.0.0.1']) {
  const clock = hastyClock();
  let changes = 0;
  const onChange = (): void => {
    changes += 1;
  };
  // The ceiling itself, so that its growth can be seen.
  const random = (): number => 0.999_999;
  const connection = new Connection({
    nodes,
    name: 'test',
    clock,
    log: silentLog,
    connect: server.connect,
    random,
    onChange,
  });
  return { connection, clock, changes: () => changes };
}

test('a server that is away is tried again after 200 ms, twice as long each time, ten seconds at most', async () => {
  const server = new FakeServer();
  server.reachable = false;
  const { connection, clock } = connecting(server);
  await connection.open();
  assert.is(connection.now(), undefined);
  assert.match(connection.error ?? '', 'connection refused');
  await until(() => server.attempts.length >= 9, 'nine attempts');
  await connection.close();
  assert.equal(clock.sleeps.slice(0, 8), [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
});

test('a connection that was lost soon after it began does not start the backoff anew', async () => {
  const server = new FakeServer();
  const { connection, clock } = connecting(server);
  await connection.open();
  for (let attempts = 2; attempts <= 4; attempts += 1) {
    server.cut();
    await until(() => server.attempts.length === attempts && connection.now() !== undefined, 'the next connection');
  }
  await connection.close();
  assert.equal(
    clock.sleeps.filter(ms => ms >= 200 && ms < 2_000),
    [200, 400, 800],
  );
});

test('users see one connection after the other, and are reported of each change', async () => {
  const server = new FakeServer();
  const { connection, changes } = connecting(server);
  await connection.open();
  const first = connection.now();
  assert.ok(first !== undefined && connection.error === undefined);
  const before = changes();
  server.cut();
  await first.gone;
  await until(() => connection.now() !== first, 'the loss to be noticed');
  assert.ok((await connection.live(new AbortController().signal)) !== undefined);
  assert.ok(changes() >= before + 2);
  await connection.close();
  assert.is(await connection.live(new AbortController().signal), undefined);
});

test('the nodes are tried in their order before anybody waits', async () => {
  const server = new FakeServer();
  server.reachable = false;
  const { connection, clock } = connecting(server, ['amqp://a', 'amqp://b', 'amqp://c']);
  await connection.open();
  assert.is(server.attempts.length, 3);
  assert.ok(clock.sleeps.length <= 1);
  assert.match(connection.error ?? '', 'c:5672');
  await connection.close();
});

/** A stream like a connection's, and the writes that reach its destination, each with what it is made of. */
function socket(options: { readonly highWaterMark?: number } = {}) {
  const writes: string[] = [];
  const stream = new Writable({
    ...options,
    write: (chunk, _encoding, done) => {
      writes.push(String(chunk));
      setImmediate(done);
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => String(chunk)).join('+'));
      setImmediate(done);
    },
  });
  writeTogether({ connection: { stream } });
  return { stream, writes };
}

test('what is written in one turn leaves in one write', async () => {
  const { stream, writes } = socket();
  stream.write('a');
  stream.write('b');
  assert.equal(writes, []);
  await until(() => stream.writableLength === 0, 'the first turn');
  stream.write('c');
  stream.write('d');
  await until(() => stream.writableLength === 0, 'the second turn');
  assert.equal(writes, ['a+b', 'c+d']);
});

test('what is written before an end in the same turn leaves too', async () => {
  const { stream, writes } = socket();
  stream.write('a');
  stream.write('b');
  stream.end('c');
  await until(() => stream.writableFinished, 'the end');
  assert.is(writes.join('+'), 'a+b+c');
});

test('a stream that is destroyed between writing and sending ends without an error', async () => {
  const { stream, writes } = socket();
  const errors: unknown[] = [];
  stream.on('error', error => errors.push(error));
  stream.write('a');
  stream.destroy();
  await until(() => stream.closed, 'the close');
  assert.equal([writes, errors], [[], []]);
});

test('a full stream says so, and says when there is room again', async () => {
  const { stream, writes } = socket({ highWaterMark: 2 });
  let drains = 0;
  stream.on('drain', () => {
    drains += 1;
  });
  assert.equal([stream.write('a'), stream.write('b')], [true, false]);
  await until(() => drains === 1, 'room');
  assert.equal(writes, ['a+b']);
});

test('a connection whose socket cannot be found stays as it is', () => {
  const connection = {};
  assert.not.throws(() => writeTogether({}));
  assert.not.throws(() => writeTogether({ connection }));
  assert.equal(connection, {});
});

test.run();
