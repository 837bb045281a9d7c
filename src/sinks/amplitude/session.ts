import { SetupError } from '../../errors.js';
import type { Address } from '../../settings/addresses.js';
import { DeviceReader } from '../devices.js';
import type { HttpResponse } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';
import type { SinkSession, SinkTools } from '../sink.js';
import { interpret } from './answer.js';
import { compile } from './compile.js';
import { deliver, pack } from './delivery.js';
import type { Parcel } from './encoded-event.js';
import { resolveEndpoint } from './endpoint.js';
import { Throttle } from './throttle.js';

export interface AmplitudeConfig {
  readonly apiKey: string;
  readonly zone: 'US' | 'EU';
  /** Full address of an HTTP V2 or Batch API; undefined = the zone's own. */
  readonly serverUrl: Address | undefined;
}

const timeoutMs = 30_000;

export async function openSession(config: AmplitudeConfig, tools: SinkTools): Promise<SinkSession> {
  const { apiKey } = config;
  const { clock, sendNames } = tools;
  const endpoint = await resolveEndpoint(config.zone, config.serverUrl?.url);
  const authorization = config.serverUrl === undefined ? {} : authorizationOf(config.serverUrl);
  const devices = new DeviceReader();
  const throttle = new Throttle(clock);

  const post = (parcels: readonly Parcel[], signal: AbortSignal): Promise<HttpResponse> =>
    request({
      url: endpoint.url,
      headers: { ...authorization, 'content-type': 'application/json', accept: 'application/json' },
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
