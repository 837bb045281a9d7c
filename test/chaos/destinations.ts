import type { Random } from '../helpers/random.js';
import { AmplitudeServer } from '../helpers/servers/amplitude.js';
import { Ga4Server } from '../helpers/servers/ga4.js';
import { InfluxdbStandIn } from '../helpers/servers/influxdb-stand-in.js';
import { MongoStandIn } from '../helpers/servers/mongodb/stand-in.js';
import { FaultProxy } from '../helpers/servers/proxy.js';
import type { StandIn } from '../helpers/servers/stand-in.js';
import { type AnswerFault, httpFault, mongoFault } from './answers.js';
import { markIn, type SentEvent } from './events.js';
import { same, sameEvent } from './same.js';

/** One event as a destination has it. */
export interface Arrival {
  readonly id: string;
  /** Undefined = it has none. */
  readonly mark: string | undefined;
  /** The daemon made it, of several log lines or about itself. */
  readonly ownOfDaemon: boolean;
  /** All that is there of it. */
  readonly text: string;
  /** What differs from what was sent, in words; undefined when nothing does. */
  differs(sent: SentEvent): string | undefined;
}

/** `content`: all that is there of it. */
export function arrivalOf(id: string, content: unknown, differs: Arrival['differs']): Arrival {
  const text = JSON.stringify(content);
  const mark = markIn(text);
  return { id, mark, ownOfDaemon: isOwn(text), text, differs };
}

/**
 * Made of several lines of the log, of what was counted, or about the daemon itself (a sink that held for a minute): it
 * has no mark. While the clock is days away, it may be a dead letter, too.
 */
export function isOwn(text: string): boolean {
  return markIn(text) === undefined && /"(?:connections|usage|problem)"/.test(text);
}

/** A destination on the far side of a network that fails, which gives wrong answers on request. */
export interface Destination {
  readonly sink: string;
  readonly proxy: FaultProxy;
  /** Settings of the daemon, to get there. */
  readonly settings: Readonly<Record<string, string>>;
  arrivals(): readonly Arrival[];
  /** Until it is called again; undefined = it answers well. */
  answers(fault: AnswerFault | undefined, random: Random): void;
  stop(): Promise<void>;
}

export async function startDestinations(): Promise<Destination[]> {
  return Promise.all([influxdb(), mongodb(), amplitude(), ga4()]);
}

/** The time, where the sender gave one. */
function differing(
  created: number | undefined,
  payload: SentEvent['payload'],
  found: () => unknown,
): string | undefined {
  return created === undefined || payload === undefined ? undefined : same('time', found(), created);
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
      [...server.points.values()].map(({ fields, tags, ns }) =>
        arrivalOf(
          String(fields.event_id?.value),
          [Object.values(fields).map(({ value }) => String(value)), tags],
          ({ created, payload }) =>
            differing(created, payload, () => Number(ns / 1_000_000n)) ??
            same('category', tags.category, payload?.category ?? tags.category) ??
            same('number', Number(fields.number?.value ?? 0), payload?.number ?? 0),
        ),
      ),
  }));
}

async function amplitude(): Promise<Destination> {
  const server = new AmplitudeServer();
  return behindProxy('amplitude', server, origin => ({
    settings: {
      AMPLITUDE_API_KEY: 'key-of-the-project',
      AMPLITUDE_SERVER_URL: `${origin}/2/httpapi`,
      // So that users can be compared.
      AMPLITUDE_PERSONAL: 'full',
    },
    arrivals: () =>
      server.accepted.map(event =>
        arrivalOf(
          String(event.insert_id),
          event,
          ({ created, payload }) =>
            differing(created, payload, () => event.time) ??
            same('user_id', event.user_id, payload?.user_id ?? event.user_id) ??
            same('number', (event.event_properties as Record<string, unknown>).number, payload?.number),
        ),
      ),
  }));
}

/** A clock that was set back dates an event of right now a little too early. */
const maxBackMs = 600_000;

async function ga4(): Promise<Destination> {
  const server = new Ga4Server();
  return behindProxy('ga4', server, origin => ({
    settings: {
      GOOGLE_MEASUREMENT_ID: 'G-CHAOS',
      GOOGLE_API_SECRET: 'secret-of-the-stream',
      GOOGLE_SERVER_URL: origin,
      // So that users can be compared.
      GOOGLE_PERSONAL: 'full',
      // For what nobody did.
      GOOGLE_CLIENT_ID: '1234567890.1700000000',
    },
    arrivals: () =>
      server.hits.map(({ name, params, timestampMicros, userId }) =>
        arrivalOf(String(params.event_id), { name, params }, ({ created, payload }) => {
          const early = (created ?? timestampMicros / 1000) - timestampMicros / 1000;
          return (
            (early >= 0 && early < maxBackMs ? undefined : `time is ${timestampMicros}, not that of ${created}`) ??
            same('user_id', userId, payload?.user_id ?? userId)
          );
        }),
      ),
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
        .map(({ _id, created_at, ...document }) =>
          arrivalOf(
            String(_id),
            document,
            ({ created, payload }) =>
              differing(created, payload, () => (created_at as Date).getTime()) ??
              (payload === undefined ? undefined : sameEvent('document', document, payload)),
          ),
        ),
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
