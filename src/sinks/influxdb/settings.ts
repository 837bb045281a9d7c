import { isIPv6 } from 'node:net';
import { type Address, blockedPort, httpAddress, readHttpAddress } from '../../settings/addresses.js';
import { list } from '../../settings/lists.js';
import { integer } from '../../settings/numbers.js';
import { secret } from '../../settings/secrets.js';
import { type Problems, setting, type Values } from '../../settings/setting.js';
import { text } from '../../settings/words.js';
import { trimEnd } from '../../trim-end.js';
import type { FaultNames } from './writer.js';
import type { V1Config } from './writer-v1.js';
import type { V2Config } from './writer-v2.js';

export interface InfluxdbConfig {
  readonly server: V1Config | V2Config;
  readonly measurement: string;
  /** Sorted. */
  readonly tags: readonly string[];
}

export const influxdbSettings = {
  url: setting(
    'INFLUXDB_URL',
    httpAddress(['http', 'https'], { base: true }).optional(),
    'InfluxDB 2 or 3: its address. Switches this sink on.',
    {
      example: 'http://127.0.0.1:8086',
    },
  ),
  token: setting('INFLUXDB_TOKEN', secret().default(''), 'Token with the right to write to the bucket.', {
    secret: true,
  }),
  org: setting('INFLUXDB_ORG', text().default(''), 'Organisation that the bucket belongs to (version 2).', {
    example: 'clowder',
  }),
  bucket: setting('INFLUXDB_BUCKET', text().optional(), 'Bucket (version 2) or database (version 3).', {
    example: 'events',
  }),
  measurement: setting('INFLUXDB_MEASUREMENT', text().default('events'), 'Measurement that the points belong to.'),
  tags: setting(
    'INFLUXDB_TAGS',
    list().default('type,category,user_id,healthy,author_id,extractor_name'),
    'Fields of events that become tags, comma-separated. Tags are indexed: choose such with few values.',
  ),
  host: setting(
    'INFLUXDB_HOST',
    text().optional(),
    'InfluxDB 1.x: its host, or its address (`http://` or `https://`). Switches this sink on.',
    { example: '127.0.0.1' },
  ),
  port: setting(
    'INFLUXDB_PORT',
    integer(1, 65_535).optional(),
    'InfluxDB 1.x: its port. Default: that of INFLUXDB_HOST, or 8086.',
    { example: '8086' },
  ),
  user: setting('INFLUXDB_USER', text().optional(), 'InfluxDB 1.x: user, when it asks for one.'),
  password: setting('INFLUXDB_PASSWORD', text().default(''), 'InfluxDB 1.x: password.', { secret: true }),
  database: setting('INFLUXDB_DATABASE', text().default('eventsink'), 'InfluxDB 1.x: database, created when missing.'),
};

export function configure(values: Values<typeof influxdbSettings>, problems: Problems): InfluxdbConfig | undefined {
  const server = serverOf(values, problems);
  if (server === undefined) return undefined;
  for (const tag of values.tags) {
    if (['created', 'time', 'event_id', 'id'].includes(tag) || !/^[A-Za-z0-9][\w.-]{0,127}$/.test(tag)) {
      problems.add('INFLUXDB_TAGS', `cannot hold "${tag}": a tag is the plain name of a field with few values`);
    }
  }
  if (!/^[^_#"\\\p{Cc}][^"\\\p{Cc}]{0,127}$/u.test(values.measurement)) {
    problems.add('INFLUXDB_MEASUREMENT', 'must be a plain name that does not begin with _ or #');
  }
  return { server, measurement: values.measurement, tags: [...new Set(values.tags)].sort() };
}

function serverOf(values: Values<typeof influxdbSettings>, problems: Problems): V1Config | V2Config | undefined {
  if (values.url !== undefined) return version2(values.url, values, problems);
  return values.host === undefined ? undefined : version1(values.host, values, problems);
}

function version2(address: Address, values: Values<typeof influxdbSettings>, problems: Problems): V2Config {
  if (address.user !== undefined) {
    problems.add('INFLUXDB_URL', 'must hold no user or password: put the token into INFLUXDB_TOKEN');
  }
  if (values.host !== undefined) {
    problems.add('INFLUXDB_HOST', 'is of InfluxDB 1.x, INFLUXDB_URL of 2 and 3. Leave one of them out');
  }
  if (values.bucket === undefined)
    problems.add('INFLUXDB_BUCKET', 'must be set with INFLUXDB_URL: where do the points go?');
  const { token, org, bucket = '' } = values;
  return { version: 2, url: address.url, token, org, bucket, gzip: isFar(address) };
}

function version1(host: string, values: Values<typeof influxdbSettings>, problems: Problems): V1Config | undefined {
  const address = addressOf(host, values.port);
  if ('flaw' in address) {
    problems.add('INFLUXDB_HOST', address.flaw);
    return undefined;
  }
  const blocked = blockedPort(new URL(address.url).port);
  if (blocked !== undefined) problems.add(values.port === undefined ? 'INFLUXDB_HOST' : 'INFLUXDB_PORT', blocked);
  if (address.user !== undefined && values.user !== undefined) {
    problems.add('INFLUXDB_USER', 'is set, and INFLUXDB_HOST names a user too. Leave one of them out');
  }
  return {
    version: 1,
    url: address.url,
    user: values.user ?? address.user,
    password: values.user === undefined ? (address.password ?? '') : values.password,
    database: values.database,
    gzip: isFar(address),
  };
}

/**
 * A name, an address, either with a port, or a whole address with its scheme; INFLUXDB_PORT fills in what is not said.
 */
function addressOf(host: string, port: number | undefined): Address | { readonly flaw: string } {
  const whole = host.includes('://') ? host : `http://${isIPv6(host) ? `[${host}]` : host}`;
  const read = readHttpAddress(whole, ['http', 'https']);
  if ('flaw' in read) return read;
  const [, start = '', own, path = ''] = /^(https?:\/\/[^/?]*?)(?::(\d+))?((?:[/?].*)?)$/.exec(read.url) ?? [];
  if (own !== undefined && port !== undefined && Number(own) !== port) {
    return { flaw: `names port ${own}, and INFLUXDB_PORT is ${port}. Leave one of them out` };
  }
  if (path.includes('?')) return { flaw: 'must have no ? in it: INFLUXDB_DATABASE names the database' };
  const wanted = own ?? port ?? (host.includes('://') ? undefined : 8086);
  return { ...read, url: `${start}${wanted === undefined ? '' : `:${wanted}`}${trimEnd(path, '/')}` };
}

/** On the way to this very machine, compression costs more than it saves. */
function isFar({ url }: Address): boolean {
  return !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}

/** For messages: who answered, which settings a refusal is about, and what none may show. */
export function faultContext(server: V1Config | V2Config): FaultNames {
  const settings =
    server.version === 1
      ? { credentials: 'INFLUXDB_USER and INFLUXDB_PASSWORD', address: 'INFLUXDB_HOST and INFLUXDB_DATABASE' }
      : { credentials: 'INFLUXDB_TOKEN', address: 'INFLUXDB_URL, INFLUXDB_ORG and INFLUXDB_BUCKET' };
  return { name: 'InfluxDB', secrets: secretsOf(server), settings };
}

function secretsOf(server: V1Config | V2Config): readonly string[] {
  if (server.version === 1)
    return server.user === undefined ? [] : [server.password, `${server.user}:${server.password}`];
  // A 1.8 server takes `user:password` as a token.
  const [, password = ''] = server.token.split(':');
  return [server.token, password];
}
