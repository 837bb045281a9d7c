import * as http from 'node:http';
import * as https from 'node:https';
import { SetupError } from '../../errors.js';
import { type Outgoing, proxyAuthorization } from '../../outgoing.js';
import type { Address } from '../../settings/addresses.js';
import { type HttpResponse, NoAnswerError, noAnswer } from '../http/faults.js';
import { maxAnswerBytes, requestTimeoutMs, type Writer } from './writer.js';

export interface V2Config {
  readonly version: 2;
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
  readonly gzip: boolean;
}

/**
 * InfluxDB 2 and 3 through the official client, in the one form of it whose promise can be believed: a fresh write API
 * per request, all lines as one record where there is room for two, so that nothing is sent, or swallowed, but by our
 * `flush()`; no interval, no retry (a failed batch would be sent again behind our back). The client hides the status of
 * a success, where 201 means "partly", and reads Retry-After as ms: so the answer is taken from the connection under
 * it.
 */
export async function writerV2(config: V2Config, outgoing: Outgoing): Promise<Writer> {
  const { HttpError, InfluxDB, setLogger } = await import('@influxdata/influxdb-client');
  setLogger({ error: () => {}, warn: () => {} });
  const address = new URL(config.url);
  const { host } = address;
  const proxy = outgoing.proxyFor(address);
  const agent = await agentFor(address, proxy);

  async function send(lines: Uint8Array, signal: AbortSignal): Promise<HttpResponse> {
    if (signal.aborted) throw new NoAnswerError(`the request to ${host} was aborted before it began`, false);
    const answer: Answer = { status: 0, headers: {}, text: '' };
    const abort = new AbortController();
    let late = false;
    const onAbort = (): void => abort.abort();
    const timer = setTimeout(() => {
      late = true;
      abort.abort();
    }, requestTimeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const client = new InfluxDB({
        url: config.url,
        token: config.token,
        timeout: requestTimeoutMs,
        ...(proxy === undefined ? {} : throughProxy(address, proxy)),
        transportOptions: { agent, signal: abort.signal, 'follow-redirects': watched(answer) },
      });
      const api = client.getWriteApi(config.org, config.bucket, 'ns', {
        batchSize: 2,
        maxBatchBytes: Number.MAX_SAFE_INTEGER,
        flushInterval: 0,
        maxRetries: 0,
        gzipThreshold: config.gzip ? 1000 : Number.MAX_SAFE_INTEGER,
      });
      api.writeRecord(Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString());
      await api.flush();
    } catch (error) {
      if (signal.aborted) throw new NoAnswerError(`the request to ${host} was aborted`, true);
      if (late) throw new NoAnswerError(`no answer from ${host} within ${requestTimeoutMs} ms`, true);
      if (!(error instanceof HttpError)) {
        if ((error as NodeJS.ErrnoException).code === 'ERR_INVALID_CHAR') {
          throw new SetupError('INFLUXDB_TOKEN holds characters that HTTP forbids: look for a stray line break in it');
        }
        throw noAnswer(error, host, outgoing.proxyInWords(address));
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      abort.abort();
    }
    return { status: answer.status, headers: new Headers(answer.headers), text: answer.text };
  }

  return {
    prepare: async () => {},
    prepared: async () => true,
    send,
    /** Version 2 has no cheap question for it; its refusals name the type. */
    fieldTypes: async () => new Map(),
    close: () => agent.destroy(),
  };
}

const agentOptions = { keepAlive: true, maxSockets: 2 };

async function agentFor({ protocol }: URL, proxy: Address | undefined): Promise<http.Agent> {
  if (protocol === 'http:') return new http.Agent(agentOptions);
  if (proxy === undefined) return new https.Agent(agentOptions);
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return new HttpsProxyAgent(proxy.url, { ...agentOptions, headers: authorizationFor(proxy) });
}

/** The client asks a proxy for a whole `http://` address; for `https://` the agent has the proxy make a tunnel. */
function throughProxy({ protocol }: URL, proxy: Address): { proxyUrl?: string; headers?: Record<string, string> } {
  return protocol === 'http:' ? { proxyUrl: proxy.url, headers: authorizationFor(proxy) } : {};
}

function authorizationFor(proxy: Address): Record<string, string> {
  const authorization = proxyAuthorization(proxy);
  return authorization === undefined ? {} : { 'proxy-authorization': authorization };
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

type OnResponse = (response: http.IncomingMessage) => void;

/** The client's own hook for another `request` function: ours notes what the server said on its way to the client. */
function watched(answer: Answer) {
  const through = (request: typeof http.request) => (options: http.RequestOptions, onResponse: OnResponse) =>
    request(options, response => {
      answer.status = response.statusCode ?? 0;
      for (const [name, value] of Object.entries(response.headers)) answer.headers[name] = String(value);
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length > maxAnswerBytes) response.destroy();
      });
      response.on('end', () => {
        answer.text = Buffer.concat(chunks).toString('utf8');
      });
      onResponse(response);
    });
  return { http: { request: through(http.request) }, https: { request: through(https.request) } };
}
