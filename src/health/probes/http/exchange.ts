import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Address } from '../../../settings/addresses.js';
import { failureOf } from '../../reasons.js';
import type { Readings, Sample } from '../../sample.js';
import { daysLeft, expiryWarning } from '../tls/certificate.js';
import { ReceivedBody } from './body.js';
import type { HttpCheck } from './check.js';
import { bodyMismatch, bytesWanted, expectsBody, headerMismatch, statusMismatch } from './expectation.js';
import { ProxyError, type ProxyObserver, proxyFault, refusedByProxy } from './proxied.js';
import { isRedirect } from './redirect.js';

/** What a request was doing when its time was over. */
type Phase =
  | 'while looking the name up'
  | 'while connecting'
  | 'while connecting to the proxy'
  | 'while the proxy connects'
  | 'in the TLS handshake'
  | 'waiting for the first byte'
  | 'reading the body';

/** What came of one request: a sample, or a redirect that is to be followed. */
export type Answer =
  | { readonly sample: Sample; readonly location?: undefined }
  | { readonly sample: Sample; readonly status: number; readonly location: string };

export interface ExchangeTools {
  readonly url: URL;
  /** What it goes through; undefined = straight. */
  readonly proxy: Address | undefined;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** When the first request of a chain of redirects began, on the monotonic clock. */
  readonly began: number;
  /** How long the answer takes is judged. */
  readonly timed: boolean;
  /** A redirect is followed, and is not an answer. */
  readonly followsMore: boolean;
}

/** One request and its answer, as they go. */
export class Exchange implements ProxyObserver {
  #phase: Phase;
  #stepBegan = performance.now();
  readonly #sent = performance.now();
  readonly #readings: { -readonly [Name in keyof Readings]: Readings[Name] } = {};
  readonly #check: HttpCheck;
  readonly #tools: ExchangeTools;
  readonly #secure: boolean;
  #proxyReached = false;

  constructor(check: HttpCheck, tools: ExchangeTools) {
    this.#check = check;
    this.#tools = tools;
    const { url, proxy } = tools;
    this.#secure = url.protocol === 'https:';
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
    if (this.#tools.proxy === undefined) this.#followConnecting(socket);
    if (!this.#secure) return;
    socket.once('secureConnect', () => {
      this.#readings.time_tls = this.#step('waiting for the first byte');
      const days = daysLeft(socket as TLSSocket, this.#tools.now());
      if (days !== undefined) this.#readings.certificate_days_left = days;
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

  read(response: IncomingMessage, end: (answer: Answer) => void): void {
    this.#readings.time_first_byte = this.#since(this.#sent);
    this.#phase = 'reading the body';
    const { proxy, url, followsMore } = this.#tools;
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (proxy !== undefined && status === 407) return end({ sample: this.failed(refusedByProxy(proxy, url, status)) });
    if (followsMore && location !== undefined && isRedirect(status))
      return end({ sample: { reason: undefined, readings: { ...this.#readings, status } }, status, location });
    const wanted = bytesWanted(this.#check.expect, response.headers, this.#tools.timed);
    const body = new ReceivedBody();
    let isJudged = false;
    const judge = async (): Promise<void> => {
      if (isJudged) return;
      isJudged = true;
      const seconds = this.#since(this.#tools.began);
      const reason = (await this.#mismatch(status, body, response.headers)) ?? this.#late(seconds);
      const warning = this.#certificateWarning();
      const bytes = wanted > 0 ? { bytes: body.bytes } : {};
      end({ sample: { reason, warning, seconds, readings: { ...this.#readings, status, ...bytes } } });
    };
    if (wanted === 0) return void judge();
    response.on('data', (chunk: Buffer) => {
      body.add(chunk);
      if (body.bytes <= wanted) return;
      // The rest is not looked at, and may have no end.
      response.pause();
      void judge();
    });
    response.on('error', error => {
      if (!isJudged) end({ sample: this.failed(error) });
    });
    response.on('end', judge);
  }

  /** When the time is over: what it was doing. */
  failed(error: unknown): Sample {
    const { signal, proxy, url } = this.#tools;
    if (signal.aborted) return this.failedBy(this.#phase);
    const ofProxy = proxy !== undefined && !this.#proxyReached && !(error instanceof ProxyError);
    return { ...failureOf(ofProxy ? proxyFault(proxy, url, error) : error), readings: this.#readings };
  }

  failedBy(reason: string): Sample {
    return { reason, readings: this.#readings };
  }

  async #mismatch(status: number, body: ReceivedBody, headers: IncomingHttpHeaders): Promise<string | undefined> {
    const { expect, redirects } = this.#check;
    if (redirects > 0 && isRedirect(status) && headers.location !== undefined)
      return `is redirected more than ${redirects === 1 ? 'once' : `${redirects} times`}`;
    const reason = statusMismatch(expect, status);
    // A proxy that cannot reach the host, or may not, says so in the host's place.
    if (reason !== undefined && this.#tools.proxy !== undefined && !this.#secure)
      return `${reason}, by way of the proxy`;
    const mismatch = reason ?? headerMismatch(expect, headers);
    if (mismatch !== undefined || !expectsBody(expect)) return mismatch;
    return bodyMismatch(expect, await body.examine(headers['content-encoding'], headers['content-type']));
  }

  #late(seconds: number): string | undefined {
    const { response_time: wanted } = this.#check.expect;
    if (wanted === undefined || seconds <= wanted) return undefined;
    return `answered in ${Math.round(seconds * 1000) / 1000} s instead of at most ${wanted} s`;
  }

  #certificateWarning(): string | undefined {
    const { certificate_days: wanted } = this.#check.expect;
    if (this.#secure) return expiryWarning(this.#readings.certificate_days_left, wanted);
    return wanted === undefined ? undefined : 'answered without TLS: there is no certificate to look at';
  }

  #step(next: Phase): number {
    const seconds = this.#since(this.#stepBegan);
    this.#stepBegan = performance.now();
    this.#phase = next;
    return seconds;
  }

  #since(begin: number): number {
    return Math.round((performance.now() - begin) * 1000) / 1e6;
  }
}
