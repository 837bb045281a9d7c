import { SetupError } from '../../errors.js';
import { DeviceReader } from '../../people/devices.js';
import type { Address } from '../../settings/addresses.js';
import type { HttpResponse } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';
import type { SinkSession, SinkTools } from '../sink.js';
import { interpret } from './answer.js';
import { compile } from './compile.js';
import type { EncodedEvent } from './encoded-event.js';
import { resolveEndpoint } from './endpoint.js';
import { Throttle } from './throttle.js';
import { pack, upload } from './upload.js';

export interface AmplitudeConfig {
  readonly apiKey: string;
  /** For deletions; undefined = there are none. */
  readonly secretKey?: string | undefined;
  readonly zone: 'US' | 'EU';
  /** Full address of an HTTP V2 or Batch API; undefined = the zone's own. */
  readonly serverUrl: Address | undefined;
}

const timeoutMs = 30_000;

export async function openSession(config: AmplitudeConfig, tools: SinkTools): Promise<SinkSession> {
  const { apiKey } = config;
  const { clock, outgoing } = tools;
  const endpoint = await resolveEndpoint(config.zone, config.serverUrl?.url);
  const authorization = config.serverUrl === undefined ? {} : authorizationOf(config.serverUrl);
  const devices = new DeviceReader();
  const throttle = new Throttle(clock);

  const post = (encoded: readonly EncodedEvent[], signal: AbortSignal): Promise<HttpResponse> =>
    request({
      url: endpoint.url,
      outgoing,
      headers: { ...authorization, 'content-type': 'application/json', accept: 'application/json' },
      body: payload(apiKey, endpoint.minIdLength, encoded),
      signal,
      timeoutMs,
    });
  const ask = async (encoded: readonly EncodedEvent[], signal: AbortSignal) =>
    interpret(await post(encoded, signal), {
      name: 'Amplitude',
      secrets: [apiKey],
      settings: { credentials: 'AMPLITUDE_API_KEY', address: 'AMPLITUDE_SERVER_URL' },
      now: clock.now(),
    });

  /**
   * A request without events: nothing can be stored. A 400 about the missing events says that Amplitude takes requests
   * from here; a wrong key, a firewall, an outage show as they would for a batch.
   */
  const check = async (signal: AbortSignal): Promise<void> => {
    const answer = await ask([], signal);
    if (answer.kind === 'refused' && answer.forbidden) {
      throw new SetupError(
        `${answer.reason}, even for a request without events: check AMPLITUDE_API_KEY, AMPLITUDE_SERVER_URL and the firewall`,
      );
    }
  };

  return {
    write: (events, signal) =>
      upload(
        pack(events.map(event => compile(event, { devices }))),
        { send: encoded => ask(encoded, signal), check: () => check(signal) },
        throttle,
      ),
    probe: check,
    close: async () => {},
  };
}

/** `{api_key, events, options}`: the body that the SDK sends, from events that are JSON already. */
function payload(apiKey: string, minIdLength: number, encoded: readonly EncodedEvent[]): string {
  const events = encoded.map(event => event.json).join(',');
  return `{"api_key":${JSON.stringify(apiKey)},"options":{"min_id_length":${minIdLength}},"events":[${events}]}`;
}
