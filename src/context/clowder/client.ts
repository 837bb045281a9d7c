import { TransientError } from '../../errors.js';
import type { Outgoing } from '../../outgoing.js';
import { retryAfterMs } from '../../retry-after.js';
import { summary } from '../../sinks/http/faults.js';
import { request } from '../../sinks/http/request.js';
import { contextUserAgent } from '../../version.js';

/** Where Clowder is, and how it is asked. */
export interface ClowderConfig {
  /** Scheme, host and port: the target of a request in the access log can be put behind it. */
  readonly origin: string;
  /** What Clowder's own paths are put behind: without a slash at its end. */
  readonly url: string;
  readonly apiKey: string | undefined;
}

/** What Clowder answered, where that is an answer of Clowder's at all. */
export interface Answer {
  readonly status: number;
  /** The body, where it is JSON. */
  readonly json: unknown;
  readonly text: string;
}

/** Nothing was learnt: Clowder is away, or what answers is not Clowder. */
export class NoClowderError extends TransientError {
  override name = 'NoClowderError';
  /** It may be about this one question: Clowder failed while it worked on it. */
  readonly failed: boolean;

  constructor(
    message: string,
    options: { readonly failed?: boolean; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message, { retryAfterMs: options.retryAfterMs });
    this.failed = options.failed ?? false;
  }
}

export interface GetOptions {
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

const defaultTimeoutMs = 10_000;
/** A list of the files of a large dataset is longer; what is cut off is not JSON, and is not learnt. */
const defaultMaxBytes = 2 * 1024 * 1024;

/** Asks Clowder over HTTP: one question, one whole answer or one error. Nothing is retried here. */
export class ClowderClient {
  readonly #config: ClowderConfig;
  readonly #outgoing: Outgoing;
  readonly #now: () => number;

  constructor(config: ClowderConfig, outgoing: Outgoing, now: () => number) {
    this.#config = config;
    this.#outgoing = outgoing;
    this.#now = now;
  }

  get hasKey(): boolean {
    return this.#config.apiKey !== undefined;
  }

  /**
   * @param path begins with a slash
   * @throws NoClowderError
   */
  async get(path: string, signal: AbortSignal, options: GetOptions = {}): Promise<Answer> {
    const { url, apiKey } = this.#config;
    const response = await request({
      url: `${url}${path}`,
      outgoing: this.#outgoing,
      // C1 reads X-API-Key, C2 X-API-KEY: the same header.
      headers: {
        accept: 'application/json, text/csv',
        'user-agent': contextUserAgent,
        ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
      },
      signal,
      timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
      maxResponseBytes: options.maxBytes ?? defaultMaxBytes,
    });
    const { status, headers, text } = response;
    const words = summary(response, { name: 'Clowder', secrets: apiKey === undefined ? [] : [apiKey] });
    if (status === 408 || status === 429 || status >= 500) {
      const wait = retryAfterMs(headers.get('retry-after'), this.#now());
      throw new NoClowderError(words, { failed: status === 500, retryAfterMs: wait });
    }
    if (status >= 300 && status < 400) {
      throw new NoClowderError(
        `Clowder answered ${status}, a redirect: set CLOWDER_URL to the address that it leads to`,
      );
    }
    return { status, json: parsed(text), text };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
