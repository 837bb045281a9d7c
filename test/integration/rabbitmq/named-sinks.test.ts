// shares: rabbitmq
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { invoke } from '../../cli/invoke.js';
import { TestDaemon } from '../../helpers/daemon.js';
import { MongoStandIn } from '../../helpers/servers/mongodb/stand-in.js';
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { until } from '../../helpers/wait.js';

const { uri, stop } = required('rabbitmq', await sharedRabbitMQ());
const folder = temporaryFolder();
const file = join(folder.path, 'c.yaml');
const server = new MongoStandIn();
const name = `archive-${process.pid}`;
const queue = `event-sink.mongodb.${name}`;
const env = {
  RABBITMQ_URI: uri,
  RABBITMQ_EXCHANGENAME: `named-${process.pid}`,
  LOCAL_STORE: 'off',
  EVENT_SINK_CONFIG: file,
};

test('a named sink has a queue and a queue for dead letters of its own; once it is gone from the file, its queue is orphaned', async () => {
  await server.listen();
  writeFileSync(file, `sinks: [{ kind: mongodb, name: ${name}, uri: "${server.uri}" }]\n`);
  const daemon = new TestDaemon({ env });
  try {
    await daemon.start();
    assert.is((await daemon.post({ category: 'upload', id: 'one' })).status, 202);
    assert.is((await daemon.post({ category: 'upload', id: 'bad', _bsontype: 'Long' })).status, 202);
    const stored = () => server.collection('eventsink', 'events').find({});
    await until(() => stored().length === 1, 'the event at its destination');
    const connection = await connect(uri);
    const channel = await connection.createChannel();
    await until(async () => (await channel.checkQueue(`${queue}.dead`)).messageCount === 1, 'the dead letter');
    assert.is((await channel.checkQueue(queue)).consumerCount, 1);

    await daemon.kill('SIGTERM');
    writeFileSync(file, '');
    await daemon.start();
    const orphaned = async (): Promise<boolean> => JSON.stringify(await daemon.json('/v1/status')).includes(queue);
    await until(orphaned, 'a problem that names the orphaned queue');
    const removed = await invoke(['queues', 'remove', queue, '--force'], { env: { ...env, DATA_DIR: daemon.dir } });
    assert.match(removed.out, queue);
    await assertGone(connection, queue);
    await channel.deleteQueue(`${queue}.dead`);
    await connection.close();
  } finally {
    await daemon.kill('SIGTERM');
    await daemon.remove();
    await server.stop();
  }
});

async function assertGone(connection: Awaited<ReturnType<typeof connect>>, gone: string): Promise<void> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  const error = await channel.checkQueue(gone).then(
    () => undefined,
    thrown => thrown,
  );
  assert.is((error as { code?: number } | undefined)?.code, 404);
}

test.after(async () => {
  folder.remove();
  await stop();
});

test.run();
