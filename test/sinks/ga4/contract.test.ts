import * as assert from 'uvu/assert';
import type { Message } from '../../../src/events/message.js';
import { ga4Sink } from '../../../src/sinks/ga4.js';
import { startGa4 } from '../../helpers/analytics-sinks.js';
import { sinkContract } from '../contract.js';

function message(id: string, hoursAgo = 1): Message {
  const received = Date.now();
  const created = received - hoursAgo * 3_600_000;
  const body = JSON.stringify({ created, category: 'download', type: 'file', user_id: 'u1', size: 10 });
  return { id, body, source: 'http', received };
}

await sinkContract('ga4', async () => {
  const { server, config, keyValues } = await startGa4();
  return {
    definition: ga4Sink,
    config,
    tools: { keyValues },
    message: id => message(id),
    delivered: () => server.eventIds().map(String),
    // Google Analytics takes only what has happened.
    poison: id => message(id, -80),
    outage: on => (on ? server.stop() : server.start()),
    overload: seconds => {
      server.always = seconds === undefined ? undefined : { status: 503, headers: { 'retry-after': String(seconds) } };
    },
    locked: on => {
      server.always = on ? { status: 403 } : undefined;
    },
    close: async () => {
      await server.stop();
      assert.equal(server.violations, []);
    },
  };
});
