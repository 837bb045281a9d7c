import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createPrepare } from '../../src/delivery/prepare.js';
import { ExactNumber } from '../../src/events/digits.js';
import { eventText } from '../../src/http/event-text.js';
import { pageWithContext } from '../../src/status/stored-events.js';
import { bodyText, type StoredEvent } from '../../src/storage/queries.js';
import { delivery } from '../helpers/deliveries.js';
import { clowderId } from '../helpers/servers/clowder.js';
import { openContext } from './asking.js';

const file = clowderId('f1');
const dataset = clowderId('d1');
const about = { type: 'file', resource_id: file };

test('what one event of a batch tells stands beside the others, and no text or id changes', async () => {
  const { context } = await openContext();
  const prepare = createPrepare({
    filter: { matches: () => true },
    acceptsText: false,
    firstSeen: async () => new Map(),
    clock: { now: () => 1_700_000_100_000 },
    context,
  });
  const deliveries = [
    delivery('first', { category: 'download', ...about }),
    delivery('other', { category: 'user_activity' }),
    delivery('tells', { category: 'delete', ...about, dataset_id: dataset, dataset_name: 'Rain' }),
    {
      ...delivery('exact'),
      body: `{"category":"x","type":"file","resource_id":"${file}","n":123456789012345678901,"created":1}`,
    },
  ];
  const { items } = await prepare(deliveries);
  const known = { file_id: file, dataset_id: dataset, dataset_name: 'Rain' };
  assert.equal(
    items.map(({ event }) => event.context),
    // The third says all of it itself.
    [known, undefined, undefined, { resource_name: 'tells', ...known }],
  );
  for (const [index, { event, delivery: from }] of items.entries()) {
    assert.is(from, deliveries[index]);
    assert.equal([event.id, event.body], [from.id, from.body]);
  }
  assert.is(items[0]?.event.fields.dataset_name, 'Rain');
  const { exact } = items[3]!.event;
  assert.is(exact?.dataset_name, 'Rain');
  assert.ok(exact?.n instanceof ExactNumber);
  await context.close();
});

test('a stored event shows what is known when it is read, behind its own text', async () => {
  const { context } = await openContext();
  const body = `{"category":"x","type":"file","n":1.50,"resource_id":"${file}"}`;
  const event: StoredEvent = {
    ...(JSON.parse(body) as { category: string; type: string }),
    id: 'e',
    created: 1,
    _source: 'http',
    _received: 2,
    [bodyText]: body,
  };
  const page = { events: [event], nextCursor: 'c' };
  assert.equal(await pageWithContext(page, context), page);
  context.hear({ ...about, source: 'clowder', fields: { ...about, dataset_id: dataset } });
  const { events, nextCursor } = await pageWithContext(page, context);
  assert.is(nextCursor, 'c');
  assert.is(
    eventText(events[0]!),
    `{"n":1.50,"resource_id":"${file}","file_id":"${file}","dataset_id":"${dataset}","id":"e","created":1,"category":"x","type":"file","_source":"http","_received":2}`,
  );
  await context.close();
});

test.run();
