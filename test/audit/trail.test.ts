import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Act } from '../../src/audit/act.js';
import { AuditTrail, auditEvent } from '../../src/audit/trail.js';
import { TransientError } from '../../src/errors.js';
import type { Message } from '../../src/events/message.js';
import { silentLog } from '../../src/log.js';
import { hastyClock } from '../helpers/clock.js';
import { recordingLog } from '../helpers/recording-log.js';
import { until } from '../helpers/wait.js';

const act: Act = { type: 'key_made', by: 'operator', subject: 'portal', ip: '192.0.2.10' };
const clock = hastyClock(100);
const idSecret = 'a secret of the test';

/** A publisher that keeps what it is given, unless it fails. */
function publisher(fails = (_call: number): boolean => false) {
  const published: Message[] = [];
  let calls = 0;
  const publish = async (messages: readonly Message[]): Promise<void> => {
    calls += 1;
    if (fails(calls)) throw new TransientError('the disk is full');
    published.push(...messages);
  };
  return { published, publish };
}

test('an act is a line of the log at once, and an event once there is somewhere to send it', async () => {
  const { log, lines } = recordingLog();
  const trail = new AuditTrail(log, clock);
  trail.record(act);
  assert.equal(
    lines.map(({ line, fields }) => [line, fields]),
    [['audit.key-made', { address: '192.0.2.10', by: 'operator', subject: 'portal' }]],
  );
  const { publish, published } = publisher();
  const outlet = trail.open({ publish, idSecret });
  await until(() => published.length === 1, 'the event');
  assert.is(published[0]!.source, 'audit');
  const { created, ...event } = JSON.parse(published[0]!.body);
  assert.equal(event, {
    category: 'audit',
    type: 'key_made',
    by: 'operator',
    subject: 'portal',
    ip: '192.0.2.10',
  });
  assert.ok(Math.abs(created - clock.now()) < 600_000);
  await outlet.close(1000);
});

test('an event that is not taken is sent again as the same event', async () => {
  const tried: string[] = [];
  const trail = new AuditTrail(silentLog, clock);
  const { publish, published } = publisher(call => call < 3);
  const outlet = trail.open({
    publish: messages => {
      tried.push(messages[0]!.id);
      return publish(messages);
    },
    idSecret,
  });
  trail.record(act);
  await until(() => published.length === 1, 'the event');
  assert.is(tried.length, 3);
  assert.is(new Set(tried).size, 1);
  await outlet.close(1000);
});

test('two acts alike in one millisecond are two events; the same act has the same id, and nobody foretells it', () => {
  const one = auditEvent(act, 1_700_000_000_000, '1', idSecret);
  assert.equal(auditEvent(act, 1_700_000_000_000, '1', idSecret), one);
  assert.is.not(auditEvent(act, 1_700_000_000_000, '2', idSecret).id, one.id);
  assert.is.not(auditEvent(act, 1_700_000_000_000, '1', 'another secret').id, one.id);
});

test('what has not gone when its outlet closes goes with the next one', async () => {
  const trail = new AuditTrail(silentLog, clock);
  const first = trail.open({ publish: () => Promise.reject(new TransientError('no')), idSecret });
  trail.record(act);
  await first.close(10);
  const { publish, published } = publisher();
  const second = trail.open({ publish, idSecret });
  await until(() => published.length > 0, 'the event');
  assert.is(published.length, 1);
  await second.close(1000);
});

test('without anywhere to send events, no more than a thousand wait; what gave way is counted in the log', async () => {
  const { log, lines } = recordingLog();
  const trail = new AuditTrail(log, clock);
  for (let index = 0; index < 1_005; index += 1) trail.record({ ...act, subject: `key-${index}` });
  const { publish, published } = publisher();
  const outlet = trail.open({ publish, idSecret });
  await until(() => published.length === 1_000, 'the events');
  await outlet.close(1000);
  assert.equal(
    lines.filter(({ line }) => line === 'audit.lost').map(({ fields }) => fields.count),
    [5],
  );
});

test('an act that makes no event is said, and holds nothing up', async () => {
  const { log, lines } = recordingLog();
  const trail = new AuditTrail(log, clock);
  const { publish, published } = publisher();
  const outlet = trail.open({ publish, idSecret });
  trail.record({ ...act, count: 'many' as unknown as number });
  trail.record(act);
  await until(() => published.length === 1, 'the event');
  assert.ok(lines.some(({ line }) => line === 'audit.lost'));
  await outlet.close(1000);
});

test.run();
