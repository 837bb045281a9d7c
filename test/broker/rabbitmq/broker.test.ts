// shares: rabbitmq
// timeout: 300 s
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { brokerConformance } from '../conformance.js';
import { openAmqp } from './harness.js';

const { uri, stop } = required('rabbitmq', await sharedRabbitMQ());

brokerConformance('RabbitMQ (quorum)', { open: queues => openAmqp({ uri, queueType: 'quorum' }, queues) });

brokerConformance('RabbitMQ (classic)', {
  open: queues => openAmqp({ uri, queueType: 'classic' }, queues),
  end: stop,
});
