import type { CounterException, ProblemDocument } from '../../openapi/api-types.js';
import { backoff, backoffs } from '../backoff.js';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import { firstKeyIn } from '../keys/first-key.js';
import { fetchOver } from '../outgoing.js';
import { redact } from '../redact.js';
import { retryAfterMs } from '../retry-after.js';
import { readHttpAddress } from '../settings/addresses.js';
import { trimEnd } from '../trim-end.js';
import { type Invocation, text, UsageError } from './command.js';
import { fetchByCertificate } from './own-certificate.js';

/** The options of every command that speaks to a daemon. */
export const clientOptions = {
  url: {
    type: 'string',
    value: 'URL',
    description: 'the daemon (default: EVENT_SINK_URL, or http://127.0.0.1:8080)',
  },
} as const;

export interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: string;
  readonly type?: 'application/json' | 'application/x-ndjson';
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer is a text, not JSON. */
  readonly text?: true;
  /** The whole answer is here within this time, ms; a minute by default. */
  readonly timeoutMs?: number;
  /** It takes long: nothing but `timeoutMs` ends it, and it is not begun again. */
  readonly isLong?: true;
}

export interface ClientOptions {
  readonly url: string;
  readonly key: string | undefined;
  readonly clock: Clock;
  /** The platform's unless a certificate is known. */
  readonly fetch?: typeof fetch | undefined;
  readonly signal?: AbortSignal;
  /** Called before every wait. */
  waiting?(reason: string, ms: number): void;
  readonly random?: () => number;
}

/** How often a request is tried again: without any answer it is given up soon, with a daemon that is busy late. */
const maxRetries = { unreachable: 5, busy: 30 };
const timeoutMs = 60_000;

/**
 * Speaks HTTP to a daemon. 429, 503 and broken connections are tried again, but for what takes long, after Retry-After
 * or a backoff: so what is sent must mean the same when it arrives twice, as events with the same id do.
 */
export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** @throws Error when the answer is not a success, or there is none for too long */
  async request<Answer>(request: Request): Promise<Answer> {
    const { clock, signal, random = Math.random, waiting } = this.#options;
    const tries = { unreachable: 0, busy: 0 };
    let pause = backoff({ ...backoffs.client, random });
    for (;;) {
      const attempt = await this.#attempt<Answer>(request);
      if ('answer' in attempt) return attempt.answer;
      tries[attempt.failure] += 1;
      const isOver = request.isLong === true || tries[attempt.failure] > maxRetries[attempt.failure];
      if (isOver || signal?.aborted) throw new Error(attempt.reason);
      const [wait, after] = pause.next();
      pause = after;
      const ms = Math.max(wait, attempt.retryAfterMs ?? 0);
      waiting?.(attempt.reason, ms);
      await clock.sleep(ms, signal);
    }
  }

  async #attempt<Answer>(request: Request): Promise<{ answer: Answer } | ClientError> {
    const { url, key, signal, fetch: send = request.isLong ? fetchOver({}) : fetch } = this.#options;
    const signals = [AbortSignal.timeout(request.timeoutMs ?? timeoutMs), ...(signal === undefined ? [] : [signal])];
    let response: Response;
    let body: string;
    try {
      response = await send(`${url}${request.path}`, {
        method: request.method,
        headers: {
          accept: request.text ? 'application/json, */*;q=0.5' : 'application/json',
          ...(key === undefined ? {} : { 'x-api-key': key }),
          ...(request.body === undefined ? {} : { 'content-type': request.type ?? 'application/json' }),
          ...request.headers,
        },
        ...(request.body === undefined ? {} : { body: request.body }),
        signal: AbortSignal.any(signals),
      });
      body = await response.text();
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      return {
        failure: 'unreachable',
        reason: `no answer from ${url} (${describe(cause)}); does the daemon run there?`,
      };
    }
    if (response.ok) return { answer: (request.text ? body : body === '' ? undefined : JSON.parse(body)) as Answer };
    const reason = `${request.method} ${request.path.split('?')[0]} was answered ${response.status}: ${explain(body)}${hint(response.status, key)}`;
    if (response.status !== 429 && response.status !== 503) throw new Error(reason);
    return {
      failure: 'busy',
      reason,
      retryAfterMs: retryAfterMs(response.headers.get('retry-after'), this.#options.clock.now()),
    };
  }
}

interface ClientError {
  readonly failure: 'unreachable' | 'busy';
  readonly reason: string;
  readonly retryAfterMs?: number | undefined;
}

/** Address and key from the options, the environment, or the first start of a daemon on this machine. */
export function clientFor(
  { values, env, clock, terminal }: Invocation,
  options: Pick<ClientOptions, 'waiting' | 'signal'> = {},
): Client {
  const given =
    text(values, 'url') ??
    (env.EVENT_SINK_URL || `${env.TLS_CERT_FILE ? 'https' : 'http'}://127.0.0.1:${env.PORT || 8080}`);
  const address = readHttpAddress(given.trim(), ['http', 'https']);
  if ('flaw' in address) throw new UsageError(`the address of the daemon ${address.flaw}, but is "${redact(given)}"`);
  const url = trimEnd(address.url, '/');
  const waiting = (reason: string, ms: number): void => terminal.err(`waiting ${Math.ceil(ms / 1000)} s: ${reason}`);
  const fetch = fetchByCertificate(url, env.TLS_CERT_FILE);
  return new Client({ url, key: keyFor(env), clock, waiting, fetch, ...options });
}

function keyFor(env: Invocation['env']): string | undefined {
  if (env.EVENT_SINK_API_KEY) return env.EVENT_SINK_API_KEY;
  return firstKeyIn(env.DATA_DIR || './data');
}

/** What an RFC 9457 problem document says, or the text itself. */
function explain(body: string): string {
  try {
    const { title, detail, errors, data } = JSON.parse(body) as Partial<ProblemDocument & CounterException>;
    // The first of many events will do; what is wrong with settings is said in full.
    const all = (errors ?? []).map(({ index, field, message }) => {
      const place = [...(index === undefined ? [] : [`event ${index}`]), ...(field ? [field] : [])].join(', ');
      return place === '' ? message : `${place}: ${message}`;
    });
    const listed = (errors ?? []).some(({ index }) => index !== undefined) ? all.slice(0, 5) : all;
    const more = all.length > listed.length ? [`and ${all.length - listed.length} more`] : [];
    return [detail ?? data ?? title ?? body, ...listed, ...more].join('; ');
  } catch {
    return body.slice(0, 200).trim() || 'no explanation';
  }
}

function hint(status: number, key: string | undefined): string {
  if (status !== 401) return '';
  return key === undefined ? ' Set EVENT_SINK_API_KEY.' : ' Is EVENT_SINK_API_KEY the key of this daemon?';
}
