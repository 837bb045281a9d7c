import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../src/events/message.js';
import { correctionOf, declarationOf } from '../../src/health/declaration.js';

const start = 1_772_690_400_000;

test('a declaration is read from an event, and from nothing else', () => {
  const message = (event: unknown, source: Message['source'] = 'http'): Message => ({
    id: 'a',
    body: typeof event === 'string' ? event : JSON.stringify(event),
    source,
    received: start,
  });
  const event = {
    category: 'service_status',
    type: 'maintenance',
    service_name: 'clowder',
    until: '2026-03-05T08:00:00Z',
  };
  assert.equal(declarationOf(message(event)), {
    service: 'clowder',
    status: 'maintenance',
    at: start,
    id: 'a',
    by: undefined,
    window: { from: start, until: 1_772_697_600_000, message: undefined },
  });
  assert.is(declarationOf(message(event, 'health')), undefined);
  for (const source of ['browser', 'replay', 'import'] as const)
    assert.is(declarationOf(message(event, source)), undefined, source);
  assert.is(declarationOf(message({ category: 'upload', type: 'service_status' })), undefined);
  assert.is(declarationOf(message('"service_status" is no JSON')), undefined);
  assert.is(declarationOf(message({ ...event, service_name: 7 })), undefined);
});

test('who said it is believed of keys only, and the time not of clocks that are ahead', () => {
  const event = { category: 'service_status', type: 'up', service_name: 'clowder', by: 'ops', created: start + 60_000 };
  const said = (source: Message['source'], more: object = {}) =>
    declarationOf({ id: 'a', body: JSON.stringify({ ...event, ...more }), source, received: start });
  assert.equal([said('http')?.by, said('clowder')?.by], ['ops', undefined]);
  assert.equal([said('http')?.at, said('http')?.window.from], [start, start]);
  assert.is(said('http', { created: start - 60_000 })?.at, start - 60_000);
});

test('a correction says whether it ends maintenance that goes on', () => {
  const window = { from: start, until: undefined, message: undefined };
  const said = { service: 'clowder', id: 'a', by: undefined, at: start, window };
  assert.is(correctionOf({ ...said, status: 'up' }).endsMaintenance, true);
  assert.is(correctionOf({ ...said, status: 'maintenance' }).endsMaintenance, false);
});

test.run();
