// timeout: 120 s
// shares: rabbitmq
import { connect } from 'amqplib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const rabbitmq = required('rabbitmq', await sharedRabbitMQ());
const daemon = new TestDaemon({
  env: {
    RABBITMQ_URI: rabbitmq.uri,
    HEALTH_TARGETS: 'preview=queue:ncsa.image.preview,failed=queue:error.ncsa.image.preview,none=queue:ncsa.none',
    HEALTH_INTERVAL_SECONDS: '1',
  },
});

const test = suite('queue targets on RabbitMQ');
test.after(async () => {
  await daemon.remove();
  await rabbitmq.stop();
});

test('any queue is watched: an extractor’s, its error queue, and one that is not there', async () => {
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createConfirmChannel();
  for (const queue of ['ncsa.image.preview', 'error.ncsa.image.preview']) await channel.assertQueue(queue);
  for (let count = 0; count < 3; count += 1) channel.sendToQueue('error.ncsa.image.preview', Buffer.from('{}'));
  await channel.waitForConfirms();
  await channel.consume('ncsa.image.preview', () => {});
  await daemon.start();

  const latest = async (name: string) => (await daemon.stored('health')).find(event => event.service_name === name);
  await until(async () => (await latest('preview'))?.consumers === 1, 'the extractor’s queue');
  assert.equal([(await latest('preview'))?.healthy, (await latest('preview'))?.queue_length], [true, 0]);
  await until(async () => (await latest('failed'))?.queue_length === 3, 'the error queue');
  assert.is((await latest('failed'))?.consumers, 0);
  await until(async () => (await latest('none')) !== undefined, 'the queue that is not there');
  const none = await latest('none');
  assert.equal([none?.healthy, none?.message], [false, 'there is no queue ncsa.none']);
  assert.is((await latest('preview'))?.healthy, true, 'asking for a queue that is not there does no harm');
  await connection.close();
});

test.run();
