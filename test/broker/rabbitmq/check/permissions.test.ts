import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LoggedIn, logIn } from '../../../../src/broker/rabbitmq/check/log-in.js';
import { missingPermissions, type Wanted } from '../../../../src/broker/rabbitmq/check/permissions.js';
import { roundTrip } from '../../../../src/broker/rabbitmq/check/round-trip.js';
import { matchesExchange, matchesQueue } from '../../../../src/broker/rabbitmq/check/topology.js';
import { permissionCommand } from '../../../../src/broker/rabbitmq/permissions.js';
import { declareExchange, declareQueue } from '../../../../src/broker/rabbitmq/topology/declare.js';
import { systemClock } from '../../../../src/clock.js';
import { startRabbitMQ } from '../../../helpers/servers/rabbitmq.js';
import { required } from '../../../helpers/skip.js';
import { until } from '../../../helpers/wait.js';

const rabbitmq = required('rabbitmq', await startRabbitMQ());
const exchange = 'clowder.metrics';
const wanted: Wanted = {
  exchange,
  queues: [
    { name: 'event-sink.local', sink: 'local', adopted: false },
    { name: 'taken.over', sink: 'mongodb', adopted: true },
  ],
  heartbeats: 'extractors',
  traces: 'amq.rabbitmq.trace',
};
const nodeOf = (user: string): string => rabbitmq.uri.replace('//', `//${user}:secret@`);

const test = suite<{ open: LoggedIn[] }>('permissions', { open: [] });
test.before(async () => {
  await rabbitmq.ctl('add_user', 'ann', 'secret');
});
test.after.each(async context => {
  for (const { connection } of context.open.splice(0)) await connection.close();
});
test.after(() => rabbitmq.stop());

async function as(context: { open: LoggedIn[] }, node: string): Promise<LoggedIn> {
  const loggedIn = await logIn(node, systemClock);
  context.open.push(loggedIn);
  return loggedIn;
}

const contents = async (): Promise<string> =>
  [
    await rabbitmq.ctl('list_exchanges', 'name'),
    await rabbitmq.ctl('list_queues', 'name'),
    await rabbitmq.ctl('list_bindings'),
  ].join('\n');

test('a user that may do everything lacks nothing, and trying it makes nothing', async context => {
  const { live } = await as(context, rabbitmq.uri);
  const before = await contents();
  assert.equal(await missingPermissions(live, wanted), []);
  assert.is(await matchesExchange(live, exchange), false);
  await roundTrip(live);
  assert.is(await contents(), before);
});

test('without permissions each is named, and the command of the advice gives them all', async context => {
  await rabbitmq.ctl('set_permissions', 'ann', '^$', '^$', '^$');
  const node = nodeOf('ann');
  const missing = await missingPermissions((await as(context, node)).live, wanted);
  const named = missing.map(({ permission, resource }) => `${permission} ${resource}`);
  for (const one of [
    'configure exchange clowder.metrics',
    'write exchange clowder.metrics',
    'write exchange amq.default',
    'configure queue event-sink.local',
    'write queue event-sink.local',
    'read queue event-sink.local',
    'configure queue event-sink.local.dead',
    'configure queue taken.over',
    'read queue event-sink.heartbeats',
    'configure queue event-sink.extractions',
    'read queue event-sink.extractions',
  ])
    assert.ok(named.includes(one), `${one} in ${named}`);
  const adopted = ['taken.over'];
  const { heartbeats, traces } = wanted;
  const [, ...words] = permissionCommand({ node, exchange, adopted, heartbeats, traces }).split(' ');
  await rabbitmq.ctl(...words.map(word => word.replace(/^'|'$/g, '')));
  assert.equal(await missingPermissions((await as(context, node)).live, wanted), []);
});

test('to one that may not read from the exchanges just that is missing', async context => {
  await rabbitmq.ctl('set_permissions', 'ann', '.*', '.*', '^event-sink.*|taken.over$');
  const missing = await missingPermissions((await as(context, nodeOf('ann'))).live, wanted);
  assert.equal(missing, [
    { permission: 'read', resource: 'exchange clowder.metrics' },
    { permission: 'read', resource: 'exchange extractors' },
    { permission: 'read', resource: 'exchange amq.rabbitmq.trace' },
  ]);
});

test('a broker that is short of memory takes no message, and says why', async context => {
  const { live } = await as(context, rabbitmq.uri);
  const other = await as(context, rabbitmq.uri);
  await rabbitmq.ctl('set_vm_memory_high_watermark', 'absolute', '1');
  try {
    const alarmed = async (): Promise<boolean> => (await rabbitmq.ctl('status')).includes('Memory alarm');
    await until(alarmed, 'the alarm', 60_000, 100);
    const error = await roundTrip(live).catch(thrown => thrown as Error);
    assert.match(
      (error as Error).message,
      /RabbitMQ did not hand a message over within 5 s: it takes none now \(low on memory\)/,
    );
    const refused = await missingPermissions(other.live, wanted).catch(thrown => thrown as Error);
    assert.is((refused as Error).message, 'RabbitMQ takes no messages now: low on memory');
  } finally {
    await rabbitmq.ctl('set_vm_memory_high_watermark', '0.6');
  }
});

test('what is there is compared and left as it is, with its messages', async context => {
  const { live } = await as(context, rabbitmq.uri);
  const [local, adopted] = wanted.queues as [Wanted['queues'][number], Wanted['queues'][number]];
  await declareExchange(live, exchange);
  await declareQueue(live, local.name, 'quorum');
  const channel = await live.model.createConfirmChannel();
  await channel.assertQueue(adopted.name, { durable: true });
  channel.sendToQueue(local.name, Buffer.from('{}'));
  channel.sendToQueue(adopted.name, Buffer.from('{}'));
  await channel.waitForConfirms();
  assert.equal(await missingPermissions(live, wanted), []);
  assert.is(await matchesExchange(live, exchange), true);
  assert.is(await matchesQueue(live, local, 'quorum'), true);
  assert.is(await matchesQueue(live, adopted, 'quorum'), true);
  const error = await matchesQueue(live, local, 'classic').catch(thrown => thrown as Error);
  assert.match((error as Error).message, 'declared in another way');
  for (const { name } of wanted.queues) {
    assert.equal(await channel.checkQueue(name), { queue: name, messageCount: 1, consumerCount: 0 });
    const got = await channel.get(name);
    assert.is(got === false ? undefined : got.fields.redelivered, false, name);
    channel.nackAll(true);
  }
  assert.not.match(await contents(), /event-sink\.check/);
});

test.run();
