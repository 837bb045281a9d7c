import { MongoClient } from 'mongodb';
import type { StoredEvent } from '../../../openapi/api-types.js';
import type { Hit } from '../../helpers/servers/ga4.js';
import { until } from '../../helpers/wait.js';
import type { Site } from './site.js';

/** What one event is in each place. */
export interface Everywhere {
  readonly local: StoredEvent;
  readonly mongodb: Readonly<Record<string, unknown>>;
  readonly influxdb: Readonly<Record<string, unknown>>;
  readonly amplitude: Readonly<Record<string, unknown>>;
  /** The request, with the one hit under `event`. */
  readonly ga4: Readonly<Record<string, unknown>> & { readonly event: Pick<Hit, 'name' | 'params'> };
}

export class Sinks {
  readonly #site: Site;
  readonly #mongo: MongoClient;

  constructor(site: Site) {
    this.#site = site;
    this.#mongo = new MongoClient(site.destinations.mongodb.uri);
  }

  /** Waits for the event that fits, and until every sink has it. */
  async find(category: string, fits: (event: StoredEvent) => boolean): Promise<Everywhere> {
    const { daemon, destinations } = this.#site;
    const { influxdb, amplitude, ga4, database } = destinations;
    const seen = <Found>(look: () => Promise<Found | undefined> | Found | undefined, where: string): Promise<Found> =>
      until<Found>(look, `${category} in ${where}`, 60_000, 50);
    const local = await seen(async () => (await daemon.stored(category)).find(fits), 'the local store');
    const { id } = local;
    const documents = this.#mongo.db(database).collection<{ _id: string }>('events');
    const hit = await seen(() => ga4.hits.find(({ params }) => params.event_id === id), 'Google Analytics');
    const { events: _all, ...request } = hit.request;
    return {
      local,
      mongodb: await seen(async () => (await documents.findOne({ _id: id })) ?? undefined, 'MongoDB'),
      influxdb: await seen(async () => {
        const rows = await influxdb.query(`SELECT * FROM events WHERE event_id = '${id}'`, 'eventsink');
        return rows.length === 1 ? rows[0] : undefined;
      }, 'InfluxDB'),
      amplitude: await seen(() => amplitude.accepted.find(event => event.insert_id === id), 'Amplitude'),
      ga4: { ...request, event: { name: hit.name, params: hit.params } },
    };
  }

  close(): Promise<void> {
    return this.#mongo.close();
  }
}
