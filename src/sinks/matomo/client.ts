import type { Address } from '../../settings/addresses.js';
import type { FaultContext, HttpResponse } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';
import type { SinkTools } from '../sink.js';

export interface MatomoConfig {
  /** Where Matomo is, without a slash at its end. */
  readonly url: Address;
  readonly siteId: number;
  readonly token: string;
  readonly siteUrl: string;
  readonly idDimension: number | undefined;
  readonly onAmbiguous: 'resend' | 'skip';
}

/** PHP works through a batch one by one. */
const timeoutMs = 60_000;
/** The tracker answers with counts, the API with lists. */
const maxAnswerBytes = { '/matomo.php': 65_536, '/index.php': 16 << 20 } as const;

/** A Matomo, by its two addresses. The token is in the body alone: addresses end up in logs. */
export class MatomoClient {
  readonly #config: MatomoConfig;
  readonly #tools: Pick<SinkTools, 'clock' | 'outgoing'>;

  constructor(config: MatomoConfig, tools: Pick<SinkTools, 'clock' | 'outgoing'>) {
    this.#config = config;
    this.#tools = tools;
  }

  get faultContext(): FaultContext {
    const { token, url } = this.#config;
    return {
      name: 'Matomo',
      secrets: [token, ...(url.password === undefined ? [] : [url.password])],
      settings: { credentials: 'MATOMO_TOKEN', address: 'MATOMO_URL' },
      now: this.#tools.clock.now(),
    };
  }

  /** Tracking requests, each with its `?`. */
  track(requests: readonly string[], signal: AbortSignal): Promise<HttpResponse> {
    const body = JSON.stringify({ requests, token_auth: this.#config.token });
    return this.#post('/matomo.php', 'application/json', body, signal);
  }

  /** A method of the reporting API (https://developer.matomo.org/api-reference/reporting-api), answered in JSON. */
  ask(method: string, parameters: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpResponse> {
    const asked = { module: 'API', method, ...parameters, format: 'JSON', token_auth: this.#config.token };
    const form = new URLSearchParams(asked).toString();
    return this.#post('/index.php', 'application/x-www-form-urlencoded', form, signal);
  }

  #post(path: keyof typeof maxAnswerBytes, type: string, body: string, signal: AbortSignal): Promise<HttpResponse> {
    const { url } = this.#config;
    return request({
      url: `${url.url}${path}`,
      outgoing: this.#tools.outgoing,
      headers: { ...authorizationOf(url), 'content-type': type, 'user-agent': 'event-sink' },
      body,
      signal,
      timeoutMs,
      maxResponseBytes: maxAnswerBytes[path],
    });
  }
}
