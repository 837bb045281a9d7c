import { readFile } from 'node:fs/promises';
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as plainRequest,
  type RequestOptions,
} from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Address } from '../../../settings/addresses.js';
import { probeUserAgent } from '../../../version.js';
import { reasonOf } from '../../reasons.js';
import type { Readings, Sample, TakeSample } from '../../sample.js';
import { ReceivedBody } from './body.js';
import type { HttpCheck } from './check.js';
import { bodyMismatch, expectsBody, statusMismatch } from './expectation.js';
import { ProxyError, type ProxyObserver, proxyFault, refusedByProxy, requestThrough } from './proxied.js';

const dayMs = 86_400_000;

/** What a request was doing when its time was over. */
type Phase =
  | 'while looking the name up'
  | 'while connecting'
  | 'while connecting to the proxy'
  | 'while the proxy connects'
  | 'in the TLS handshake'
  | 'waiting for the first byte'
  | 'reading the body';

/**
 * One GET over a fresh connection, with the time of each step. Redirects are not followed: they are an answer.
 * @param proxy what it goes through; undefined = straight
 */
export function requesting(
  check: HttpCheck,
  connect: RequestOptions,
  now: () => number,
  proxy?: Address | undefined,
): TakeSample {
  const url = new URL(check.url);
  const secure = url.protocol === 'https:';
  return async signal => {
    let ca: Buffer | undefined;
    try {
      ca = check.ca === undefined ? undefined : await readFile(check.ca, { signal });
    } catch (error) {
      return { reason: `ca cannot be read: ${reasonOf(error)}` };
    }
    return new Promise<Sample>(resolve => {
      const options = {
        ...connect,
        // A pooled connection would hide what a new visitor meets.
        agent: false,
        signal,
        headers: {
          'user-agent': probeUserAgent,
          accept: '*/*',
          'accept-encoding': 'identity',
          ...lowerCased(check.headers),
        },
        ...(ca === undefined ? {} : { ca }),
      } as const;
      const exchange = new Exchange(check, url, now, signal, proxy);
      let request: ClientRequest;
      try {
        if (proxy !== undefined) request = requestThrough(proxy, url, options, exchange);
        else request = secure ? tlsRequest(url, options) : plainRequest(url, options);
      } catch (error) {
        return resolve({ reason: reasonOf(error) });
      }
      const end = (sample: Sample): void => {
        resolve(sample);
        request.destroy();
      };
      request.on('socket', socket => exchange.follow(socket));
      request.on('response', response => exchange.read(response, end));
      request.on('error', error => end(exchange.failed(error)));
      request.end();
    });
  };
}

/** One request and its answer, as they go. */
class Exchange implements ProxyObserver {
  #phase: Phase;
  #stepBegan: number;
  readonly #began = performance.now();
  readonly #readings: { -readonly [Name in keyof Readings]: Readings[Name] } = {};
  readonly #check: HttpCheck;
  readonly #url: URL;
  readonly #secure: boolean;
  readonly #now: () => number;
  readonly #signal: AbortSignal;
  readonly #proxy: Address | undefined;
  #proxyReached = false;

  constructor(check: HttpCheck, url: URL, now: () => number, signal: AbortSignal, proxy: Address | undefined) {
    this.#check = check;
    this.#url = url;
    this.#secure = url.protocol === 'https:';
    this.#now = now;
    this.#signal = signal;
    this.#proxy = proxy;
    this.#stepBegan = this.#began;
    const named = isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0;
    if (proxy !== undefined) this.#phase = 'while connecting to the proxy';
    else this.#phase = named ? 'while looking the name up' : 'while connecting';
  }

  proxySocket(socket: Socket): void {
    socket.once('lookup', error => {
      if (!error) this.#readings.time_dns = this.#step('while connecting to the proxy');
    });
    socket.once('connect', () => {
      this.#proxyReached = true;
      if (this.#secure) this.#phase = 'while the proxy connects';
      else this.#readings.time_connect = this.#step('waiting for the first byte');
    });
  }

  tunnelOpen(): void {
    this.#readings.time_connect = this.#step('in the TLS handshake');
  }

  follow(socket: Socket): void {
    if (this.#proxy === undefined) this.#followConnecting(socket);
    if (!this.#secure) return;
    socket.once('secureConnect', () => {
      this.#readings.time_tls = this.#step('waiting for the first byte');
      const { valid_to: end } = (socket as TLSSocket).getPeerCertificate();
      if (end !== undefined) this.#readings.certificate_days_left = tenth((Date.parse(end) - this.#now()) / dayMs);
    });
  }

  #followConnecting(socket: Socket): void {
    socket.once('lookup', error => {
      if (error) return;
      this.#readings.time_dns = this.#step('while connecting');
    });
    socket.once('connect', () => {
      this.#readings.time_connect = this.#step(this.#secure ? 'in the TLS handshake' : 'waiting for the first byte');
    });
  }

  read(response: IncomingMessage, end: (sample: Sample) => void): void {
    this.#readings.time_first_byte = this.#since(this.#began);
    this.#phase = 'reading the body';
    const status = response.statusCode ?? 0;
    if (this.#proxy !== undefined && status === 407)
      return end(this.failed(refusedByProxy(this.#proxy, this.#url, status)));
    const body = new ReceivedBody();
    response.on('data', (chunk: Buffer) => body.add(chunk));
    response.on('error', error => end(this.failed(error)));
    response.on('end', async () => {
      const seconds = this.#since(this.#began);
      const reason = await this.#mismatch(status, body, response.headers);
      end({ reason, seconds, readings: { ...this.#readings, status, bytes: body.bytes } });
    });
  }

  /** When the time is over: what it was doing. */
  failed(error: unknown): Sample {
    if (this.#signal.aborted) return { reason: this.#phase, readings: this.#readings };
    const cause =
      this.#proxy === undefined || this.#proxyReached || error instanceof ProxyError
        ? error
        : proxyFault(this.#proxy, this.#url, error);
    return { reason: reasonOf(cause), readings: this.#readings };
  }

  async #mismatch(status: number, body: ReceivedBody, headers: IncomingHttpHeaders): Promise<string | undefined> {
    const { expect } = this.#check;
    const reason = statusMismatch(expect, status);
    // A proxy that cannot reach the host, or may not, says so in the host's place.
    if (reason !== undefined && this.#proxy !== undefined && !this.#secure) return `${reason}, by way of the proxy`;
    if (reason !== undefined || !expectsBody(expect)) return reason;
    return bodyMismatch(expect, await body.examine(headers['content-encoding'], headers['content-type']));
  }

  #step(next: Phase): number {
    const seconds = this.#since(this.#stepBegan);
    this.#stepBegan = performance.now();
    this.#phase = next;
    return seconds;
  }

  #since(begin: number): number {
    return micro((performance.now() - begin) / 1000);
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function micro(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}

function tenth(days: number): number {
  return Math.round(days * 10) / 10;
}
