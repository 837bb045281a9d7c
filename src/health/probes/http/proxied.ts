import { type ClientRequest, request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { type SecureContext, connect as tlsConnect } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import { proxyAuthorization, proxyHost, proxySettingFor } from '../../../outgoing.js';
import type { Address } from '../../../settings/addresses.js';
import { type NotTheTarget, reasonOf } from '../../reasons.js';

/** What a probe that goes through a proxy takes note of. */
export interface ProxyObserver {
  /** The connection to the proxy itself, before it is open. */
  proxySocket(socket: Socket): void;
  /** The proxy passes on what follows. */
  tunnelOpen(): void;
}

/** The proxy is what fails; the message says which, and why. */
export class ProxyError extends Error implements Partial<NotTheTarget> {
  override name = 'ProxyError';
  readonly notTheTarget?: true;

  /** @param maybeTarget the proxy may only be saying that it cannot reach the host */
  constructor(message: string, maybeTarget = false) {
    super(message);
    if (!maybeTarget) this.notTheTarget = true;
  }
}

/** Sends a request by a proxy: an `http://` address whole, an `https://` one through a tunnel that CONNECT asks for. */
export function requestThrough(
  proxy: Address,
  target: URL,
  options: RequestOptions & { readonly secureContext?: SecureContext; readonly rejectUnauthorized?: boolean },
  observer: ProxyObserver,
): ClientRequest {
  if (target.protocol === 'https:') {
    const { agent: _none, ...rest } = options;
    return tlsRequest(target, {
      ...rest,
      createConnection: (_options, created) => {
        openTunnel(proxy, target, options, observer, (error, socket) => {
          const host = bareHost(target);
          const { secureContext, rejectUnauthorized = true } = options;
          const trust = secureContext === undefined ? {} : { secureContext };
          // Node never reads the socket beside an error.
          if (socket === undefined) created(error, undefined as never);
          else created(null, tlsConnect({ socket, host, servername: serverName(host), rejectUnauthorized, ...trust }));
        });
        return undefined;
      },
    });
  }
  const { host, href, username, password } = target;
  const { headers, ...own } = toProxy(proxy, options);
  const whole = new URL(href);
  whole.username = '';
  whole.password = '';
  const { auth } = username === '' && password === '' ? { auth: null } : urlToHttpOptions(target);
  const request = sender(proxy)({
    ...own,
    path: whole.href,
    headers: { ...options.headers, ...headers, host },
    auth: auth ?? null,
  });
  request.on('socket', socket => observer.proxySocket(socket));
  return request;
}

/** What a 407 comes to: the proxy's own answer, whatever was asked of the host beyond it. */
export function refusedByProxy(proxy: Address, target: URL, status: number): ProxyError {
  const why = status === 407 ? 'wants a user and a password that it knows' : `refuses to reach ${target.host}`;
  return new ProxyError(`${inWords(proxy, target)} ${why} (status ${status})`, status >= 502 && status <= 504);
}

/** A connection to the proxy failed. */
export function proxyFault(proxy: Address, target: URL, error: unknown): ProxyError {
  return new ProxyError(`${inWords(proxy, target)}: ${reasonOf(error)}`);
}

function openTunnel(
  proxy: Address,
  target: URL,
  options: RequestOptions,
  observer: ProxyObserver,
  done: (error: Error | null, socket?: Socket) => void,
): void {
  const authority = `${target.hostname}:${target.port || 443}`;
  const { headers, ...own } = toProxy(proxy, options);
  const request = sender(proxy)({
    ...own,
    method: 'CONNECT',
    path: authority,
    headers: { ...headers, host: authority },
  });
  request.on('socket', socket => observer.proxySocket(socket));
  request.on('connect', ({ statusCode = 0 }, socket: Socket) => {
    if (statusCode >= 200 && statusCode < 300) {
      observer.tunnelOpen();
      return done(null, socket);
    }
    socket.destroy();
    return done(refusedByProxy(proxy, target, statusCode));
  });
  request.on('error', error => done(proxyFault(proxy, target, error)));
  request.end();
}

/** How the proxy itself is connected to, and what only it is to read. */
function toProxy(proxy: Address, options: RequestOptions) {
  const url = new URL(proxy.url);
  const host = bareHost(url);
  const authorization = proxyAuthorization(proxy);
  const headers = authorization === undefined ? {} : { 'proxy-authorization': authorization };
  const own = { hostname: host, servername: serverName(host), headers, rejectUnauthorized: true };
  return { ...options, ...urlToHttpOptions(url), ...own };
}

function sender(proxy: Address): typeof plainRequest {
  return proxy.url.startsWith('https:') ? tlsRequest : plainRequest;
}

/** TLS knows names, not addresses. */
function serverName(host: string): string {
  return isIP(host) === 0 ? host : '';
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function inWords(proxy: Address, target: URL): string {
  return `the proxy ${proxyHost(proxy)} (${proxySettingFor(target)})`;
}
