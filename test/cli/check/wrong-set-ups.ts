import type { SetUpServers } from './set-up-servers.js';

/** Stands in every set-up, as a password, a token or a key: no sentence may show it. */
export const secret = 'Tr0ub4dor-3';

/** Something that a person could set wrongly. */
export interface WrongSetUp {
  readonly name: string;
  env(servers: SetUpServers): Record<string, string>;
  /** The one sentence about it. */
  readonly setting: string;
  readonly reason: RegExp;
  readonly fix: RegExp;
  /** Wrong already as it is written: nothing is tried. */
  readonly written?: true;
  /** As a user who may do little; only where the tests run as root. */
  readonly asNobody?: true;
}

const rabbitmq =
  (user: string, vhost = '') =>
  ({ rabbitmq: { port } }: SetUpServers) => ({
    RABBITMQ_URI: `amqp://${user}:${secret}@127.0.0.1:${port}${vhost}`,
  });
const command = /rabbitmqctl set_permissions -p \/ nothing '\^\(event-sink/;

const written: readonly WrongSetUp[] = [
  {
    name: 'a virtual host with a percent sign',
    env: () => ({ RABBITMQ_URI: `amqp://ann:${secret}@127.0.0.1/100%vhost` }),
    setting: 'RABBITMQ_URI',
    reason: /holds a % that begins no code/,
    fix: /percent-encode.*%25/,
  },
  {
    name: 'a password with a #',
    env: () => ({ RABBITMQ_URI: `amqp://guest:12345#${secret}@127.0.0.1/` }),
    setting: 'RABBITMQ_URI',
    reason: /holds a #/,
    fix: /percent-encode.*%23/,
  },
  {
    name: 'a health target with a percent sign in its password',
    env: () => ({ HEALTH_TARGETS: `clowder=http://mon:100%${secret}@127.0.0.1/` }),
    setting: 'HEALTH_TARGETS',
    reason: /target "clowder" has a user or password that is not percent-encoded/,
    fix: /write %25 for %/,
  },
  {
    name: 'an IPv6 address of MongoDB without brackets',
    env: () => ({ MONGODB_URI: `mongodb://ann:${secret}@::1/clowder` }),
    setting: 'MONGODB_URI',
    reason: /must have its IPv6 address in brackets/,
    fix: /such as mongodb:\/\/\[::1\]:27017/,
  },
  {
    name: 'MongoDB asked for no confirmation',
    env: () => ({ MONGODB_URI: `mongodb://ann:${secret}@127.0.0.1/?w=0` }),
    setting: 'MONGODB_URI',
    reason: /events could be lost/,
    fix: /must not ask for w=0/,
  },
  {
    name: 'a port that HTTP clients refuse',
    env: () => ({ INFLUXDB_HOST: '127.0.0.1', INFLUXDB_PORT: '10080', INFLUXDB_USER: 'a', INFLUXDB_PASSWORD: secret }),
    setting: 'INFLUXDB_PORT',
    reason: /names port 10080, which HTTP clients refuse/,
    fix: /let the server listen on another/,
  },
  {
    name: 'two ports of InfluxDB',
    env: () => ({ INFLUXDB_HOST: '127.0.0.1:8086', INFLUXDB_PORT: '39631', INFLUXDB_PASSWORD: secret }),
    setting: 'INFLUXDB_HOST',
    reason: /names port 8086, and INFLUXDB_PORT is 39631/,
    fix: /Leave one of them out/,
  },
  {
    name: 'the whole network without keys',
    env: () => ({ HOST: '0.0.0.0', ID_SECRET: `${secret}${secret}` }),
    setting: 'HOST',
    reason: /no API keys are configured/,
    fix: /Set API_KEYS .*keygen/,
  },
  {
    name: 'a key itself in place of its entry',
    env: () => ({ API_KEYS: `es_${secret}` }),
    setting: 'API_KEYS',
    reason: /entry 1 is a key itself/,
    fix: /Put its entry here/,
  },
  {
    name: 'half of what Google needs',
    env: () => ({ GOOGLE_API_SECRET: secret }),
    setting: 'GOOGLE_MEASUREMENT_ID',
    reason: /is missing/,
    fix: /needs both/,
  },
];

const onRabbitMQ: readonly WrongSetUp[] = [
  {
    name: 'RabbitMQ where nothing listens',
    env: ({ closedPort }) => ({ RABBITMQ_URI: `amqp://ann:${secret}@127.0.0.1:${closedPort}` }),
    setting: 'RABBITMQ_URI',
    reason: /cannot be reached: connection refused/,
    fix: /start RabbitMQ there, or correct host and port/,
  },
  {
    name: 'RabbitMQ at a name that nobody knows',
    env: () => ({ RABBITMQ_URI: `amqp://ann:${secret}@nowhere.invalid` }),
    setting: 'RABBITMQ_URI',
    reason: /nowhere\.invalid:5672 cannot be reached: DNS failure/,
    fix: /correct host and port/,
  },
  {
    name: 'a wrong password of RabbitMQ',
    env: rabbitmq('guest'),
    setting: 'RABBITMQ_URI',
    reason: /refuses the user name or the password/,
    fix: /fix them in RABBITMQ_URI/,
  },
  {
    name: 'a virtual host that is not there',
    env: rabbitmq('everything', '/elsewhere'),
    setting: 'RABBITMQ_URI',
    reason: /refuses the virtual host "elsewhere"/,
    fix: /Fix RABBITMQ_URI, or the permissions/,
  },
  {
    name: 'TLS at a port of RabbitMQ that speaks none',
    env: ({ rabbitmq: { port } }) => ({ RABBITMQ_URI: `amqps://everything:${secret}@127.0.0.1:${port}` }),
    setting: 'RABBITMQ_URI',
    reason: /does not speak TLS/,
    fix: /write amqp:\/\/ instead of amqps:\/\//,
  },
  {
    name: 'a user of RabbitMQ without permissions',
    env: rabbitmq('nothing'),
    setting: 'RABBITMQ_URI',
    reason: /lacks permissions in RabbitMQ: configure \(.*queue event-sink\.local.*write \(.*read \(/,
    fix: command,
  },
  {
    name: 'a user of RabbitMQ that may only write',
    env: rabbitmq('writer'),
    setting: 'RABBITMQ_URI',
    reason: /lacks permissions in RabbitMQ: configure \([^)]*\); read \([^)]*\)/,
    fix: /rabbitmqctl set_permissions -p \/ writer /,
  },
  {
    name: 'an exchange of another kind',
    env: servers => ({ ...rabbitmq('everything')(servers), RABBITMQ_EXCHANGENAME: 'of.topics' }),
    setting: 'RABBITMQ_EXCHANGENAME',
    reason: /exchange of\.topics is there already, but declared in another way/,
    fix: /delete this one, or name another in RABBITMQ_EXCHANGENAME/,
  },
  {
    name: 'a queue of the other type',
    env: servers => ({
      ...rabbitmq('everything')(servers),
      ...servers.amplitude('key-of-the-project'),
      LOCAL_STORE: 'off',
    }),
    setting: 'RABBITMQ_QUEUE_TYPE',
    reason: /queue event-sink\.amplitude is there already, but declared in another way/,
    fix: /set RABBITMQ_QUEUE_TYPE to the type that it has/,
  },
  {
    name: 'a queue to watch that is not there',
    env: servers => ({ ...rabbitmq('everything')(servers), HEALTH_TARGETS: 'extractor=queue:ncsa.wordcount' }),
    setting: 'HEALTH_TARGETS',
    reason: /target "extractor" is down: there is no queue ncsa\.wordcount/,
    fix: /correct its address/,
  },
];

const atSinks: readonly WrongSetUp[] = [
  {
    name: 'MongoDB where nothing listens',
    env: ({ closedPort }) => ({ MONGODB_URI: `mongodb://ann:${secret}@127.0.0.1:${closedPort}/clowder` }),
    setting: 'MONGODB_URI',
    reason: /no server to write to can be reached: .*ECONNREFUSED/,
    fix: /start MongoDB there, or correct MONGODB_URI/,
  },
  {
    name: 'MongoDB at a name that nobody knows',
    env: () => ({ MONGODB_URI: `mongodb://ann:${secret}@nowhere.invalid/clowder` }),
    setting: 'MONGODB_URI',
    reason: /getaddrinfo \w+ nowhere\.invalid/,
    fix: /correct MONGODB_URI: host and port/,
  },
  {
    name: 'TLS at a port of MongoDB that speaks none',
    env: ({ mongodb }) => ({ MONGODB_URI: `mongodb://ann:${secret}@127.0.0.1:${mongodb.port}/?tls=true` }),
    setting: 'MONGODB_URI',
    reason: /no server to write to can be reached: .*(TLS|SSL|socket|closed|ECONNRESET)/i,
    fix: /tls=true just when the server speaks TLS/,
  },
  {
    name: 'a wrong password of MongoDB',
    env: ({ mongodb }) => ({ MONGODB_URI: `mongodb://ann:not-${secret}@127.0.0.1:${mongodb.port}/?authSource=admin` }),
    setting: 'MONGODB_URI',
    reason: /Authentication failed/,
    fix: /user or password of MONGODB_URI refused/,
  },
  {
    name: 'a user of MongoDB who may only read',
    env: ({ mongodb }) => ({
      MONGODB_URI: `mongodb://reader:${secret}@127.0.0.1:${mongodb.port}/clowder?authSource=admin`,
    }),
    setting: 'MONGODB_URI',
    reason: /reader@admin may not insert into clowder\.events/,
    fix: /give it the role readWrite on clowder/,
  },
  {
    name: 'InfluxDB where nothing listens',
    env: ({ closedPort }) => ({
      INFLUXDB_HOST: '127.0.0.1',
      INFLUXDB_PORT: String(closedPort),
      INFLUXDB_PASSWORD: secret,
    }),
    setting: 'INFLUXDB_HOST',
    reason: /refused the connection: nothing listens there/,
    fix: /start InfluxDB there, or correct its address/,
  },
  {
    name: 'a wrong password of InfluxDB',
    env: ({ influxdb }) => influxdb('admin', `not-${secret}`),
    setting: 'INFLUXDB_USER and INFLUXDB_PASSWORD',
    reason: /InfluxDB answered 401/,
    fix: /check INFLUXDB_USER and INFLUXDB_PASSWORD/,
  },
  {
    name: 'a database of InfluxDB that the user may not create',
    env: ({ influxdb }) => influxdb('reader', secret, 'elsewhere'),
    setting: 'INFLUXDB_USER and INFLUXDB_DATABASE',
    reason: /has no database elsewhere, and the user of INFLUXDB_USER may not create one/,
    fix: /create it there and let the user write to it/,
  },
  {
    name: 'a user of InfluxDB who may only read',
    env: ({ influxdb }) => influxdb('reader', secret, 'events'),
    setting: 'INFLUXDB_USER and INFLUXDB_PASSWORD',
    reason: /InfluxDB answered 403 .*reader.* is not authorized to write/,
    fix: /check INFLUXDB_USER/,
  },
  {
    name: 'a wrong token of InfluxDB 2',
    env: ({ influxdb2 }) => influxdb2(`not-${secret}`, 'eventsink'),
    setting: 'INFLUXDB_TOKEN',
    reason: /InfluxDB answered 401/,
    fix: /check INFLUXDB_TOKEN/,
  },
  {
    name: 'a bucket of InfluxDB 2 that is not there',
    env: ({ influxdb2 }) => influxdb2(secret, 'elsewhere'),
    setting: 'INFLUXDB_URL, INFLUXDB_ORG and INFLUXDB_BUCKET',
    reason: /InfluxDB answered 404 .*not found/,
    fix: /check INFLUXDB_URL, INFLUXDB_ORG and INFLUXDB_BUCKET/,
  },
  {
    name: 'something else where InfluxDB should be',
    env: ({ page }) => ({ INFLUXDB_URL: page, INFLUXDB_TOKEN: secret, INFLUXDB_BUCKET: 'events', INFLUXDB_ORG: 'o' }),
    setting: 'INFLUXDB_URL',
    reason: /which is not an answer of InfluxDB/,
    fix: /correct its address/,
  },
  {
    name: 'a sink under a name of its own where nothing listens',
    env: ({ at }) => ({ EVENT_SINK_CONFIG: at('named.yaml') }),
    setting: 'sinks[0].host',
    reason: /nothing listens there/,
    fix: /start InfluxDB there, or correct its address \(.*sinks\[0\]\.host and sinks\[0\]\.port\)/,
  },
  {
    name: 'a wrong key of Amplitude',
    env: ({ amplitude }) => amplitude(secret),
    setting: 'AMPLITUDE_API_KEY',
    reason: /does not know the key/,
    fix: /set AMPLITUDE_API_KEY to the API key of the project/,
  },
  {
    name: 'a proxy of Google Analytics that is not there',
    env: ({ closedPort }) => ({
      GOOGLE_MEASUREMENT_ID: 'G-ABC1234567',
      GOOGLE_API_SECRET: secret,
      GOOGLE_SERVER_URL: `http://127.0.0.1:${closedPort}`,
    }),
    setting: 'GOOGLE_SERVER_URL',
    reason: /nothing listens there/,
    fix: /correct GOOGLE_SERVER_URL/,
  },
];

const onThisMachine: readonly WrongSetUp[] = [
  {
    name: 'a file in place of the folder',
    env: ({ at }) => ({ DATA_DIR: at('text.log'), ID_SECRET: `${secret}${secret}` }),
    setting: 'DATA_DIR',
    reason: /cannot be made/,
    fix: /name a folder that this user can write to/,
  },
  {
    name: 'a folder that another daemon uses',
    env: ({ at }) => ({ DATA_DIR: at('in-use') }),
    setting: 'DATA_DIR',
    reason: /another event-sink daemon uses/,
    fix: /stop it, or give this one a folder of its own/,
  },
  {
    name: 'a folder that belongs to somebody else',
    env: ({ at }) => ({ DATA_DIR: at('private') }),
    setting: 'DATA_DIR',
    reason: /cannot be (made|written to) \(permission denied\)/,
    fix: /name a folder that this user can write to/,
    asNobody: true,
  },
  {
    name: 'a port that is taken',
    env: ({ page }) => ({ PORT: new URL(page).port }),
    setting: 'PORT',
    reason: /is taken by another program/,
    fix: /stop what listens there, or set another port/,
  },
  {
    name: 'an address that is not of this machine',
    env: () => ({ HOST: '192.0.2.1', API_KEYS: `a:read:${'0'.repeat(64)}` }),
    setting: 'HOST',
    reason: /192\.0\.2\.1 is not an address of this machine/,
    fix: /set one that it has, or 0\.0\.0\.0/,
  },
  {
    name: 'a health target that cannot be resolved',
    env: () => ({ HEALTH_TARGETS: `clowder=https://mon:${secret}@nowhere.invalid/?token=${secret}` }),
    setting: 'HEALTH_TARGETS',
    reason: /target "clowder" is down: DNS failure/,
    fix: /correct its address in HEALTH_TARGETS, or start the service/,
  },
  {
    name: 'a health target that speaks no TLS',
    env: ({ page }) => ({ HEALTH_TARGETS: `clowder=${page.replace('http:', 'https:')}/?key=${secret}` }),
    setting: 'HEALTH_TARGETS',
    reason: /target "clowder" is down: TLS handshake failed/,
    fix: /correct its address/,
  },
  {
    name: 'a health target at an IPv6 address where nothing listens',
    env: ({ closedPort }) => ({ HEALTH_TARGETS: `clowder=tcp://[::1]:${closedPort}` }),
    setting: 'HEALTH_TARGETS',
    reason: /target "clowder" is down: /,
    fix: /correct its address/,
  },
  {
    name: 'a log that is not there',
    env: ({ at }) => ({ NGINX_ACCESS_LOG: at('gone.log') }),
    setting: 'NGINX_ACCESS_LOG',
    reason: /gone\.log is not there/,
    fix: /name the access log that NGINX writes/,
  },
  {
    name: 'a folder in place of a log',
    env: ({ at }) => ({ NGINX_ACCESS_LOG: at('in-use') }),
    setting: 'NGINX_ACCESS_LOG',
    reason: /is a folder, a pipe or a device/,
    fix: /name the log itself/,
  },
  {
    name: 'a log that may not be read',
    env: ({ at }) => ({ NGINX_ACCESS_LOG: at('private/access.log') }),
    setting: 'NGINX_ACCESS_LOG',
    reason: /cannot be read \(permission denied\)/,
    fix: /let the user of the daemon read it.*adm/,
    asNobody: true,
  },
  {
    name: 'a JSON log under combined',
    env: ({ at }) => ({ NGINX_ACCESS_LOG: at('json.log') }),
    setting: 'NGINX_LOG_FORMAT',
    reason: /3 of the last 3 lines of \S+json\.log are not of the format/,
    fix: /they are JSON: set json/,
  },
  {
    name: 'a log in text under json',
    env: ({ at }) => ({ NGINX_ACCESS_LOG: at('text.log'), NGINX_LOG_FORMAT: 'json' }),
    setting: 'NGINX_LOG_FORMAT',
    reason: /3 of the last 3 lines/,
    fix: /they are text: set combined/,
  },
];

export const wrongSetUps: readonly WrongSetUp[] = [
  ...written.map(one => ({ ...one, written: true }) as const),
  ...onRabbitMQ,
  ...atSinks,
  ...onThisMachine,
];
