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

test('a state other than maintenance is not said of time to come', () => {
  const hours = 3_600_000;
  const spanOf = (status: string, from: number, until: number | undefined) => {
    const window = { from: start + from * hours, until: until && start + until * hours, message: 'words' };
    const said = { service: 'clowder', id: 'a', by: undefined, at: start, status, window };
    const { correction, endsMaintenance } = correctionOf(said);
    const end = correction.until === null ? null : (correction.until - start) / hours;
    return [(correction.from - start) / hours, end, endsMaintenance];
  };
  assert.equal(spanOf('maintenance', 22, 24), [22, 24, false]);
  assert.equal(spanOf('up', 22, 24), [22, null, false]);
  assert.equal(spanOf('up', 22, undefined), [22, null, false]);
  assert.equal(spanOf('down', -3, -1), [-3, -1, false]);
  // Down since an hour ago, until then as is expected: what comes of that, the checks will see.
  assert.equal(spanOf('down', -1, 2), [-1, 0, true]);
  assert.equal(spanOf('down', 0, 2), [0, null, true]);
});

test('a clock that is a little ahead does not make it a time to come', () => {
  const fromOf = (type: string, ahead: number) => {
    const event = { category: 'service_status', type, service_name: 'clowder', from: start + ahead };
    return declarationOf({ id: 'a', body: JSON.stringify(event), source: 'http', received: start })?.window.from;
  };
  assert.equal([fromOf('up', 60_000), fromOf('up', 60_001)], [start, start + 60_001]);
  assert.is(fromOf('maintenance', 30_000), start + 30_000);
});

test('maintenance is called off by the id of what declared it; without one, nothing is', () => {
  const withdrawal = (corrects: unknown) =>
    declarationOf({
      ...{ id: 'b', source: 'http', received: start },
      body: JSON.stringify({
        category: 'service_status',
        type: 'withdrawn',
        service_name: 'clowder',
        corrects,
        by: 'ann',
      }),
    });
  const said = withdrawal('a');
  assert.ok(said);
  const { correction, endsMaintenance, withdraws } = correctionOf(said);
  assert.equal([withdraws, correction.state, correction.by, endsMaintenance], ['a', 'withdrawn', 'ann', false]);
  assert.is(withdrawal(undefined), undefined);
  assert.is(withdrawal(7), undefined);
});

test.run();
