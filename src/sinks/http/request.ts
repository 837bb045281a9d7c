import { promisify } from 'node:util';
import { constants, gzip as gzipWithCallback } from 'node:zlib';
import { SetupError, TransientError } from '../../errors.js';

/**
 * HTTP for sinks, over the platform's fetch (which keeps connections alive): one request, one whole answer or one error.
 * Nothing is retried here, redirects are not followed (a POST would arrive as a GET), and no message tells a secret.
 */
export interface HttpRequest {
  /** `user:password@` in it becomes basic authentication. */
  readonly url: string | URL;
  /** GET without a body, POST with one. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Compresses the body and says so in Content-Encoding. */
  readonly gzip?: boolean;
  readonly signal?: AbortSignal;
  /** From the start of the request to the end of the answer's body. */
  readonly timeoutMs: number;
  /** What is kept of the answer's body; the rest is cut off. Default 1 MiB. */
  readonly maxResponseBytes?: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** No answer came. */
export class NoAnswerError extends TransientError {
  override name = 'NoAnswerError';
  /** The server may have received, and acted on, the request. False: it surely has not. */
  readonly ambiguous: boolean;

  constructor(message: string, ambiguous: boolean) {
    super(message);
    this.ambiguous = ambiguous;
  }
}

const gzip = promisify(gzipWithCallback);

/**
 * @throws NoAnswerError when no whole answer came: network, timeout, abort
 * @throws SetupError when the address or a header can never be sent
 */
export async function request(options: HttpRequest): Promise<HttpResponse> {
  const { url, headers } = address(options);
  const { signal, timeoutMs } = options;
  let body = options.body;
  if (options.gzip && body !== undefined) {
    body = await gzip(body, { level: constants.Z_BEST_SPEED });
    headers.set('content-encoding', 'gzip');
  }
  if (signal?.aborted) throw new NoAnswerError(`the request to ${url.host} was aborted before it began`, false);

  // One controller, released afterwards: AbortSignal.any keeps its sources alive on some of the Node versions we run on.
  const abort = new AbortController();
  let stopped: 'timeout' | 'caller' | undefined;
  const stop = (reason: 'timeout' | 'caller') => () => {
    stopped ??= reason;
    abort.abort();
  };
  const onAbort = stop('caller');
  const timer = setTimeout(stop('timeout'), timeoutMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const response = await fetch(url, {
      method: options.method ?? (body === undefined ? 'GET' : 'POST'),
      headers,
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: abort.signal,
    });
    const text = await readText(response, options.maxResponseBytes ?? 1 << 20);
    return { status: response.status, headers: response.headers, text };
  } catch (error) {
    if (stopped === 'timeout') throw new NoAnswerError(`no answer from ${url.host} within ${timeoutMs} ms`, true);
    if (stopped === 'caller') throw new NoAnswerError(`the request to ${url.host} was aborted`, true);
    throw noAnswer(error, url.host);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function address(options: HttpRequest): { url: URL; headers: Headers } {
  let url: URL;
  try {
    url = new URL(options.url);
  } catch {
    throw new SetupError('the address is no valid URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new SetupError(`the address begins with ${url.protocol}//, only http:// and https:// are possible`);
  }
  let headers: Headers;
  try {
    headers = new Headers(options.headers);
  } catch {
    throw new SetupError(
      `a header for ${url.host} holds characters that HTTP forbids: look for a stray line break in a key`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    const userinfo = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    if (!headers.has('authorization'))
      headers.set('authorization', `Basic ${Buffer.from(userinfo).toString('base64')}`);
    url.username = '';
    url.password = '';
  }
  return { url, headers };
}

async function readText(response: Response, max: number): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the body.
  for await (const chunk of response.body) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length >= max) break;
  }
  return Buffer.concat(chunks).subarray(0, max).toString('utf8');
}

/** What each error code means to a person, and whether the request can have arrived. */
export function noAnswer(error: unknown, host: string): NoAnswerError {
  const code = codeOf(error);
  const because = (sentence: string, ambiguous: boolean): NoAnswerError =>
    new NoAnswerError(`${sentence}${code === '' ? '' : ` (${code})`}`, ambiguous);
  switch (code) {
    case 'ECONNREFUSED':
      return because(`${host} refused the connection: nothing listens there`, false);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return because(`the name of ${host} cannot be resolved`, false);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return because(`there is no route to ${host}`, false);
    case 'ETIMEDOUT':
      return because(`the connection to ${host} timed out`, true);
    case 'UND_ERR_CONNECT_TIMEOUT':
      return because(`${host} did not take the connection in time`, false);
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_ABORTED':
      return because(`${host} cut the connection`, true);
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|EPROTO/.test(code)) {
    return because(`no secure connection to ${host}`, false);
  }
  if (code.startsWith('HPE_')) return because(`${host} does not answer in HTTP`, true);
  return because(`the request to ${host} failed`, true);
}

/** fetch wraps the reason: TypeError('fetch failed') → cause, and one more for a body that ends too soon. */
function codeOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    const code = (at as NodeJS.ErrnoException).code;
    if (typeof code === 'string') return code;
    if (at.name === 'HTTPParserError') return 'HPE_INVALID'; // Node 24 gives it no code
  }
  return '';
}

export interface FaultContext {
  /** Who answered, for the message: `InfluxDB`. */
  readonly name: string;
  readonly secrets?: readonly string[];
  /** Wall clock, epoch ms: needed where Retry-After is a date. */
  readonly now: number;
}

/**
 * The one table from an HTTP status to a fault. Undefined: 2xx, or an answer that only the sink can interpret (400, 413, 422 …).
 * What differs at one server (an Amplitude 429 that names users, say) is looked at by its sink before it asks here.
 */
export function httpFault(response: HttpResponse, context: FaultContext): TransientError | SetupError | undefined {
  const { status, headers } = response;
  if (status === 408 || status === 423 || status === 425 || status === 429 || status >= 500) {
    const wait = retryAfter(headers.get('retry-after'), context.now);
    return new TransientError(summary(response, context), { retryAfterMs: wait });
  }
  if (status === 401 || status === 403) return new SetupError(`${summary(response, context)}: check the credentials`);
  if (status === 404) return new SetupError(`${summary(response, context)}: check the address and the names in it`);
  if (status >= 300 && status < 400) {
    return new SetupError(`${context.name} answered ${status}, a redirect: configure the address that it leads to`);
  }
  return undefined;
}

/** `InfluxDB answered 503 (timeout)`: the status and the beginning of the text, on one line and without secrets. */
export function summary(response: HttpResponse, context: Pick<FaultContext, 'name' | 'secrets'>): string {
  const text = redact(response.text, context.secrets ?? [])
    .replace(/\s+/g, ' ')
    .trim();
  const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  return `${context.name} answered ${response.status}${shown === '' ? '' : ` (${shown})`}`;
}

const LONGEST_WAIT_MS = 3_600_000;

/** Retry-After in ms: seconds or an HTTP date (RFC 9110 §10.2.3), at most an hour. */
export function retryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const text = value.trim();
  const wait = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.ceil(Math.min(Math.max(wait, 0), LONGEST_WAIT_MS));
}

/**
 * Takes the given secrets (as they are, URL-encoded and in base64), user information in URLs, and the values of well-known
 * secret parameters and headers out of a text. Secrets under four characters are left: they would shred every sentence.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text
    .replace(/(\w+:\/\/)[^\s/@"']*@/g, '$1[redacted]@')
    .replace(/([?&](?:api_secret|api_key|token|password|p)=)[^&\s"']*/gi, '$1[redacted]')
    .replace(/\b(authorization["']?\s*[:=]\s*["']?)(?:(basic|token|bearer)\s+)?[^\s"',]+/gi, '$1[redacted]');
  for (const secret of secrets) {
    if (secret.length < 4) continue;
    for (const form of new Set([secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])) {
      clean = clean.replaceAll(form, '[redacted]');
    }
  }
  return clean;
}
