import { MongoClient } from 'mongodb';
import { startInfluxDB } from '../../test/helpers/servers/influxdb.js';
import { startMongoDB } from '../../test/helpers/servers/mongodb.js';
import type { Skip } from '../../test/helpers/skip.js';

/** Where a sink writes, and how many events are there. */
export interface Destination {
  /** For people. */
  readonly title: string;
  /** What programs of this bench are given. */
  environment(database: string): Record<string, string>;
  /** What the daemon is given. */
  settings(database: string): Record<string, string>;
  /** Makes the database, empty. */
  prepare(database: string): Promise<unknown>;
  /** Cheap: asked often while events arrive. */
  arrived(database: string): Promise<number>;
  /** Looked up: how many different events are there. */
  stored(database: string): Promise<number>;
  stop(): Promise<unknown>;
}

export async function influxdb(): Promise<Destination | Skip> {
  const server = await startInfluxDB();
  if ('skip' in server) return server;
  const port = String(server.port);
  /** Points that the whole server has taken, and how many of them before the present database. */
  const points = async (): Promise<number> => {
    const variables = (await (await fetch(`${server.url}/debug/vars`)).json()) as Record<
      string,
      { values?: { pointsWrittenOK?: number } }
    >;
    const http = Object.entries(variables).find(([name]) => name.startsWith('httpd'));
    return http?.[1].values?.pointsWrittenOK ?? 0;
  };
  const before = new Map<string, number>();
  return {
    title: 'InfluxDB 1.6.7',
    environment: database => ({ PORT: port, DATABASE: database, COUNT: '5000', LINGER_MS: '200' }),
    settings: database => ({ INFLUXDB_HOST: '127.0.0.1', INFLUXDB_PORT: port, INFLUXDB_DATABASE: database }),
    prepare: async database => {
      before.set(database, await points());
      await server.query(`CREATE DATABASE ${database}`);
    },
    arrived: async database => (await points()) - (before.get(database) ?? 0),
    stored: async database => {
      const [row] = await server.query('SELECT count(resource_name) FROM events', database);
      return Number(row?.count ?? 0);
    },
    stop: () => server.stop(),
  };
}

export async function mongodb(): Promise<Destination> {
  const server = await startMongoDB();
  const client = await new MongoClient(server.uri).connect();
  const count = (database: string): Promise<number> => client.db(database).collection('events').countDocuments();
  return {
    title: `MongoDB (${server.kind})`,
    environment: database => ({ MONGODB_URI: server.uri, DATABASE: database, COUNT: '1000', LINGER_MS: '100' }),
    settings: database => ({ MONGODB_URI: server.uri, MONGODB_DATABASE: database }),
    prepare: async database => client.db(database).createCollection('events'),
    arrived: count,
    stored: count,
    stop: async () => {
      await client.close();
      await server.stop();
    },
  };
}
