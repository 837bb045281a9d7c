import { choice, text, url } from '../config/schemas.js';
import { SetupError } from '../errors.js';
import { setting } from '../settings.js';
import { interpret } from './amplitude/answer.js';
import { compile } from './amplitude/compile.js';
import { deliver, type Parcel, pack } from './amplitude/delivery.js';
import { resolveEndpoint } from './amplitude/endpoint.js';
import { Throttle } from './amplitude/throttle.js';
import { DeviceReader } from './devices.js';
import { type HttpResponse, request } from './http-client.js';
import { defineSink, type SinkSession, type SinkTools } from './sink.js';

export interface AmplitudeConfig {
  readonly apiKey: string;
  readonly zone: 'US' | 'EU';
  /** Full address of an HTTP V2 or Batch API; undefined = the zone's own. */
  readonly serverUrl: string | undefined;
}

const timeoutMs = 30_000;

/** Amplitude's HTTP V2 API: usage by user and device. Idempotent by `insert_id` for 7 days. */
export const amplitudeSink = defineSink({
  name: 'amplitude',
  title: 'Amplitude',
  prefix: 'AMPLITUDE',
  settings: {
    apiKey: setting('AMPLITUDE_API_KEY', text().optional(), 'API key of the project. Set = sink on.', { secret: true }),
    serverUrl: setting(
      'AMPLITUDE_SERVER_URL',
      url('https', 'http').optional(),
      'Full address to send to (HTTP V2 or Batch API); by default that of the zone.',
      { example: 'https://api2.amplitude.com/2/httpapi' },
    ),
    zone: setting(
      'AMPLITUDE_SERVER_ZONE',
      choice('US', 'EU').default('US'),
      'Where the project keeps its data: US or EU.',
    ),
  },
  configure({ apiKey, serverUrl, zone }, problems): AmplitudeConfig | undefined {
    if (apiKey !== undefined) return { apiKey, serverUrl, zone };
    if (serverUrl !== undefined)
      problems.add('AMPLITUDE_API_KEY', 'is missing: AMPLITUDE_SERVER_URL alone sends nothing');
    return undefined;
  },
  batch: { count: 500, bytes: 900_000, lingerMs: 1_000 },
  open,
});

async function open(config: AmplitudeConfig, tools: SinkTools): Promise<SinkSession> {
  const { apiKey } = config;
  const { clock, sendNames } = tools;
  const endpoint = await resolveEndpoint(config.zone, config.serverUrl);
  const devices = new DeviceReader();
  const throttle = new Throttle(clock);

  const post = (parcels: readonly Parcel[], signal: AbortSignal): Promise<HttpResponse> =>
    request({
      url: endpoint.url,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: payload(apiKey, endpoint.minIdLength, parcels),
      signal,
      timeoutMs,
    });
  const ask = async (parcels: readonly Parcel[], signal: AbortSignal) =>
    interpret(await post(parcels, signal), { apiKey, now: clock.now() });

  /**
   * A request without events: nothing can be stored, and whatever the answer says of the missing events (a 400), the door is open;
   * a wrong key, a firewall, an outage show as they would for a batch.
   */
  const knock = async (signal: AbortSignal): Promise<void> => {
    const answer = await ask([], signal);
    if (answer.kind === 'refused' && answer.forbidden) {
      throw new SetupError(
        `${answer.reason}, even for a request without events: check the key, the address and the firewall`,
      );
    }
  };

  return {
    write: (events, signal) =>
      deliver(
        pack(events.map(event => compile(event, { devices, sendNames }))),
        { send: parcels => ask(parcels, signal), knock: () => knock(signal) },
        throttle,
      ),
    probe: knock,
    close: async () => {},
  };
}

/** `{api_key, events, options}`: the body that the SDK sends, from events that are JSON already. */
function payload(apiKey: string, minIdLength: number, parcels: readonly Parcel[]): string {
  const events = parcels.map(parcel => parcel.json).join(',');
  return `{"api_key":${JSON.stringify(apiKey)},"options":{"min_id_length":${minIdLength}},"events":[${events}]}`;
}
