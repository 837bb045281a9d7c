import { MongoClient } from 'mongodb';
import { sinks } from '../../src/sinks/registry.js';
import { idsOf } from '../sinks/archive/archived.js';
import { AmplitudeServer } from './servers/amplitude.js';
import { EventReceiver } from './servers/event-receiver.js';
import { Ga4Server } from './servers/ga4.js';
import { startInfluxDB } from './servers/influxdb.js';
import { MatomoServer } from './servers/matomo.js';
import { startMongoDB } from './servers/mongodb.js';
import { startPostgreSQL } from './servers/postgresql.js';
import { required } from './skip.js';
import { temporaryFolder } from './temporary.js';

/** Every event goes there; usage takes a few kinds, and keeps what it counts. */
export const sinkNames = sinks.filter(({ categories }) => categories === undefined).map(({ name }) => name);
export type SinkName = string;

const secrets = {
  influxdb: 'influx-secret-password',
  amplitude: 'amplitude-secret-key',
  ga4: 'ga4-secret-of-the-stream',
} as const;

const webhookToken = 'token-of-the-receiver';

/** One of each destination, as real as can be had here, and the settings that lead a daemon to them. */
export async function startDestinations() {
  const influxdb = required('influxdb', await startInfluxDB({ admin: { user: 'admin', password: secrets.influxdb } }));
  const mongodb = await startMongoDB();
  const postgresql = required('postgresql', await startPostgreSQL());
  const amplitude = new AmplitudeServer();
  const ga4 = new Ga4Server();
  const webhook = new EventReceiver();
  const matomo = new MatomoServer();
  const archive = temporaryFolder();
  amplitude.apiKeys.clear();
  amplitude.apiKeys.add(secrets.amplitude);
  await Promise.all([amplitude.start(), ga4.start(), webhook.start(), matomo.start()]);
  const database = `event_sink_${process.pid}_${Date.now()}`;

  return {
    influxdb,
    mongodb,
    postgresql,
    amplitude,
    ga4,
    webhook,
    matomo,
    /** The folder of the archive. */
    archive: archive.path,
    database,
    /** What must never be printed anywhere. */
    secrets: [...Object.values(secrets), webhook.secret, webhookToken, matomo.token, postgresql.password],
    env: {
      INFLUXDB_HOST: '127.0.0.1',
      INFLUXDB_PORT: String(influxdb.port),
      INFLUXDB_USER: 'admin',
      INFLUXDB_PASSWORD: secrets.influxdb,
      MONGODB_URI: mongodb.uri,
      MONGODB_DATABASE: database,
      AMPLITUDE_API_KEY: secrets.amplitude,
      AMPLITUDE_SERVER_URL: amplitude.url,
      GOOGLE_MEASUREMENT_ID: 'G-TEST123456',
      GOOGLE_API_SECRET: secrets.ga4,
      GOOGLE_SERVER_URL: ga4.origin,
      GOOGLE_CLIENT_ID: '1234567890.1700000000',
      ARCHIVE_URL: `file://${archive.path}`,
      // It gathers for 20 s where nothing is said, and its backlog would look like that of a slow destination.
      ARCHIVE_LINGER_MS: '500',
      MATOMO_URL: matomo.origin,
      MATOMO_SITE_ID: '1',
      MATOMO_ID_DIMENSION: '1',
      MATOMO_TOKEN: matomo.token,
      POSTGRESQL_URI: postgresql.uri(),
      WEBHOOK_URL: `${webhook.origin}/events?token=${webhookToken}`,
      WEBHOOK_SECRET: webhook.secret,
    },
    /** Every id at a destination; one that is there twice comes twice. */
    async ids(sink: SinkName): Promise<string[]> {
      switch (sink) {
        case 'mongodb': {
          const client = await new MongoClient(mongodb.uri).connect();
          try {
            const found = await client.db(database).collection<{ _id: string }>('events').find().toArray();
            return found.map(({ _id }) => _id);
          } finally {
            await client.close();
          }
        }
        case 'influxdb':
          return (await influxdb.query('SELECT event_id FROM events', 'eventsink')).map(row => String(row.event_id));
        case 'amplitude':
          return amplitude.accepted.map(event => String(event.insert_id));
        case 'ga4':
          return ga4.eventIds().map(String);
        case 'archive':
          return idsOf({ place: { folder: archive.path } });
        case 'matomo':
          return matomo.ids;
        case 'postgresql':
          return (await postgresql.query('SELECT id FROM events')).map(({ id }) => String(id));
        case 'webhook':
          return webhook.ids;
        default:
          throw new Error(`there is no destination for ${sink}: add one here`);
      }
    },
    async stop(): Promise<void> {
      await Promise.all([
        influxdb.stop(),
        mongodb.stop(),
        postgresql.stop(),
        amplitude.stop(),
        ga4.stop(),
        webhook.stop(),
        matomo.stop(),
      ]);
      archive.remove();
    },
  };
}

export type Destinations = Awaited<ReturnType<typeof startDestinations>>;
