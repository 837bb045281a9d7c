import { mongodbSink } from '../../../src/sinks/mongodb.js';
import { message } from '../../helpers/memory-broker.js';
import { mongoConfig } from '../../helpers/mongodb.js';
import { MongoStandIn } from '../../helpers/servers/mongodb/stand-in.js';
import { sinkContract } from '../contract.js';

await sinkContract('mongodb', async () => {
  const server = new MongoStandIn();
  await server.listen();
  // One connection string for right and wrong credentials: the server's mind changes.
  server.users.set('sink', 'secret');
  const uri = `${server.uri.replace('mongodb://', 'mongodb://sink:secret@')}&serverSelectionTimeoutMS=200`;
  return {
    definition: mongodbSink,
    config: mongoConfig(uri),
    message: id => message(id),
    poison: id => message(id, { 'na\0me': 1 }),
    delivered: () =>
      server
        .collection('eventsink', 'events')
        .find({})
        .map(({ _id }) => _id),
    outage: on => (on ? server.stop() : server.listen()),
    locked: on => {
      server.users.set('sink', on ? 'changed' : 'secret');
    },
    close: () => server.stop(),
  };
});
