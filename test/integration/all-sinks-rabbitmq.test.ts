// timeout: 300 s
// shares: rabbitmq
import { sharedRabbitMQ } from '../helpers/servers/rabbitmq.js';
import { required } from '../helpers/skip.js';
import { allSinks } from './all-sinks.js';

allSinks('RabbitMQ', async () => {
  const rabbitmq = required('rabbitmq', await sharedRabbitMQ());
  return { env: { RABBITMQ_URI: rabbitmq.uri }, release: () => rabbitmq.stop() };
});
