import { MongoClient } from 'mongodb';
import { consume } from './consume.js';

/**
 * The floor of RabbitMQ → MongoDB: parse, insert (unordered, to the disks of a majority), acknowledge. Documents as the
 * daemon's; its id is a counter here.
 */
const { URI = '', QUEUE = '', MONGODB_URI = '', DATABASE = '', COUNT = '1000', LINGER_MS = '100' } = process.env;
const client = await new MongoClient(MONGODB_URI, { writeConcern: { w: 'majority', journal: true } }).connect();
const collection = client.db(DATABASE).collection<{ _id: string }>('events');
let number = 0;

await consume({
  uri: URI,
  queue: QUEUE,
  count: Number(COUNT),
  lingerMs: Number(LINGER_MS),
  write: async messages => {
    const documents = messages.map(({ content }) => {
      const fields = JSON.parse(content.toString());
      number += 1;
      return { _id: String(number).padStart(32, '0'), ...fields, created_at: new Date(fields.created) };
    });
    await collection.insertMany(documents, { ordered: false });
  },
});
