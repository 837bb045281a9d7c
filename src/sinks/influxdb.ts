import type { Event } from '../events/event.js';
import { integer, list, text, url } from '../settings/readers.js';
import { type Problems, setting, type Values } from '../settings/setting.js';
import { Delivery, type Item } from './influxdb/delivery.js';
import { measurementText } from './influxdb/line-protocol.js';
import { LATEST_MS, type Schema, seriesOf } from './influxdb/point.js';
import { SharedTexts } from './influxdb/shared-texts.js';
import { type Place, SLOTS, Slots } from './influxdb/slots.js';
import { type V1Config, writerV1 } from './influxdb/writer-v1.js';
import { type V2Config, writerV2 } from './influxdb/writer-v2.js';
import { defineSink, type Rejection } from './sink.js';

export interface InfluxdbConfig {
  readonly server: V1Config | V2Config;
  readonly measurement: string;
  /** Sorted. */
  readonly tags: readonly string[];
}

/** Of one daemon at a time; InfluxDB itself wants few. */
const MOST_SERIES = 10_000;

const settings = {
  url: setting(
    'INFLUXDB_URL',
    url('http', 'https').optional(),
    'InfluxDB 2 or 3: its address. Switches this sink on.',
    {
      example: 'http://127.0.0.1:8086',
    },
  ),
  token: setting('INFLUXDB_TOKEN', text().default(''), 'Token with the right to write to the bucket.', {
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
  host: setting('INFLUXDB_HOST', text().optional(), 'InfluxDB 1.x: its host. Switches this sink on.', {
    example: '127.0.0.1',
  }),
  port: setting('INFLUXDB_PORT', integer(1, 65_535).default('8086'), 'InfluxDB 1.x: its port.'),
  user: setting('INFLUXDB_USER', text().optional(), 'InfluxDB 1.x: user, when it asks for one.'),
  password: setting('INFLUXDB_PASSWORD', text().default(''), 'InfluxDB 1.x: password.', { secret: true }),
  database: setting('INFLUXDB_DATABASE', text().default('eventsink'), 'InfluxDB 1.x: database, created when missing.'),
};

/**
 * InfluxDB: one point an event, in one measurement, for Grafana. Writing an event again rewrites its own point (slots.ts says
 * how, and where that ends); what a point holds is in point.ts, what the server's answers mean in delivery.ts.
 */
export const influxdbSink = defineSink({
  name: 'influxdb',
  title: 'InfluxDB',
  prefix: 'INFLUXDB',
  settings,
  configure,
  batch: { count: 5000, bytes: 5_000_000, lingerMs: 200 },
  async open(config, { keyValues, clock, log }) {
    const { server } = config;
    const schema: Schema = {
      measurement: measurementText(config.measurement),
      tags: new Set(config.tags),
    };
    const secrets = secretsOf(server);
    const writer = server.version === 1 ? writerV1(server, config.measurement, secrets, clock) : await writerV2(server);
    const delivery = new Delivery(writer, schema, secrets, clock, log);
    await writer.prepare();
    const slots = await Slots.open(keyValues);
    const texts = new SharedTexts(MOST_SERIES);
    return {
      async write(events, signal) {
        const { places, rejected } = placesOf(events, schema, texts);
        const taken = await slots.assign(places);
        const items: Item[] = [];
        places.forEach(({ index, series }, n) => {
          const slot = taken[n];
          if (slot === undefined)
            rejected.push({ index, reason: `more than ${SLOTS} events share its millisecond and its tags` });
          else items.push({ index, event: events[index]!, series, slot });
        });
        const result = await delivery.write(items, signal);
        return { ...result, rejected: [...rejected, ...(result.rejected ?? [])] };
      },
      async probe(signal) {
        await writer.prepare(signal);
        await delivery.probe(signal);
      },
      close: async () => writer.close(),
    };
  },
});

function placesOf(events: readonly Event[], schema: Schema, texts: SharedTexts) {
  const rejected: Rejection[] = [];
  const places: (Place & { readonly index: number })[] = [];
  events.forEach((event, index) => {
    const { id, created } = event;
    if (created <= LATEST_MS) places.push({ id, created, series: texts.of(seriesOf(event, schema)), index });
    else rejected.push({ index, reason: 'its time is after the year 2262, which InfluxDB cannot express' });
  });
  return { places, rejected };
}

function configure(values: Values<typeof settings>, problems: Problems): InfluxdbConfig | undefined {
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

function serverOf(values: Values<typeof settings>, problems: Problems): V1Config | V2Config | undefined {
  if (values.url !== undefined) {
    const address = new URL(values.url);
    if (address.username !== '' || address.password !== '') {
      problems.add('INFLUXDB_URL', 'must hold no user or password: put the token into INFLUXDB_TOKEN');
    }
    if (values.host !== undefined) {
      problems.add('INFLUXDB_HOST', 'is of InfluxDB 1.x, INFLUXDB_URL of 2 and 3. Leave one of them out');
    }
    if (values.bucket === undefined)
      problems.add('INFLUXDB_BUCKET', 'must be set with INFLUXDB_URL: where do the points go?');
    const { token, org, bucket = '' } = values;
    return { version: 2, url: values.url, token, org, bucket, gzip: isFar(address) };
  }
  if (values.host === undefined) return undefined;
  const base = values.host.includes('://') ? values.host : `http://${values.host}:${values.port}`;
  if (!/^https?:\/\//.test(base) || !URL.canParse(base)) {
    problems.add('INFLUXDB_HOST', 'must be the name or address of a host');
    return undefined;
  }
  const { user, password, database } = values;
  return { version: 1, url: base.replace(/\/+$/, ''), user, password, database, gzip: isFar(new URL(base)) };
}

/** On the way to this very machine, compression costs more than it saves. */
function isFar(address: URL): boolean {
  return !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(address.hostname);
}

function secretsOf(server: V1Config | V2Config): readonly string[] {
  if (server.version === 1)
    return server.user === undefined ? [] : [server.password, `${server.user}:${server.password}`];
  // A 1.8 server takes `user:password` as a token.
  const [, password = ''] = server.token.split(':');
  return [server.token, password];
}
