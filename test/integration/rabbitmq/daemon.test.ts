// timeout: 400 s
import { connect } from 'amqplib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { freePort } from '../../helpers/ports.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

/** By hand: `npm run proof -- drain`, three hundred of them. */
const kills = Number(process.env.DRAIN_KILLS ?? 12);
const rabbitmq = required('rabbitmq', await startRabbitMQ());

const test = suite<{ daemons: TestDaemon[] }>('daemon on RabbitMQ');
test.before.each(context => {
  context.daemons = [];
});
test.after.each(async ({ daemons }) => {
  for (const daemon of daemons) await daemon.remove();
  await emptyBroker();
});
test.after(() => rabbitmq.stop());

const settings = (exchange: string) => ({ RABBITMQ_URI: rabbitmq.uri, RABBITMQ_EXCHANGENAME: exchange });

async function emptyBroker(): Promise<void> {
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createChannel();
  for (const queue of ['event-sink.local', 'event-sink.local.dead']) await channel.deleteQueue(queue);
  await channel.close();
  await connection.close();
}

const names = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `event-${from + index}`);

/** As Clowder does: null properties. The name is in the event, the id is a hash of its bytes. */
async function clowderPublishes(exchange: string, events: readonly string[]): Promise<void> {
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createConfirmChannel();
  for (const name of events)
    channel.publish(
      exchange,
      '',
      Buffer.from(JSON.stringify({ category: 'upload', resource_name: name, created: 1_700_000_000_000 })),
    );
  await channel.waitForConfirms();
  await channel.close();
  await connection.close();
}

const storedNames = async (daemon: TestDaemon): Promise<string[]> =>
  (await daemon.stored('upload')).map(event => String(event.resource_name ?? event.id));

const post = (daemon: TestDaemon, ids: readonly string[]): Promise<Response> =>
  daemon.post(ids.map(id => ({ id, category: 'upload', resource_name: id })));

test('two daemons share one queue; one is killed with -9; every event is in the union of their stores', async context => {
  const exchange = 'shared.events';
  const first = await new TestDaemon({ env: settings(exchange) }).start();
  context.daemons.push(first);
  const second = await new TestDaemon({ env: settings(exchange) }).start();
  context.daemons.push(second);
  const all = names(0, 6000);
  await clowderPublishes(exchange, all.slice(0, 3000));
  await until(
    async () => (await storedNames(second)).length > 0 && (await storedNames(first)).length > 0,
    'both to have a share',
  );
  const publishing = clowderPublishes(exchange, all.slice(3000));
  await first.kill('SIGKILL');
  await publishing;
  await first.start();
  const union = async (): Promise<Set<string>> =>
    new Set([...(await storedNames(first)), ...(await storedNames(second))]);
  await until(async () => (await union()).size === all.length, 'every event in the union of both stores', 60_000);
  assert.equal(await union(), new Set(all));
});

test(`killed with -9 ${kills} times while it drains 20,000 events: exactly the published ones are in the store`, async context => {
  const exchange = 'drained.events';
  const daemon = new TestDaemon({ env: { ...settings(exchange), LOCAL_BATCH_SIZE: '100', LOCAL_LINGER_MS: '0' } });
  context.daemons.push(daemon);
  await daemon.start();
  await daemon.kill('SIGTERM');
  const all = names(0, 20_000);
  await clowderPublishes(exchange, all);
  for (let round = 0; round < kills; round += 1) {
    await daemon.start();
    await new Promise(resolve => setTimeout(resolve, 20 + ((round * 53) % 180)));
    await daemon.kill('SIGKILL');
  }
  await daemon.start();
  // RabbitMQ shows no message that a connection has which it does not know to be gone.
  await until(async () => (await storedNames(daemon)).length >= all.length, 'every event', 90_000, 500);
  await daemon.drained();
  const stored = await storedNames(daemon);
  assert.is(stored.length, all.length);
  assert.equal(new Set(stored), new Set(all));
});

test('RabbitMQ is killed with -9 and started again under load over HTTP: 202 throughout, all arrive, none twice', async context => {
  const daemon = await new TestDaemon({ env: settings('killed.events') }).start();
  context.daemons.push(daemon);
  const accepted: string[] = [];
  const durabilities = new Set<string>();
  const refused: number[] = [];
  let running = true;
  let number = 0;
  const load = (async () => {
    while (running) {
      const ids = names(number, 50);
      number += 50;
      const response = await post(daemon, ids);
      if (response.status === 202) {
        accepted.push(...ids);
        durabilities.add(((await response.json()) as { durability: string }).durability);
      } else refused.push(response.status);
      await new Promise(resolve => setTimeout(resolve, 100)); // 500 events a second
    }
  })();
  await new Promise(resolve => setTimeout(resolve, 1_500));
  await rabbitmq.kill9();
  await new Promise(resolve => setTimeout(resolve, 2_000));
  await rabbitmq.start();
  await new Promise(resolve => setTimeout(resolve, 2_000));
  running = false;
  await load;
  assert.equal(refused, []);
  assert.equal([...durabilities].sort(), ['broker', 'outbox']);
  await until(
    async () => new Set(await storedNames(daemon)).size >= accepted.length,
    'all that was accepted',
    90_000,
    200,
  );
  const stored = await storedNames(daemon);
  assert.is(stored.length, accepted.length);
  assert.equal(new Set(stored), new Set(accepted));
});

test('started while RabbitMQ is down it accepts into the outbox, and delivers when RabbitMQ comes', async context => {
  await rabbitmq.shutDown();
  const daemon = await new TestDaemon({ env: settings('late.events') }).start();
  context.daemons.push(daemon);
  const ids = names(0, 200);
  const response = await post(daemon, ids);
  assert.is(response.status, 202);
  assert.is(((await response.json()) as { durability: string }).durability, 'outbox');
  await until(async () => (await daemon.problems()).some(({ what }) => what.includes('outbox')), 'the problem');
  await rabbitmq.start();
  await until(async () => (await storedNames(daemon)).length === ids.length, 'all events', 60_000);
  assert.equal(new Set(await storedNames(daemon)), new Set(ids));
});

test('what waited in the embedded queues moves to RabbitMQ when it is configured', async context => {
  const daemon = new TestDaemon({ env: { INFLUXDB_HOST: '127.0.0.1', INFLUXDB_PORT: String(await freePort()) } });
  context.daemons.push(daemon);
  await daemon.start();
  const ids = names(0, 120);
  assert.is((await post(daemon, ids)).status, 202);
  await until(async () => (await storedNames(daemon)).length === ids.length, 'the local store');
  await daemon.kill('SIGTERM');
  // That it is new there would be one more event.
  await daemon.start({ ...settings('moved.events'), USAGE: 'off' });
  const waiting = async (): Promise<number> => {
    const connection = await connect(rabbitmq.uri);
    const channel = await connection.createChannel();
    const { sinks } = await daemon.json('/v1/status');
    await channel.close();
    await connection.close();
    return sinks.find(({ sink }) => sink === 'influxdb')?.pending ?? 0;
  };
  await until(async () => (await waiting()) === ids.length, 'the events that wait for InfluxDB');
  await daemon.kill('SIGTERM');
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createChannel();
  assert.is((await channel.checkQueue('event-sink.influxdb')).messageCount, ids.length);
  await channel.deleteQueue('event-sink.influxdb');
  await channel.close();
  await connection.close();
});

test.run();
