import type { Outgoing } from '../../outgoing.js';
import type { Address } from '../../settings/addresses.js';
import type { FaultContext, HttpResponse } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';

/** The Measurement Protocol of one stream. */
export interface Stream {
  readonly measurementId: string;
  readonly apiSecret: string;
  /** Google's own or the EU's, or a proxy's: everything before `/mp/collect`. */
  readonly serverUrl: Address;
}

const timeoutMs = 15_000;

/** @throws NoAnswerError */
export function ask(
  stream: Stream,
  outgoing: Outgoing,
  which: 'collect' | 'debug',
  body: string,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  return request({
    url: addressOf(stream, which),
    outgoing,
    headers: { ...authorizationOf(stream.serverUrl), 'content-type': 'application/json' },
    body,
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** For messages: who answered, and what no message may show. */
export function faultContext(stream: Stream): Omit<FaultContext, 'now'> {
  const settings = { credentials: 'GOOGLE_API_SECRET', address: 'GOOGLE_SERVER_URL' };
  return { name: 'Google Analytics', secrets: [stream.apiSecret], settings };
}

/**
 * `collect` takes events; `debug` says what is wrong with them and keeps nothing. The
 * secret stands in it: never for a log.
 */
function addressOf(stream: Stream, which: 'collect' | 'debug'): URL {
  const base = stream.serverUrl.url.replace(/\/mp\/collect$/, '');
  const url = new URL(`${base}${which === 'debug' ? '/debug' : ''}/mp/collect`);
  url.searchParams.set('measurement_id', stream.measurementId);
  url.searchParams.set('api_secret', stream.apiSecret);
  return url;
}
