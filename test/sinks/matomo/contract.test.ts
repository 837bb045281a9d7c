import * as assert from 'uvu/assert';
import { matomoSink } from '../../../src/sinks/matomo.js';
import { address } from '../../helpers/address.js';
import { message } from '../../helpers/memory-broker.js';
import { straight } from '../../helpers/outgoing.js';
import { MatomoServer } from '../../helpers/servers/matomo.js';
import { sinkContract } from '../contract.js';

await sinkContract('matomo', async () => {
  const server = new MatomoServer();
  const { token } = server;
  server.refuses = ({ dimension1 = '' }) => dimension1.startsWith('bad');
  await server.start();
  return {
    definition: matomoSink,
    config: {
      url: address(server.origin),
      siteId: 1,
      token,
      siteUrl: 'https://clowder',
      idDimension: 1,
      onAmbiguous: 'resend',
    },
    tools: { outgoing: straight },
    message: id => message(id),
    delivered: () => server.ids,
    poison: id => message(id),
    outage: on => (on ? server.stop() : server.start()),
    overload: seconds => {
      server.always = seconds === undefined ? undefined : { status: 503, headers: { 'retry-after': String(seconds) } };
    },
    locked: on => {
      server.token = on ? 'another' : token;
    },
    close: async () => {
      await server.stop();
      assert.equal(server.violations, []);
    },
  };
});
