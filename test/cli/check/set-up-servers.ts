import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { lockDirectory } from '../../../src/storage/opening.js';
import { freePort } from '../../helpers/ports.js';
import { AmplitudeServer } from '../../helpers/servers/amplitude.js';
import { startInfluxDB } from '../../helpers/servers/influxdb.js';
import { InfluxdbStandIn } from '../../helpers/servers/influxdb-stand-in.js';
import { MongoStandIn } from '../../helpers/servers/mongodb/stand-in.js';
import { type RabbitMQ, startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { StandIn } from '../../helpers/servers/stand-in.js';
import { required } from '../../helpers/skip.js';
import { temporaryFolder } from '../../helpers/temporary.js';

type Env = Record<string, string>;

/** What the set-ups point to: servers that work, with users who may not do everything. */
export interface SetUpServers {
  readonly rabbitmq: RabbitMQ;
  readonly mongodb: MongoStandIn;
  /** InfluxDB 1.x, which asks who one is. */
  influxdb(user: string, password: string, database?: string): Env;
  influxdb2(token: string, bucket: string): Env;
  amplitude(key: string): Env;
  /** Answers everything with a page. */
  readonly page: string;
  readonly closedPort: number;
  /** A path in a folder with logs, a settings file and a folder in use. */
  at(name: string): string;
  stop(): Promise<void>;
}

export async function startServers(secret: string): Promise<SetUpServers> {
  const rabbitmq = required('rabbitmq', await startRabbitMQ());
  const admin = { user: 'admin', password: secret };
  const influxdb = required('influxdb', await startInfluxDB({ admin }));
  const mongodb = new MongoStandIn();
  const influxdb2 = new InfluxdbStandIn();
  const amplitude = new AmplitudeServer();
  const page = new StandIn(() => ({ status: 200, body: '<html>hello</html>' }));
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path, name);

  await withUsers(rabbitmq, secret);
  for (const statement of [
    'CREATE DATABASE events',
    `CREATE USER reader WITH PASSWORD '${secret}'`,
    'GRANT READ ON events TO reader',
  ])
    await influxdb.query(statement);
  for (const user of ['ann', 'reader']) mongodb.users.set(user, secret);
  mongodb.readers.add('reader');
  influxdb2.token = secret;
  await Promise.all([mongodb.listen(), influxdb2.start(), amplitude.start(), page.start()]);
  const lock = withFiles(at);
  const closedPort = await freePort();
  const sink = { kind: 'influxdb', name: 'portal', host: '127.0.0.1', port: closedPort, password: secret };
  writeFileSync(at('named.yaml'), JSON.stringify({ sinks: [sink] }));
  return {
    rabbitmq,
    mongodb,
    influxdb: (user, password, database = 'events') => ({
      INFLUXDB_HOST: '127.0.0.1',
      INFLUXDB_PORT: String(influxdb.port),
      INFLUXDB_USER: user,
      INFLUXDB_PASSWORD: password,
      INFLUXDB_DATABASE: database,
    }),
    influxdb2: (token, bucket) => ({
      INFLUXDB_URL: influxdb2.origin,
      INFLUXDB_TOKEN: token,
      INFLUXDB_ORG: 'clowder',
      INFLUXDB_BUCKET: bucket,
    }),
    amplitude: key => ({ AMPLITUDE_API_KEY: key, AMPLITUDE_SERVER_URL: amplitude.url }),
    page: page.origin,
    closedPort,
    at,
    async stop() {
      lock.close();
      await Promise.all([mongodb.stop(), influxdb2.stop(), amplitude.stop(), page.stop()]);
      await Promise.all([rabbitmq.stop(), influxdb.stop()]);
      folder.remove();
    },
  };
}

async function withUsers({ ctl, uri }: RabbitMQ, secret: string): Promise<void> {
  const permissions = { everything: ['.*', '.*', '.*'], writer: ['^$', '.*', '^$'], nothing: ['^$', '^$', '^$'] };
  for (const [user, patterns] of Object.entries(permissions)) {
    await ctl('add_user', user, secret);
    await ctl('set_permissions', user, ...patterns);
  }
  const connection = await connect(uri);
  const channel = await connection.createChannel();
  await channel.assertExchange('of.topics', 'topic');
  await channel.assertQueue('event-sink.amplitude', { arguments: { 'x-queue-type': 'classic' } });
  await connection.close();
}

function withFiles(at: (name: string) => string) {
  mkdirSync(at('private'), { mode: 0o700 });
  const text = '192.0.2.7 - - [05/Mar/2024:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0"\n';
  writeFileSync(at('private/access.log'), text);
  writeFileSync(at('text.log'), text.repeat(3));
  const line = { time: '2024-03-05T10:00:00+00:00', request: 'GET / HTTP/1.1', status: 200, bytes: 5 };
  writeFileSync(at('json.log'), `${JSON.stringify(line)}\n`.repeat(3));
  return lockDirectory(at('in-use'));
}
