import type { MongoServerError, MongoServerSelectionError } from 'mongodb';
import { SetupError, TransientError } from '../../errors.js';
import { issuerAdvice } from '../../network-errors.js';
import { redact } from '../../redact.js';
import { meaningOf } from './codes.js';

export type Driver = typeof import('mongodb');

/** Certificates that a retry does not fix. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const certificate = /^(?:DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_|ERR_TLS_)/;

/** Sorts what the driver throws into the faults of src/errors.ts. What is neither transient nor setup stays a bug. */
export class Faults {
  readonly #driver: Driver;
  readonly #secrets: readonly string[];

  constructor(driver: Driver, secrets: readonly string[]) {
    this.#driver = driver;
    this.#secrets = secrets;
  }

  /** The fault that anything thrown after the client was made stands for. */
  of(error: unknown): unknown {
    const driver = this.#driver;
    if (error instanceof TransientError || error instanceof SetupError || !(error instanceof Error)) return error;
    if (error instanceof driver.MongoServerSelectionError) return this.#unreachable(error);
    if (error instanceof driver.MongoBulkWriteError && error.errorResponse instanceof Error) {
      return this.#ofCommand(error.errorResponse);
    }
    if (error instanceof driver.MongoCompatibilityError) return this.setup('the server cannot be used', error);
    if (error instanceof driver.MongoMissingDependencyError) return this.setup('MONGODB_URI needs a package', error);
    if (error instanceof driver.MongoMissingCredentialsError) return this.setup('MONGODB_URI lacks credentials', error);
    if (error instanceof driver.MongoServerError) return this.#ofServer(error);
    if (this.#passes(error)) return this.#transient('the connection failed', error);
    return error;
  }

  /** Throws when a code that the server gave for one document is not the document's fault. */
  raise(code: number, message = ''): void {
    const meaning = meaningOf(code);
    if (meaning?.fault === 'transient') throw this.#transient('the server cannot take it now', message);
    if (meaning?.fault === 'setup') throw this.setup(meaning.fix, message);
  }

  setup(what: string, error: unknown): SetupError {
    return new SetupError(`MongoDB: ${what}: ${this.#words(error)}`);
  }

  /**
   * The driver wraps whatever a sent command came to. An answer that cannot be read says nothing of what was stored.
   */
  #ofCommand(error: Error): unknown {
    const fault = this.of(error);
    if (fault !== error) return fault;
    if (error instanceof this.#driver.MongoAPIError) return error;
    return this.#transient('the answer could not be read', error);
  }

  #ofServer(error: MongoServerError): Error {
    const meaning = meaningOf(Number(error.code));
    if (meaning?.fault === 'setup') return this.setup(meaning.fix, error);
    if (meaning?.fault === 'transient' || this.#passes(error)) {
      return this.#transient('the server cannot take it now', error);
    }
    return new Error(`MongoDB: refused with the unknown code ${error.code}: ${this.#words(error)}`);
  }

  #unreachable(error: MongoServerSelectionError): Error {
    const causes = [...(error.reason?.servers?.values() ?? [])].flatMap(server => server.error ?? []);
    const text = causes.length === 0 ? error : causes.map(({ message }) => message).join('; ');
    const refused = causes.find(cause => certificate.test(codeOf(cause)));
    if (refused !== undefined) {
      const advice = issuerAdvice(codeOf(refused));
      const { message } = this.setup('TLS certificate not accepted', text);
      return new SetupError(
        advice === undefined ? message : `${message}: ${advice}, or name it as tlsCAFile in MONGODB_URI`,
      );
    }
    if (causes.some(cause => cause instanceof this.#driver.MongoCompatibilityError)) {
      return this.setup('the server cannot be used', text);
    }
    return this.#transient('no server to write to can be reached', text);
  }

  #passes(error: Error): boolean {
    const driver = this.#driver;
    if (error instanceof driver.MongoNetworkError || error instanceof driver.MongoOperationTimeoutError) return true;
    if (error instanceof driver.MongoTopologyClosedError || error instanceof driver.MongoNotConnectedError) return true;
    if (/^(?:MongoPoolClosedError|MongoWaitQueueTimeoutError|MongoServerClosedError)$/.test(error.name)) return true;
    if (error instanceof driver.MongoError) {
      return ['RetryableWriteError', 'SystemOverloadedError', 'RetryableError'].some(label =>
        error.hasErrorLabel(label),
      );
    }
    // Codes of the operating system or of DNS (mongodb+srv): ECONNRESET, ENOTFOUND, ESERVFAIL, ETIMEOUT …
    return /^E[A-Z]+$/.test(codeOf(error));
  }

  #transient(what: string, error: unknown): TransientError {
    return new TransientError(`MongoDB: ${what}: ${this.#words(error)}`);
  }

  /** The driver's own error does not travel as a cause: it may carry the connection string and whole documents. */
  #words(error: unknown): string {
    const words = error instanceof Error ? error.message || error.name : String(error);
    return redact(words, this.#secrets).slice(0, 300);
  }
}

function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
}
