import type { Event } from '../events/event.js';
import { measurementText } from './influxdb/line-protocol.js';
import { eraseFrom, pointsAbout } from './influxdb/people.js';
import { type Schema, seriesOrRefusal } from './influxdb/point.js';
import { type Item, PointWriter } from './influxdb/point-writer.js';
import { renderer } from './influxdb/render.js';
import { configure, faultContext, type InfluxdbConfig, influxdbSettings } from './influxdb/settings.js';
import { SharedTexts } from './influxdb/shared-texts.js';
import { type Place, Slots, slotsPerMs } from './influxdb/slots.js';
import { writerV1 } from './influxdb/writer-v1.js';
import { writerV2 } from './influxdb/writer-v2.js';
import { defineSink, type Rejection, type SinkTools } from './sink.js';

/** Texts of series that are shared in memory; InfluxDB itself wants few series. */
const maxSeriesTexts = 10_000;

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
    const texts = new SharedTexts(maxSeriesTexts);
    return {
      async write(events, signal) {
        const { places, rejected } = placesOf(events, schema, texts);
        const taken = await slots.assign(places);
        const items: Item[] = [];
        places.forEach(({ index, series }, n) => {
          const slot = taken[n];
          if (slot === undefined)
            rejected.push({ index, reason: `more than ${slotsPerMs} events share its millisecond and its tags` });
          else items.push({ index, event: events[index]!, series, slot });
        });
        const result = await points.write(items, signal);
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

function placesOf(events: readonly Event[], schema: Schema, texts: SharedTexts) {
  const rejected: Rejection[] = [];
  const places: (Place & { readonly index: number })[] = [];
  events.forEach((event, index) => {
    const { id, created } = event;
    const made = seriesOrRefusal(event, schema);
    if ('refused' in made) rejected.push({ index, reason: made.refused });
    else places.push({ id, created, series: texts.of(made.series), index });
  });
  return { places, rejected };
}
