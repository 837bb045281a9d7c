import { isIP, type Socket, type TcpNetConnectOpts, connect as tcpConnect } from 'node:net';
import { type SecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { failureOf } from '../../reasons.js';
import type { Readings, Sample, TakeSample } from '../../sample.js';
import { Authorities } from './authorities.js';
import { certificateFault, daysLeft, expiryWarning } from './certificate.js';
import { askForTls } from './conversation.js';
import type { StartTls } from './starttls.js';

export interface HandshakeCheck {
  readonly connect: TcpNetConnectOpts;
  /** How TLS is asked for; undefined = the connection begins with it. */
  readonly startTls: StartTls | undefined;
  /** The name, or the IP address, that the certificate has to be for. */
  readonly name: string;
  /** A PEM file of certificates to trust instead of the system's. */
  readonly ca: string | undefined;
  readonly lenient: boolean;
  readonly wantedDays: number | undefined;
  readonly now: () => number;
}

/** One connection, one handshake, one look at the certificate. */
export function handshaking(check: HandshakeCheck): TakeSample {
  const authorities = new Authorities(check.ca);
  return async signal => {
    try {
      const context = await authorities.context(signal);
      return await new Promise<Sample>(resolve => new Handshake(check, context, signal, resolve));
    } catch (error) {
      return failureOf(error);
    }
  };
}

class Handshake {
  #phase = 'while connecting';
  readonly #began = performance.now();
  #stepBegan = this.#began;
  readonly #readings: { -readonly [Name in keyof Readings]: Readings[Name] } = {};
  readonly #socket: Socket;
  #secure: TLSSocket | undefined;
  readonly #check: HandshakeCheck;
  readonly #context: SecureContext;
  readonly #signal: AbortSignal;
  readonly #resolve: (sample: Sample) => void;

  constructor(check: HandshakeCheck, context: SecureContext, signal: AbortSignal, resolve: (sample: Sample) => void) {
    this.#check = check;
    this.#context = context;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#socket = tcpConnect(check.connect);
    signal.addEventListener('abort', this.#late, { once: true });
    this.#socket.on('error', error => this.#end(failureOf(error)));
    this.#socket.once('connect', () => void this.#connected());
  }

  readonly #late = (): void => this.#end({ reason: this.#phase });

  async #connected(): Promise<void> {
    this.#readings.time_connect = this.#step('waiting for the server to agree to TLS');
    const { startTls } = this.#check;
    const refused = startTls === undefined ? undefined : await askForTls(this.#socket, startTls);
    if (refused !== undefined) return this.#end({ reason: refused });
    if (this.#signal.aborted) return;
    this.#step('in the TLS handshake');
    const { name, lenient, wantedDays, now } = this.#check;
    const secure = tlsConnect({
      socket: this.#socket,
      host: name,
      // TLS knows names, not addresses.
      servername: isIP(name) === 0 ? name : '',
      // Days and names are of interest also where the chain is not trusted.
      rejectUnauthorized: false,
      secureContext: this.#context,
    });
    this.#secure = secure;
    secure.on('error', error => this.#end(failureOf(error)));
    secure.once('secureConnect', () => {
      this.#readings.time_tls = this.#step('');
      const days = daysLeft(secure, now());
      if (days !== undefined) this.#readings.certificate_days_left = days;
      const reason = certificateFault(secure, name, lenient, now());
      const seconds = micro((performance.now() - this.#began) / 1000);
      this.#end({ reason, warning: expiryWarning(days, wantedDays), seconds });
    });
  }

  #end(sample: Sample): void {
    this.#signal.removeEventListener('abort', this.#late);
    this.#resolve({ ...sample, readings: this.#readings });
    // The one on top ends the one below; Node does not survive the other order.
    (this.#secure ?? this.#socket).destroy();
  }

  #step(next: string): number {
    const seconds = micro((performance.now() - this.#stepBegan) / 1000);
    this.#stepBegan = performance.now();
    this.#phase = next;
    return seconds;
  }
}

function micro(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
