import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { healthEvent, type Measured, statusEvent } from '../../src/health/events.js';
import { targetOf } from '../helpers/health.js';

const at = 1_772_690_400_000;
const idSecret = 'id-secret-of-tests';
const queue = targetOf('previews=queue:ncsa.image.preview');
const measured: Measured = {
  at,
  result: {
    finding: 'down',
    reason: '12 messages wait, more than 10',
    times: undefined,
    loss: 100,
    readings: { queue_length: 12, consumers: 0 },
  },
  uptime: 99.5,
  maintenance: false,
  unknownMs: 0,
};

test('a health event carries the kind of its probe and every reading', () => {
  const { body, source } = healthEvent(queue, measured, at + 5, idSecret);
  assert.is(source, 'health');
  assert.equal(JSON.parse(body), {
    category: 'health',
    type: 'queue',
    service_name: 'previews',
    target: 'queue:ncsa.image.preview',
    message: '12 messages wait, more than 10',
    healthy: false,
    uptime: 99.5,
    response_time_loss: 100,
    queue_length: 12,
    consumers: 0,
    created: at,
  });
});

test('a change carries the readings that its probe names, and no others', () => {
  const { body } = statusEvent(queue, { status: 'down', at, measured }, at, idSecret);
  const { queue_length, consumers } = JSON.parse(body);
  assert.equal([queue_length, consumers], [12, undefined]);
});

test('a change has the same id whenever it is made, and another one for anything that differs', () => {
  const id = (status: 'up' | 'down', when: number, now: number) =>
    statusEvent(queue, { status, at: when }, now, idSecret).id;
  assert.is(id('down', at, at), id('down', at, at + 60_000));
  assert.is.not(id('down', at, at), id('up', at, at));
  assert.is.not(id('down', at, at), id('down', at + 1, at));
});

test('ids begin with their time, and nobody can foretell them', () => {
  const time = at.toString(16).padStart(12, '0');
  const made = [
    healthEvent(queue, measured, at, idSecret).id,
    healthEvent(queue, measured, at, 'another secret').id,
    healthEvent(targetOf('others=queue:ncsa.image.preview'), measured, at, idSecret).id,
    statusEvent(queue, { status: 'down', at }, at, idSecret).id,
    statusEvent(queue, { status: 'down', at }, at, 'another secret').id,
  ];
  assert.is(new Set(made).size, made.length);
  for (const id of made) assert.match(id, new RegExp(`^${time}[0-9a-f]{20}$`));
  assert.is(healthEvent(queue, measured, at + 9, idSecret).id, made[0]);
});

test('no event shows a secret', () => {
  const target = targetOf('clowder=https://ann:hunter22@clowder.example.org/');
  const result = { ...measured.result, reason: 'refused hunter22', readings: {} };
  const bodies = [
    healthEvent(target, { ...measured, result }, at, idSecret).body,
    statusEvent(target, { status: 'down', at, message: 'refused hunter22' }, at, idSecret).body,
  ];
  for (const body of bodies) assert.not.match(body, 'hunter22');
});

test.run();
