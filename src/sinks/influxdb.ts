import type { Event } from '../events/event.js';
import { measurementText } from './influxdb/line-protocol.js';
import { eraseFrom, pointsAbout } from './influxdb/people.js';
import { refusalOf, type Schema } from './influxdb/point.js';
import { Point, PointWriter } from './influxdb/point-writer.js';
import { renderer } from './influxdb/render.js';
import { SeriesTexts } from './influxdb/series-texts.js';
import { configure, faultContext, type InfluxdbConfig, influxdbSettings } from './influxdb/settings.js';
import { Slots, slotsPerMs } from './influxdb/slots.js';
import { writerV1 } from './influxdb/writer-v1.js';
import { writerV2 } from './influxdb/writer-v2.js';
import { defineSink, type Rejection, type SinkTools } from './sink.js';

/** Values of tags, each behind those before it, that are kept in memory. */
const maxSeriesBranches = 20_000;

const noRoom = `more than ${slotsPerMs} events share its millisecond and its tags`;

/**
 * InfluxDB: one point an event, in one measurement, for Grafana. Writing an event again rewrites its own point
 * (slots.ts says how, and where that ends); what a point holds is in point.ts, what the server's answers mean in
 * point-writer.ts.
 */
export const influxdbSink = defineSink({
  name: 'influxdb',
  title: 'InfluxDB',
  prefix: 'INFLUXDB',
  settings: influxdbSettings,
  switchedOnBy: 'INFLUXDB_URL or INFLUXDB_HOST',
  configure,
  takesHistory: true,
  batch: { count: 2000, bytes: 5_000_000, lingerMs: 200 },
  check: {
    tries: 'write nothing, with the credentials, to the database or bucket',
    setting: ({ server }) => (server.version === 1 ? 'INFLUXDB_HOST' : 'INFLUXDB_URL'),
    reach: 'start InfluxDB there, or correct its address (INFLUXDB_URL, or INFLUXDB_HOST and INFLUXDB_PORT)',
    async open(config, tools) {
      const { writer, points } = await writers(config, tools);
      return {
        async probe(signal) {
          if (await writer.prepared(signal)) await points.probe(signal);
        },
        close: async () => writer.close(),
      };
    },
  },
  people: { erase: eraseFrom, export: pointsAbout },
  renderer: config => renderer(schemaOf(config)),
  async open(config, tools) {
    const { writer, points, schema } = await writers(config, tools);
    await writer.prepare();
    const slots = await Slots.open(tools.keyValues);
    const texts = new SeriesTexts(schema, maxSeriesBranches);
    return {
      async write(events, signal) {
        const { made, rejected } = pointsOf(events, texts);
        const taken = await slots.assign(made);
        const placed: Point[] = [];
        for (const [n, point] of made.entries()) {
          const slot = taken[n];
          if (slot === undefined) rejected.push({ index: point.index, reason: noRoom });
          else {
            point.slot = slot;
            placed.push(point);
          }
        }
        const result = await points.write(placed, signal);
        return { ...result, rejected: [...rejected, ...(result.rejected ?? [])] };
      },
      async probe(signal) {
        await writer.prepare(signal);
        await points.probe(signal);
      },
      close: async () => writer.close(),
    };
  },
});

function schemaOf({ measurement, tags }: Pick<InfluxdbConfig, 'measurement' | 'tags'>): Schema {
  return { measurement: measurementText(measurement), tags: new Set(tags) };
}

async function writers(config: InfluxdbConfig, tools: SinkTools) {
  const { server, measurement } = config;
  const schema = schemaOf(config);
  const faults = faultContext(server);
  const writer =
    server.version === 1 ? writerV1(server, measurement, faults, tools) : await writerV2(server, tools.outgoing);
  return { writer, points: new PointWriter(writer, schema, faults, tools.clock, tools.log), schema };
}

function pointsOf(events: readonly Event[], texts: SeriesTexts) {
  const rejected: Rejection[] = [];
  const made: Point[] = [];
  for (const [index, event] of events.entries()) {
    const refused = refusalOf(event);
    if (refused === undefined) made.push(new Point(index, event, texts.of(event)));
    else rejected.push({ index, reason: refused });
  }
  return { made, rejected };
}
