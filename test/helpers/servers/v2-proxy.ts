import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { portOf } from '../ports.js';

export interface V2Proxy {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface V2ProxyOptions {
  /** The tokens that are known. Without it a token is `user:password` of the engine behind, which decides. */
  readonly tokens?: readonly string[];
  readonly org?: string;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/**
 * InfluxDB 2's `/api/v2/write` in front of a 1.x engine: bucket → database, token → user and password, and the answers
 * in the words and codes of version 2. One thing it cannot do as version 2 does: of a body with a malformed line the
 * engine keeps the good ones.
 */
export async function startV2Proxy(target: string, options: V2ProxyOptions = {}): Promise<V2Proxy> {
  const server = createServer((incoming, response) => {
    const refusal = refuse(incoming, options);
    if (refusal) {
      incoming.resume();
      answer(response, refusal);
    } else forward(incoming, response, target, options).catch(() => response.destroy());
  });
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  const port = portOf(server);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stop: async () => {
      server.closeAllConnections();
      await new Promise(closed => server.close(closed));
    },
  };
}

function refuse(incoming: IncomingMessage, { tokens, org }: V2ProxyOptions): Refusal | undefined {
  const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://proxy.invalid');
  if (pathname !== '/api/v2/write') return { status: 404, code: 'not found', message: 'path not found' };
  if (incoming.method !== 'POST') return { status: 405, code: 'method not allowed', message: 'method not allowed' };
  const token = tokenOf(incoming);
  if (token === undefined || (tokens && !tokens.includes(token))) {
    return { status: 401, code: 'unauthorized', message: 'unauthorized access' };
  }
  const asked = searchParams.get('org') || searchParams.get('orgID');
  if (!asked) return { status: 400, code: 'invalid', message: 'please provide either orgID or org' };
  if (org !== undefined && asked !== org) {
    return { status: 404, code: 'not found', message: `organization name "${asked}" not found` };
  }
  if (!searchParams.get('bucket')) {
    return { status: 400, code: 'invalid', message: 'please provide either bucketID or bucket' };
  }
  if (!['ns', 'us', 'ms', 's', null].includes(searchParams.get('precision'))) {
    return { status: 400, code: 'invalid', message: 'precision must be one of: ns, us, ms, s' };
  }
  return undefined;
}

async function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  target: string,
  { tokens }: V2ProxyOptions,
): Promise<void> {
  const { searchParams } = new URL(incoming.url ?? '', 'http://proxy.invalid');
  const bucket = searchParams.get('bucket') ?? '';
  const precision = (searchParams.get('precision') ?? 'ns').replace('us', 'u');
  // A bucket may be named as 1.8 does it: database/retention-policy.
  const [database = '', policy] = bucket.split('/');
  const query = new URLSearchParams({ db: database, precision, ...(policy ? { rp: policy } : {}) });
  const headers: OutgoingHttpHeaders = {};
  if (incoming.headers['content-encoding']) headers['content-encoding'] = incoming.headers['content-encoding'];
  if (!tokens) headers.authorization = `Basic ${Buffer.from(tokenOf(incoming) ?? '').toString('base64')}`;

  const engine = request(`${target}/write?${query}`, { method: 'POST', headers, agent: false });
  incoming.pipe(engine);
  const answered = await new Promise<IncomingMessage>((resolve, reject) => {
    engine.once('response', resolve).once('error', reject);
  });
  const status = answered.statusCode ?? 500;
  const text = (await buffer(answered)).toString();
  if (status === 204) response.writeHead(204).end();
  else answer(response, translated(status, errorIn(text), bucket), answered.headers['retry-after']);
}

function translated(status: number, error: string, bucket: string): Refusal {
  switch (status) {
    case 401:
      return { status, code: 'unauthorized', message: 'unauthorized access' };
    case 403:
      return { status, code: 'forbidden', message: 'insufficient permissions for write' };
    case 404:
      return { status, code: 'not found', message: `bucket "${bucket}" not found` };
    case 413:
      return { status, code: 'request too large', message: 'unable to read data: points batch is too large' };
    case 400: {
      // Lines that could not be parsed are a 400 of version 2; points that could not be kept
      // beside others that were are a 422.
      const partial = error.startsWith('partial write') && !error.includes('unable to parse');
      if (!partial) return { status, code: 'invalid', message: error };
      return { status: 422, code: 'unprocessable entity', message: `failure writing points to database: ${error}` };
    }
    default:
      return { status, code: status === 503 ? 'unavailable' : 'internal error', message: error };
  }
}

function answer(response: ServerResponse, { status, code, message }: Refusal, retryAfter?: string): void {
  const headers = { 'content-type': 'application/json', ...(retryAfter ? { 'retry-after': retryAfter } : {}) };
  response.writeHead(status, headers).end(JSON.stringify({ code, message }));
}

function tokenOf(incoming: IncomingMessage): string | undefined {
  return /^(?:Token|Bearer) (.+)$/.exec(incoming.headers.authorization ?? '')?.[1];
}

function errorIn(text: string): string {
  try {
    return (JSON.parse(text) as { error?: string }).error ?? text;
  } catch {
    return text;
  }
}
