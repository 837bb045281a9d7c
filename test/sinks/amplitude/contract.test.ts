import type { Message } from '../../../src/events/message.js';
import { amplitudeSink } from '../../../src/sinks/amplitude.js';
import { address } from '../../helpers/address.js';
import { AmplitudeServer } from '../../helpers/servers/amplitude.js';
import { sinkContract } from '../contract.js';

const apiKey = 'key-of-the-project';
const created = 1_790_000_000_000;

function message(id: string, fields: Record<string, unknown> = {}): Message {
  const body = JSON.stringify({ created, category: 'download', type: 'file', user_id: 'u1', size: 10, ...fields });
  return { id, body, source: 'http', received: created };
}

await sinkContract('amplitude', async () => {
  const server = new AmplitudeServer();
  server.refuses = event => ((event.event_properties as { bad?: string }).bad ? 'event_properties' : undefined);
  await server.start();
  return {
    definition: amplitudeSink,
    config: { apiKey, zone: 'US', serverUrl: address(server.url) },
    message: id => message(id),
    delivered: () => server.accepted.map(event => String(event.insert_id)),
    poison: id => message(id, { bad: 'yes' }),
    outage: on => (on ? server.stop() : server.start()),
    overload: seconds => {
      server.always = seconds === undefined ? undefined : { status: 429, headers: { 'retry-after': String(seconds) } };
    },
    locked: on => {
      if (on) server.apiKeys.delete(apiKey);
      else server.apiKeys.add(apiKey);
    },
    close: () => server.stop(),
  };
});
