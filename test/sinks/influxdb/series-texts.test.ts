import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/events/event.js';
import { seriesOf } from '../../../src/sinks/influxdb/point.js';
import { SeriesTexts } from '../../../src/sinks/influxdb/series-texts.js';

const schema = { measurement: 'events', tags: new Set(['type', 'category', 'user_id', 'healthy']) };

function eventOf(fields: Event['fields'], others: Partial<Event> = {}): Event {
  const event = { id: 'a', created: 1, category: 'unknown', type: undefined, source: 'clowder', received: 1 } as const;
  return { ...event, fields, ...others };
}

const events: readonly Event[] = [
  eventOf({}),
  eventOf({ category: 'upload' }, { category: 'upload' }),
  eventOf({ category: 'upload', user_id: 'u, 1=\n' }, { category: 'upload' }),
  eventOf({ type: 'upload' }, { type: 'upload' }),
  eventOf({ user_id: 'upload' }),
  eventOf({ user_id: '' }),
  eventOf({ user_id: 'true', healthy: true }),
  eventOf({ user_id: true, healthy: 'true' }),
  eventOf({ user_id: 'x'.repeat(300) }),
  eventOf({ type: 'y'.repeat(300), user_id: 'u' }, { type: 'y'.repeat(300) }),
  eventOf({ user_id: { nested: 1 } }),
  eventOf({ user_id: 'added' }, { context: { user_id: 'added' } as Event['context'] & object }),
];

test('a series is found as it is made', () => {
  const texts = new SeriesTexts(schema, 1_000);
  for (const round of [1, 2])
    for (const event of events) assert.is(texts.of(event), seriesOf(event, schema), `${round}`);
});

test('with room for one branch it is found all the same', () => {
  const texts = new SeriesTexts(schema, 1);
  for (const event of [...events, ...events]) assert.is(texts.of(event), seriesOf(event, schema));
});

test('without tags it is the measurement', () => {
  const texts = new SeriesTexts({ measurement: 'events', tags: new Set() }, 10);
  assert.is(texts.of(eventOf({ user_id: 'u' })), 'events');
});

test.run();
