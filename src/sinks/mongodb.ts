import { z } from 'zod';
import { setting } from '../settings/setting.js';
import { addressFlaw } from './mongodb/address.js';
import { openSession } from './mongodb/session.js';
import { defineSink } from './sink.js';

/** Every event as one document (docs/mapping-mongodb.md); a body that is no JSON object is echoed as text. */
export const mongodbSink = defineSink({
  name: 'mongodb',
  title: 'MongoDB',
  prefix: 'MONGODB',
  settings: {
    uri: setting(
      'MONGODB_URI',
      z.string().optional(),
      'Connection string (`mongodb://` or `mongodb+srv://`); set = sink on.',
      { secret: true, example: 'mongodb://event-sink:secret@mongodb.example.org:27017' },
    ),
    database: setting('MONGODB_DATABASE', z.string().default('eventsink'), 'Database of the collection.'),
    collection: setting('MONGODB_COLLECTION', z.string().default('events'), 'Collection that takes the documents.'),
    ttlDays: setting(
      'MONGODB_TTL_DAYS',
      z.coerce.number().int().min(1).max(24_855).optional(),
      'MongoDB deletes a document this many days after its event was created; not set = kept for ever.',
      { example: '365' },
    ),
  },
  configure({ uri, database, collection, ttlDays }, problems) {
    if (uri === undefined) return undefined;
    const flaw = addressFlaw(uri);
    if (flaw !== undefined) problems.add('MONGODB_URI', flaw);
    if (!/^[^/\\. "$*<>:|?\0]{1,63}$/.test(database)) {
      problems.add('MONGODB_DATABASE', 'must be 1 to 63 characters without / \\ . " $ * < > : | ? and spaces');
    }
    if (!/^(?!system\.)[^$\0]{1,120}$/.test(collection)) {
      problems.add('MONGODB_COLLECTION', 'must be 1 to 120 characters without $, and not start with "system."');
    }
    return { uri, database, collection, ttlDays };
  },
  batch: { count: 1000, bytes: 4_000_000, lingerMs: 100 },
  acceptsText: true,
  open: openSession,
});
