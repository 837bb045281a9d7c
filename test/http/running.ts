import { connect, type Socket } from 'node:net';
import type { ProblemDocument } from '../../openapi/api-types.js';
import type { Act } from '../../src/audit/act.js';
import { systemClock } from '../../src/clock.js';
import { createServer, type HttpServer } from '../../src/http/server.js';
import { defaultHttpSettings, type HttpSettings } from '../../src/http/settings.js';
import type { Key, KeyLimits, Scope } from '../../src/keys/keys.js';
import { silentLog } from '../../src/log.js';
import { Metrics } from '../../src/status/metrics.js';
import { keyRing } from '../helpers/key-ring.js';
import { FakeBackend } from './fake-backend.js';

export const keys = {
  all: 'key-all',
  publish: 'key-publish',
  read: 'key-read',
  admin: 'key-admin',
  none: 'key-none',
  collect: 'key-collect',
} as const;

const granted: Readonly<Record<string, readonly Scope[]>> = {
  [keys.all]: ['publish', 'read', 'admin'],
  [keys.publish]: ['publish'],
  [keys.read]: ['read'],
  [keys.admin]: ['admin'],
  [keys.none]: [],
  [keys.collect]: ['collect'],
};

/** A server in front of a fake backend, on a free port. */
export interface Running {
  readonly url: string;
  readonly port: number;
  readonly backend: FakeBackend;
  readonly server: HttpServer;
  /** Keys that have limits. */
  readonly limits: Map<string, KeyLimits>;
  /** Keys that were revoked. */
  readonly revoked: Set<string>;
  /** What went into the audit trail. */
  readonly acts: Act[];
  /** Makes looking up a key fail as a bug would. */
  breakKeys(): void;
  /** With the key of all scopes, unless the headers say otherwise. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** A bare connection, for what no client library would send. */
  connect(): Promise<RawConnection>;
  close(): Promise<void>;
}

export async function run(settings: Partial<HttpSettings> = {}): Promise<Running> {
  const backend = new FakeBackend();
  const revoked = new Set<string>();
  const limits = new Map<string, KeyLimits>();
  const acts: Act[] = [];
  let broken = false;
  const find = (presented: string): Key | undefined => {
    if (broken) throw new Error('the key ring is broken');
    const scopes = revoked.has(presented) ? undefined : granted[presented];
    return scopes === undefined ? undefined : { name: presented, scopes, ...limits.get(presented) };
  };
  const all = (): Key[] => [...limits.keys()].flatMap(name => find(name) ?? []);
  const ring = keyRing(find, all);
  const server = createServer({
    backend,
    keys: ring,
    log: silentLog,
    audit: { record: act => acts.push(act) },
    clock: systemClock,
    settings: { ...defaultHttpSettings, port: 0, ...settings },
    metrics: new Metrics(),
    clients: {
      visitors: { keyOf: (_time, address, agent) => `visitor of ${address} ${agent}`, save: async () => {} },
      countryOf: address => (address === '127.0.0.1' ? 'CH' : undefined),
    },
  });
  const { port } = await server.listen(() => {});
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    backend,
    server,
    limits,
    revoked,
    acts,
    breakKeys: () => {
      broken = true;
    },
    request: (path, init = {}) => {
      const headers = new Headers(init.headers);
      if (!headers.has('x-api-key')) headers.set('x-api-key', keys.all);
      if (headers.get('x-api-key') === '') headers.delete('x-api-key');
      return fetch(`${url}${path}`, { ...init, headers });
    },
    connect: () => RawConnection.open(port),
    close: () => server.close(1000),
  };
}

export class RawConnection {
  readonly socket: Socket;
  #received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.#received += text;
    });
    socket.on('error', () => {});
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new RawConnection(socket)));
      socket.once('error', reject);
    });
  }

  send(text: string | Buffer): void {
    this.socket.write(text);
  }

  /** All that came until the text is there, or the other side closed. */
  until(text: string): Promise<string> {
    return new Promise(resolve => {
      const check = (): void => {
        if (!this.#received.includes(text) && !this.socket.destroyed && !this.socket.readableEnded) return;
        this.socket.off('data', check).off('close', check).off('end', check);
        resolve(this.#received);
      };
      this.socket.on('data', check).on('close', check).on('end', check);
      check();
    });
  }

  /** All that came until the other side closed. */
  ended(): Promise<string> {
    return this.until('\u0000 never sent');
  }

  close(): void {
    this.socket.destroy();
  }
}

export async function problemOf(response: Response): Promise<ProblemDocument> {
  const type = response.headers.get('content-type');
  if (type !== 'application/problem+json') throw new Error(`${response.status} is not a problem document but ${type}`);
  return (await response.json()) as ProblemDocument;
}

export const jsonHeaders = { 'content-type': 'application/json' } as const;

export function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', headers: { ...jsonHeaders, ...headers }, body: JSON.stringify(body) };
}
