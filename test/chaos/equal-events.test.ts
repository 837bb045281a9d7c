// timeout: 240 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rabbitmqScripts } from '../helpers/servers/rabbitmq-node.js';
import { required } from '../helpers/skip.js';
import { type EqualEventsOptions, equalEvents, equalEventsReport } from './equal-events.js';

required('rabbitmq', rabbitmqScripts() === undefined ? { skip: 'no rabbitmq-server found' } : {});

/** A fiftieth of what `npm run proof -- equal` does, with fewer kills. */
const share: Omit<EqualEventsOptions, 'broker'> = { events: 2_000, clients: 16, kills: 2 };

for (const broker of ['embedded', 'rabbitmq'] as const) {
  test(`equal events without ids, killed with -9 meanwhile (${broker}): each acknowledged one is stored once, in every sink`, async () => {
    const result = await equalEvents({ broker, ...share });
    assert.equal(result.problems, [], equalEventsReport(broker, result));
    assert.ok(result.acknowledged >= share.events);
    assert.is(result.sinks.length, 5);
  });
}

test.run();
