import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../src/events/message.js';
import { beatOf } from '../../src/heartbeats/beat-event.js';

const received = 1_772_690_400_000;
const message = (event: object, more: Partial<Message> = {}): Message => ({
  id: 'a',
  body: JSON.stringify(event),
  source: 'http',
  received,
  ...more,
});
const event = { category: 'heartbeat', type: 'failure', service_name: 'backup', message: 'disk full', every: 60 };

test('a heartbeat says how a job is, when, and how often it comes', () => {
  assert.equal(beatOf(message({ ...event, created: received - 5 })), {
    name: 'backup',
    beat: { kind: 'failure', message: 'disk full', at: received - 5 },
    schedule: { every: 60, grace: undefined, runtime: undefined },
  });
  assert.is(beatOf(message({ ...event, created: received + 60_000 }))?.beat.at, received);
});

test('anything else is none, and a page speaks for no job', () => {
  for (const source of ['browser', 'replay', 'import'] as const)
    assert.is(beatOf(message(event, { source })), undefined, source);
  assert.is(beatOf(message({ ...event, type: 'silent' })), undefined);
  assert.is(beatOf(message({ ...event, category: 'upload' })), undefined);
  assert.is(beatOf(message({ ...event, service_name: 3 })), undefined);
  assert.is(beatOf({ ...message(event), body: '{"heartbeat"' }), undefined);
  assert.is(beatOf(message({ ...event, every: '60' }))?.schedule.every, undefined);
});

test.run();
