import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  connectionFault,
  isAboutMessage,
  operationError,
  PermissionError,
} from '../../../src/broker/rabbitmq/errors.js';
import { SetupError, TransientError } from '../../../src/errors.js';

const node = 'amqp://events:s3cret@rabbit.example/clowder';

function failed(message: string, code?: string | number): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

test('why a node cannot be reached, in words, without the password', () => {
  const reasons: [Error, string, string?][] = [
    [failed('Handshake terminated by server: 403 (ACCESS-REFUSED)'), 'refuses the user name or the password'],
    [failed('Expected ConnectionOpenOk; got <ConnectionClose channel:0>'), 'refuses the virtual host "clowder"'],
    [failed('connect ECONNREFUSED 10.0.0.1:5672', 'ECONNREFUSED'), 'connection refused (ECONNREFUSED)'],
    [failed('getaddrinfo ENOTFOUND rabbit.example', 'ENOTFOUND'), 'DNS failure: the name is not known (ENOTFOUND)'],
    [failed('connect ETIMEDOUT'), 'does not answer'],
    [failed('Socket closed abruptly during opening handshake'), 'write amqps:// instead of amqp://'],
    [
      failed('C0B7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:ssl3_record.c:354:', 'EPROTO'),
      'rabbit.example:5671 does not speak TLS: write amqp:// instead of amqps://',
      node.replace('amqp:', 'amqps:'),
    ],
    [
      failed('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
      'certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT): set NODE_EXTRA_CA_CERTS',
    ],
    [failed(`cannot parse ${node}`), 'RabbitMQ at rabbit.example:5672: cannot parse'],
  ];
  for (const [error, expected, address = node] of reasons) {
    const { message: reason } = connectionFault(address, error);
    assert.match(reason, expected);
    assert.not.match(reason, 's3cret');
    assert.not.match(reason, /SSL routines/);
  }
});

test('what an operation failed with, as what the caller must do', () => {
  const closed = (code: number, text: string): Error =>
    failed(`Operation failed: QueueDeclare; ${code} with message "${text}"`, code);
  const refused = operationError(
    'the queue q',
    closed(403, "ACCESS_REFUSED - access to queue 'q' refused for user 'events'"),
    'read',
  );
  assert.instance(refused, PermissionError);
  assert.is(
    refused.message,
    "the user of RABBITMQ_URI lacks the read permission on the queue q (ACCESS_REFUSED - access to queue 'q' refused for user 'events')",
  );
  assert.instance(operationError('the queue q', closed(404, 'NOT_FOUND'), 'read'), TransientError);
  assert.instance(operationError('the queue q', closed(405, 'RESOURCE_LOCKED'), 'read'), SetupError);
  assert.instance(operationError('the queue q', closed(406, 'PRECONDITION_FAILED'), 'configure'), SetupError);
  assert.instance(
    operationError('the queue q', failed('Channel ended, no reply will be forthcoming'), 'read'),
    TransientError,
  );
});

test('what the server closes a channel for: the message, or something around it', () => {
  for (const code of [311, 406, 501, 505]) assert.ok(isAboutMessage(failed('closed', code)), String(code));
  for (const code of [403, 404, 541, undefined]) assert.not.ok(isAboutMessage(failed('closed', code)), String(code));
});

test.run();
