import { promisify } from 'node:util';
import { constants, gzip as gzipWithCallback } from 'node:zlib';
import { SetupError } from '../../errors.js';
import type { Outgoing } from '../../outgoing.js';
import type { Address } from '../../settings/addresses.js';
import { type HttpResponse, NoAnswerError, noAnswer } from './faults.js';

/**
 * HTTP for sinks, over fetch (which keeps connections alive): one request, one whole answer or one error.
 * Nothing is retried here, redirects are not followed (a POST would arrive as a GET), and no message holds a secret.
 */
export interface HttpRequest {
  readonly url: string | URL;
  readonly outgoing: Outgoing;
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

const gzip = promisify(gzipWithCallback);

/**
 * @throws NoAnswerError when no whole answer came: network, timeout, abort
 * @throws SetupError when the address or a header can never be sent
 */
export async function request(options: HttpRequest): Promise<HttpResponse> {
  const { body, ...response } = await requestBytes(options);
  return { ...response, text: body.toString('utf8') };
}

/** For answers that are no text. @throws as `request` does */
export async function requestBytes(options: HttpRequest): Promise<Omit<HttpResponse, 'text'> & { body: Buffer }> {
  const { url, headers } = address(options);
  const { signal, timeoutMs } = options;
  let body = options.body;
  if (options.gzip && body !== undefined) {
    body = await gzip(body, { level: constants.Z_BEST_SPEED });
    headers.set('content-encoding', 'gzip');
  }
  if (signal?.aborted) throw new NoAnswerError(`the request to ${url.host} was aborted before it began`, false);

  // One controller, released afterwards: AbortSignal.any keeps its sources alive on
  // some of the Node versions we run on.
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
    const response = await options.outgoing.fetch(url, {
      method: options.method ?? (body === undefined ? 'GET' : 'POST'),
      headers,
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: abort.signal,
    });
    const bytes = await readBytes(response, options.maxResponseBytes ?? 1 << 20);
    // In a tunnel, nobody but the server answers.
    const proxy = url.protocol === 'http:' ? options.outgoing.proxyInWords(url) : undefined;
    return { status: response.status, headers: response.headers, body: bytes, proxy };
  } catch (error) {
    if (stopped === 'timeout') throw new NoAnswerError(`no answer from ${url.host} within ${timeoutMs} ms`, true);
    if (stopped === 'caller') throw new NoAnswerError(`the request to ${url.host} was aborted`, true);
    throw noAnswer(error, url.host, options.outgoing.proxyInWords(url));
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
    throw new SetupError('the address is not a valid URL');
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
  return { url, headers };
}

/** Basic authentication for an address that names a user; nothing for others. */
export function authorizationOf({ user, password }: Pick<Address, 'user' | 'password'>): Record<string, string> {
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` };
}

async function readBytes(response: Response, max: number): Promise<Buffer> {
  if (response.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the body.
  for await (const chunk of response.body) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length >= max) break;
  }
  return Buffer.concat(chunks).subarray(0, max);
}
