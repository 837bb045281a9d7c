import type { Message } from '../../../src/events/message.js';
import { amplitudeSink } from '../../../src/sinks/amplitude.js';
import { startAmplitude } from '../../helpers/analytics-sinks.js';
import { sinkContract } from '../contract.js';

const created = 1_790_000_000_000;

function message(id: string, fields: Record<string, unknown> = {}): Message {
  const body = JSON.stringify({ created, category: 'download', type: 'file', user_id: 'u1', size: 10, ...fields });
  return { id, body, source: 'http', received: created };
}

await sinkContract('amplitude', async () => {
  const { server, config } = await startAmplitude();
  server.refuses = event => ((event.event_properties as { bad?: string }).bad ? 'event_properties' : undefined);
  return {
    definition: amplitudeSink,
    config,
    message: id => message(id),
    delivered: () => server.accepted.map(event => String(event.insert_id)),
    poison: id => message(id, { bad: 'yes' }),
    outage: on => (on ? server.stop() : server.start()),
    overload: seconds => {
      server.always = seconds === undefined ? undefined : { status: 429, headers: { 'retry-after': String(seconds) } };
    },
    locked: on => {
      if (on) server.apiKeys.delete(config.apiKey);
      else server.apiKeys.add(config.apiKey);
    },
    close: () => server.stop(),
  };
});
