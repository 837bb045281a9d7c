// shares: rabbitmq
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { logIn } from '../../../../src/broker/rabbitmq/check/log-in.js';
import { systemClock } from '../../../../src/clock.js';
import { sharedRabbitMQ } from '../../../helpers/servers/rabbitmq.js';
import { required } from '../../../helpers/skip.js';

const rabbitmq = required('rabbitmq', await sharedRabbitMQ());
test.after(() => rabbitmq.stop());

test('says which version answered', async () => {
  const { connection, product, version } = await logIn(rabbitmq.uri, systemClock);
  await connection.close();
  assert.is(product, 'RabbitMQ');
  assert.match(version, /^\d+\.\d+\.\d+$/);
});

test('says what is wrong with the password, and does not tell it', async () => {
  const uri = new URL(rabbitmq.uri);
  uri.password = 'not-the-password';
  const error = await logIn(uri.href, systemClock).catch(thrown => thrown as Error);
  assert.instance(error, Error);
  assert.match((error as Error).message, 'refuses the user name or the password');
  assert.not.match((error as Error).message, 'not-the-password');
});

test.run();
