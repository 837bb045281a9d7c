import { type ClientRequest, Agent as PlainAgent, request as plainRequest, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Address } from '../../../settings/addresses.js';
import { probeUserAgent } from '../../../version.js';
import { failureOf } from '../../reasons.js';
import type { TakeSample } from '../../sample.js';
import { Authorities } from '../tls/authorities.js';
import { certificateFault } from '../tls/certificate.js';
import type { HttpCheck } from './check.js';
import { type Answer, Exchange } from './exchange.js';
import { requestThrough } from './proxied.js';
import { type Asked, redirected } from './redirect.js';

export interface RequestTools {
  readonly connect: RequestOptions;
  readonly now: () => number;
  /** How long an answer takes is judged. */
  readonly timed: boolean;
  /** What a request for this address goes through; undefined = straight. */
  proxyFor(url: URL): Address | undefined;
}

/**
 * A pooled connection would hide what a new visitor meets, and so would a TLS session that goes on: neither is kept.
 * `agent: false` makes an agent for each request.
 */
const agents = {
  'http:': new PlainAgent({ keepAlive: false }),
  'https:': new TlsAgent({ keepAlive: false, maxCachedSessions: 0 }),
} as const;

/** One request over a fresh connection, and as many redirects as the check follows, with the time of each step. */
export function requesting(check: HttpCheck, tools: RequestTools): TakeSample {
  const authorities = new Authorities(check.ca);
  return async signal => {
    const began = performance.now();
    let asked: Asked = check;
    try {
      for (let left = check.redirects; ; left -= 1) {
        const secure = asked.url.startsWith('https:') || check.ca !== undefined;
        const secureContext = secure ? await authorities.context(signal) : undefined;
        const answer = await askOnce(check, asked, { ...tools, signal, began, secureContext, followsMore: left > 0 });
        if (answer.location === undefined) return answer.sample;
        const next = redirected(asked, answer.status, answer.location);
        if (typeof next === 'string') return { ...answer.sample, reason: next };
        asked = next;
      }
    } catch (error) {
      return failureOf(error);
    }
  };
}

interface AskTools extends RequestTools {
  /** For `https:`, or for a proxy that is reached so. */
  readonly secureContext: SecureContext | undefined;
  readonly signal: AbortSignal;
  /** When the first request began, on the monotonic clock. */
  readonly began: number;
  readonly followsMore: boolean;
}

function askOnce(check: HttpCheck, asked: Asked, tools: AskTools): Promise<Answer> {
  const { connect, secureContext, signal, now } = tools;
  const url = new URL(asked.url);
  const proxy = tools.proxyFor(url);
  return new Promise<Answer>(resolve => {
    const options = {
      ...connect,
      method: asked.method,
      signal,
      headers: {
        'user-agent': probeUserAgent,
        accept: '*/*',
        'accept-encoding': 'identity',
        ...bodyHeaders(asked),
        ...lowerCased(asked.headers),
      },
      ...(secureContext === undefined ? {} : { secureContext }),
      ...(check.lenient ? { rejectUnauthorized: false, insecureHTTPParser: true } : {}),
    } as const;
    const exchange = new Exchange(check, { ...tools, url, proxy });
    let request: ClientRequest;
    try {
      if (proxy !== undefined) request = requestThrough(proxy, url, { ...options, agent: false }, exchange);
      else if (url.protocol === 'https:') request = tlsRequest(url, { ...options, agent: agents['https:'] });
      else request = plainRequest(url, { ...options, agent: agents['http:'] });
    } catch (error) {
      return resolve({ sample: failureOf(error) });
    }
    const end = (answer: Answer): void => {
      resolve(answer);
      request.destroy();
    };
    const send = (): void => void request.end(asked.body);
    request.on('socket', socket => {
      exchange.follow(socket);
      if (!check.lenient || url.protocol !== 'https:') return;
      // Nothing is said to a server before it has shown who it is.
      socket.once('secureConnect', () => {
        const host = url.hostname.replace(/^\[|\]$/g, '');
        const fault = certificateFault(socket as TLSSocket, host, true, now());
        if (fault === undefined) send();
        else end({ sample: exchange.failedBy(fault) });
      });
    });
    request.on('response', response => exchange.read(response, end));
    request.on('error', error => end({ sample: exchange.failed(error) }));
    if (!check.lenient || url.protocol !== 'https:') send();
  });
}

function bodyHeaders({ body }: Asked): Record<string, string> {
  if (body === undefined) return {};
  const type = /^\s*[[{]/.test(body) ? 'application/json' : 'text/plain; charset=utf-8';
  return { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
