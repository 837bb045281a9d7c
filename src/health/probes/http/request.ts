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
import { probeUserAgent } from '../../../version.js';
import { reasonOf } from '../../reasons.js';
import type { Readings, Sample, TakeSample } from '../../sample.js';
import { ReceivedBody } from './body.js';
import type { HttpCheck } from './check.js';
import { bodyMismatch, expectsBody, statusMismatch } from './expectation.js';

const dayMs = 86_400_000;

/** What a request was doing when its time was over. */
type Phase =
  | 'while looking the name up'
  | 'while connecting'
  | 'in the TLS handshake'
  | 'waiting for the first byte'
  | 'reading the body';

/** One GET over a fresh connection, with the time of each step. Redirects are not followed: they are an answer. */
export function requesting(check: HttpCheck, connect: RequestOptions, now: () => number): TakeSample {
  const secure = check.url.startsWith('https:');
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
      let request: ClientRequest;
      try {
        request = secure ? tlsRequest(check.url, options) : plainRequest(check.url, options);
      } catch (error) {
        return resolve({ reason: reasonOf(error) });
      }
      const exchange = new Exchange(check, secure, now, signal);
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
class Exchange {
  #phase: Phase;
  #stepBegan: number;
  readonly #began = performance.now();
  readonly #readings: { -readonly [Name in keyof Readings]: Readings[Name] } = {};
  readonly #check: HttpCheck;
  readonly #secure: boolean;
  readonly #now: () => number;
  readonly #signal: AbortSignal;

  constructor(check: HttpCheck, secure: boolean, now: () => number, signal: AbortSignal) {
    this.#check = check;
    this.#secure = secure;
    this.#now = now;
    this.#signal = signal;
    this.#stepBegan = this.#began;
    const host = new URL(check.url).hostname.replace(/^\[|\]$/g, '');
    this.#phase = isIP(host) === 0 ? 'while looking the name up' : 'while connecting';
  }

  follow(socket: Socket): void {
    socket.once('lookup', error => {
      if (error) return;
      this.#readings.time_dns = this.#step('while connecting');
    });
    socket.once('connect', () => {
      this.#readings.time_connect = this.#step(this.#secure ? 'in the TLS handshake' : 'waiting for the first byte');
    });
    socket.once('secureConnect', () => {
      this.#readings.time_tls = this.#step('waiting for the first byte');
      const { valid_to: end } = (socket as TLSSocket).getPeerCertificate();
      if (end !== undefined) this.#readings.certificate_days_left = tenth((Date.parse(end) - this.#now()) / dayMs);
    });
  }

  read(response: IncomingMessage, end: (sample: Sample) => void): void {
    this.#readings.time_first_byte = this.#since(this.#began);
    this.#phase = 'reading the body';
    const status = response.statusCode ?? 0;
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
    return { reason: this.#signal.aborted ? this.#phase : reasonOf(error), readings: this.#readings };
  }

  async #mismatch(status: number, body: ReceivedBody, headers: IncomingHttpHeaders): Promise<string | undefined> {
    const { expect } = this.#check;
    const reason = statusMismatch(expect, status);
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
