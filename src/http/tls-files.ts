import { X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { describe, SetupError } from '../errors.js';
import type { Log } from '../log.js';
import type { FoundProblem } from '../status/found-problem.js';

/**
 * The files are looked at this often: a watch by the system does not see one that is replaced behind a
 * link, as Kubernetes and certbot do.
 */
const watchIntervalMs = 2_000;
/** A certificate that ends within this time is a problem; what renews it by itself does so earlier. */
const endsSoonMs = 7 * 24 * 3_600_000;

/** The paths of PEM files: the certificate with its chain, and its key. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
}

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Certificate and key of the listener, read again when the files change. A pair that is broken, half written or does
 * not belong together changes nothing: the one before stays in force, and a problem says so until the files are right.
 */
export class TlsFiles {
  readonly #paths: TlsPaths;
  readonly #log: Log;
  readonly #onChange: (pair: TlsPair) => void;
  readonly #reload = (): void => this.reload();
  #pair: TlsPair;
  #flaw: string | undefined;

  /** @throws SetupError when there is no pair to begin with */
  constructor(paths: TlsPaths, log: Log, onChange: (pair: TlsPair) => void) {
    this.#paths = paths;
    this.#log = log;
    this.#onChange = onChange;
    try {
      this.#pair = readPair(paths);
    } catch (error) {
      throw new SetupError(`TLS_CERT_FILE and TLS_KEY_FILE cannot be used: ${describe(error)}`);
    }
    for (const path of Object.values(paths))
      watchFile(path, { interval: watchIntervalMs, persistent: false }, this.#reload);
  }

  get pair(): TlsPair {
    return this.#pair;
  }

  reload(): void {
    const { cert, key } = this.#paths;
    try {
      const pair = readPair(this.#paths);
      this.#flaw = undefined;
      if (pair.cert.equals(this.#pair.cert) && pair.key.equals(this.#pair.key)) return;
      this.#pair = pair;
      this.#onChange(pair);
      this.#log.info({ cert, key, until: new X509Certificate(pair.cert).validTo }, 'certificate.reloaded');
    } catch (error) {
      const flaw = describe(error);
      if (flaw !== this.#flaw) this.#log.error({ cert, key, reason: flaw }, 'certificate.refused');
      this.#flaw = flaw;
    }
  }

  problems(now: number): FoundProblem[] {
    const { cert, key } = this.#paths;
    const problems: FoundProblem[] = [];
    if (this.#flaw !== undefined) {
      problems.push({
        key: 'certificate',
        what: `The new certificate of the listener cannot be used: ${this.#flaw}. The one before stays in force.`,
        since: undefined,
        fix: `Put a certificate and its key, in PEM, into ${cert} and ${key}. They are read again when they change.`,
      });
    }
    const left = Date.parse(new X509Certificate(this.#pair.cert).validTo) - now;
    if (left < endsSoonMs) {
      const days = Math.floor(left / 86_400_000);
      const when = left < 0 ? 'has ended: clients refuse it' : days < 1 ? 'ends today' : `ends in ${days} days`;
      problems.push({
        key: 'certificate end',
        what: `The certificate of the listener ${when}.`,
        since: undefined,
        fix: `Renew it, and put it into ${cert}. It is read again when it changes, without a restart.`,
      });
    }
    return problems;
  }

  close(): void {
    for (const path of Object.values(this.#paths)) unwatchFile(path, this.#reload);
  }
}

/** @throws when a file cannot be read, is not PEM, or the key is not that of the certificate */
export function readPair(paths: TlsPaths): TlsPair {
  const pair = { cert: readFileSync(paths.cert), key: readFileSync(paths.key) };
  createSecureContext(pair);
  return pair;
}
