import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { permissionFix } from '../../../src/broker/rabbitmq/permissions.js';

test('the command names the user and the virtual host, never the password, and covers every name', () => {
  const fix = permissionFix({
    node: "amqp://o'brien:s3cret@rabbit/a%20host",
    exchange: 'clowder.metrics',
    adopted: ['their queue'],
  });
  assert.match(
    fix,
    "rabbitmqctl set_permissions -p 'a host' 'o'\\''brien' '^(event-sink\\.|clowder\\.metrics$|their queue$)' '^(event-sink\\.|clowder\\.metrics$|their queue$|amq\\.default$)' '^(event-sink\\.|clowder\\.metrics$|their queue$)'.",
  );
  assert.not.match(fix, 's3cret');
});

test('without a user or a virtual host, those that RabbitMQ takes', () => {
  assert.match(permissionFix({ node: 'amqp://rabbit', exchange: 'e', adopted: [] }), 'set_permissions -p / guest ');
});

test.run();
