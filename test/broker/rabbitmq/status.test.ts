import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PermissionError } from '../../../src/broker/rabbitmq/errors.js';
import { brokerStatus, type StatusInput } from '../../../src/broker/rabbitmq/status.js';
import { SetupError } from '../../../src/errors.js';

const well: StatusInput = {
  consuming: { error: undefined },
  publishing: { error: undefined, blocked: undefined, address: 'rabbit:5672', lostAt: undefined },
  errors: [],
  gaps: 0,
  ready: true,
  outbox: { waiting: 0, stuck: 0, stuckReason: undefined, setAside: 0, setAsideReason: undefined },
  hasOutbox: true,
  permissionFix: 'Give it the permissions.',
};

test('all is well', () => {
  const { state, detail, problems } = brokerStatus(well);
  assert.is(state, 'ready');
  assert.is(detail, 'Connected to RabbitMQ at rabbit:5672.');
  assert.equal(problems, []);
});

test('messages that wait though RabbitMQ can be reached are a problem; while it cannot, they are not', () => {
  const outbox = { ...well.outbox, waiting: 1_700, stuck: 1_600, stuckReason: 'RabbitMQ refuses them' };
  const stuck = brokerStatus({ ...well, outbox });
  assert.is(stuck.outboxStuck, 1_600);
  assert.equal(
    stuck.problems?.map(({ what }) => what),
    ['Messages wait in the outbox though RabbitMQ can be reached: 1,600 (RabbitMQ refuses them).'],
  );
  const away = brokerStatus({ ...well, outbox, ready: false, publishing: { ...well.publishing, error: 'gone' } });
  assert.is(away.state, 'outbox');
  assert.is(away.outboxStuck, 0);
  assert.equal(away.problems, []);
});

test('what was set aside is a problem with its reason, whatever else is', () => {
  const outbox = { ...well.outbox, setAside: 1, setAsideReason: 'its id has 300 bytes' };
  const { setAside, problems } = brokerStatus({ ...well, outbox, ready: false, hasOutbox: false });
  assert.is(setAside, 1);
  assert.match(problems?.[0]?.what ?? '', 'set aside: 1 (its id has 300 bytes)');
});

test('what RabbitMQ refuses is a problem once, with the advice that fits', () => {
  const errors = [
    new PermissionError('the user of RABBITMQ_URI lacks the read permission on the queue q'),
    new PermissionError('the user of RABBITMQ_URI lacks the read permission on the queue q'),
    new SetupError('the queue r is declared in another way'),
  ];
  const { problems, detail } = brokerStatus({ ...well, errors });
  assert.equal(
    problems?.map(({ what, fix }) => [what, fix.slice(0, 24)]),
    [
      ['The user of RABBITMQ_URI lacks the read permission on the queue q.', 'Give it the permissions.'],
      ['The queue r is declared in another way.', 'Nothing is lost. Once th'],
    ],
  );
  assert.is(detail.match(/lacks the read/g)?.length, 1);
});

test.run();
