import { z } from 'zod';
import { integer } from '../settings/numbers.js';
import { refuse } from '../settings/refuse.js';
import { setting } from '../settings/setting.js';
import { text } from '../settings/words.js';
import { type MongoAddress, readMongoAddress } from './mongodb/address.js';
import { connect, type MongoConfig, type MongoSession, openSession } from './mongodb/session.js';
import { defineSink, type SinkTools } from './sink.js';

/** Every event as one document (docs/mapping-mongodb.md); a body that is not a JSON object is echoed as text. */
export const mongodbSink = defineSink({
  name: 'mongodb',
  title: 'MongoDB',
  prefix: 'MONGODB',
  settings: {
    address: setting(
      'MONGODB_URI',
      connectionString().optional(),
      'Connection string (`mongodb://` or `mongodb+srv://`); set = sink on. Its timeouts (`serverSelectionTimeoutMS`, `connectTimeoutMS`, `waitQueueTimeoutMS`) are held to 15000: an outage may last longer, the events wait.',
      { secret: true, example: 'mongodb://event-sink:secret@mongodb.example.org:27017' },
    ),
    database: setting(
      'MONGODB_DATABASE',
      text().optional(),
      'Database of the collection. Default: the one that MONGODB_URI names (`/clowder`; `/admin` names none), or `eventsink`. With both, that of MONGODB_URI is where its user is looked up.',
      { example: 'eventsink' },
    ),
    collection: setting('MONGODB_COLLECTION', text().default('events'), 'Collection that takes the documents.'),
    ttlDays: setting(
      'MONGODB_TTL_DAYS',
      integer(1, 24_855).optional(),
      'MongoDB deletes a document this many days after its event was created; not set = kept for ever.',
      { example: '365' },
    ),
  },
  switchedOnBy: 'MONGODB_URI',
  configure({ address, database: wanted, collection, ttlDays }, problems): MongoConfig | undefined {
    if (address === undefined) return undefined;
    const database = wanted ?? address.database ?? 'eventsink';
    if (!/^[^/\\. "$*<>:|?\0]{1,63}$/.test(database)) {
      const rule = 'must be 1 to 63 characters without / \\ . " $ * < > : | ? and spaces';
      if (wanted === undefined) problems.add('MONGODB_URI', `names a database whose name ${rule}`);
      else problems.add('MONGODB_DATABASE', rule);
    }
    if (!/^(?!system\.)[^$\0]{1,120}$/.test(collection)) {
      problems.add('MONGODB_COLLECTION', 'must be 1 to 120 characters without $, and not start with "system."');
    }
    return { address, database, collection, ttlDays };
  },
  takesHistory: true,
  batch: { count: 1000, bytes: 4_000_000, lingerMs: 100 },
  acceptsText: true,
  check: {
    tries: 'log in, and ask what the user may write',
    setting: () => 'MONGODB_URI',
    reach: 'start MongoDB there, or correct MONGODB_URI: host and port, and tls=true just when the server speaks TLS',
    open: connect,
  },
  renderer: async () => (await import('./mongodb/render.js')).renderer(),
  people: {
    erase: (config, people, tools, signal) => withSession(config, tools, session => session.erase(people, signal)),
    async *export(config, people, tools, signal) {
      const session = await connect(config, tools);
      try {
        yield* session.documentsAbout(people, signal);
      } finally {
        await session.close();
      }
    },
  },
  open: openSession,
});

async function withSession<Result>(
  config: MongoConfig,
  tools: SinkTools,
  work: (session: MongoSession) => Promise<Result>,
): Promise<Result> {
  const session = await connect(config, tools);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

function connectionString() {
  return z.string().transform((value, context): MongoAddress => {
    const read = readMongoAddress(value);
    return 'flaw' in read ? refuse(context, read.flaw) : read;
  });
}
