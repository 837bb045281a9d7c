import type { Random } from '../helpers/random.js';
import { AmplitudeServer } from '../helpers/servers/amplitude.js';
import { Ga4Server } from '../helpers/servers/ga4.js';
import { InfluxdbStandIn } from '../helpers/servers/influxdb-stand-in.js';
import { MongoStandIn } from '../helpers/servers/mongodb/stand-in.js';
import { FaultProxy } from '../helpers/servers/proxy.js';
import type { StandIn } from '../helpers/servers/stand-in.js';
import { type AnswerFault, httpFault, mongoFault } from './answers.js';
import type { SentEvent } from './events.js';
import { same } from './same.js';

/** One event as a destination has it. */
export interface Arrival {
  readonly id: string;
  /** What differs from what was sent, in words; undefined when nothing does. */
  differs(sent: SentEvent): string | undefined;
}

/** A destination on the far side of a network that fails, which gives wrong answers on request. */
export interface Destination {
  readonly sink: string;
  readonly proxy: FaultProxy;
  /** Of the daemon, to get there. */
  readonly settings: Readonly<Record<string, string>>;
  arrivals(): readonly Arrival[];
  /** Until it is called again; undefined = it answers well. */
  answers(fault: AnswerFault | undefined, random: Random): void;
  stop(): Promise<void>;
}

export async function startDestinations(): Promise<Destination[]> {
  return Promise.all([influxdb(), mongodb(), amplitude(), ga4()]);
}

async function influxdb(): Promise<Destination> {
  const server = new InfluxdbStandIn();
  return behindProxy('influxdb', server, origin => ({
    settings: {
      INFLUXDB_URL: origin,
      INFLUXDB_TOKEN: server.token,
      INFLUXDB_ORG: 'clowder',
      INFLUXDB_BUCKET: server.database ?? '',
    },
    arrivals: () =>
      [...server.points.values()].map(({ fields, tags, ns }) => ({
        id: String(fields.event_id?.value),
        differs: ({ created, payload }) =>
          same('time', Number(ns / 1_000_000n), created) ??
          same('category', tags.category, payload.category) ??
          same('number', Number(fields.number?.value), payload.number),
      })),
  }));
}

async function amplitude(): Promise<Destination> {
  const server = new AmplitudeServer();
  return behindProxy('amplitude', server, origin => ({
    settings: { AMPLITUDE_API_KEY: 'key-of-the-project', AMPLITUDE_SERVER_URL: `${origin}/2/httpapi` },
    arrivals: () =>
      server.accepted.map(({ insert_id, time, user_id, event_properties }) => ({
        id: String(insert_id),
        differs: ({ created, payload }) =>
          same('time', time, created) ??
          same('user_id', user_id, payload.user_id) ??
          same('number', (event_properties as Record<string, unknown>).number, payload.number),
      })),
  }));
}

/** A clock that was set back dates an event of right now a little too early. */
const mostBackMs = 600_000;

async function ga4(): Promise<Destination> {
  const server = new Ga4Server();
  return behindProxy('ga4', server, origin => ({
    settings: {
      GOOGLE_MEASUREMENT_ID: 'G-CHAOS',
      GOOGLE_API_SECRET: 'secret-of-the-stream',
      GOOGLE_SERVER_URL: origin,
    },
    arrivals: () =>
      server.hits.map(({ params, timestampMicros, userId }) => ({
        id: String(params.event_id),
        differs: ({ created, payload }) => {
          const early = created - timestampMicros / 1000;
          return (
            (early >= 0 && early < mostBackMs ? undefined : `time is ${timestampMicros}, not that of ${created}`) ??
            same('user_id', userId, payload.user_id)
          );
        },
      })),
  }));
}

async function mongodb(): Promise<Destination> {
  const server = new MongoStandIn();
  await server.listen();
  const proxy = await FaultProxy.start(server.port);
  return {
    sink: 'mongodb',
    proxy,
    settings: { MONGODB_URI: `mongodb://127.0.0.1:${proxy.port}/?directConnection=true` },
    arrivals: () =>
      server
        .collection('eventsink', 'events')
        .find({})
        .map(({ _id, created_at, ...document }) => ({
          id: String(_id),
          differs: ({ payload, created }) =>
            same('created_at', (created_at as Date).getTime(), created) ?? same('document', document, payload),
        })),
    answers: (fault, random) => {
      server.always = command => (fault === undefined ? undefined : mongoFault(fault, command, random));
    },
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
}

async function behindProxy(
  sink: string,
  server: StandIn,
  rest: (origin: string) => Pick<Destination, 'settings' | 'arrivals'>,
): Promise<Destination> {
  await server.start();
  const proxy = await FaultProxy.start(Number(new URL(server.origin).port));
  return {
    sink,
    proxy,
    ...rest(`http://127.0.0.1:${proxy.port}`),
    answers: (fault, random) => {
      server.always = fault === undefined ? undefined : () => httpFault(fault, random);
    },
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
}
