import type { Message } from '../../../src/events/message.js';
import { influxdbSink } from '../../../src/sinks/influxdb.js';
import { InfluxdbStandIn } from '../../helpers/servers/influxdb-stand-in.js';
import { sinkContract } from '../contract.js';

const created = 1_790_000_000_000;

function message(id: string, fields: Record<string, unknown> = {}): Message {
  const body = JSON.stringify({ created, category: 'download', type: 'file', size: 10, ...fields });
  return { id, body, source: 'http', received: created };
}

await sinkContract('influxdb', async () => {
  const server = new InfluxdbStandIn();
  server.refuses = ({ fields }) => (fields.bad === undefined ? undefined : 'points beyond the patience of this test');
  await server.start();
  return {
    definition: influxdbSink,
    config: {
      server: { version: 2, url: server.origin, token: server.token, org: 'clowder', bucket: 'eventsink', gzip: false },
      measurement: 'events',
      tags: ['category', 'type'],
    },
    message: id => message(id),
    delivered: () => server.ids(),
    poison: id => message(id, { bad: 'yes' }),
    outage: on => (on ? server.stop() : server.start()),
    overload: seconds => {
      server.always = seconds === undefined ? undefined : { status: 503, headers: { 'retry-after': String(seconds) } };
    },
    locked: on => {
      server.token = on ? 'changed' : 'the-right-token';
    },
    close: () => server.stop(),
  };
});
