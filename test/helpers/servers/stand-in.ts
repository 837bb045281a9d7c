import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { listenAgain } from '../ports.js';

/** What goes wrong with one request. `processed`: the server acts on it all the same. */
export type ScriptedFault =
  | {
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
      readonly processed?: boolean;
    }
  /** Answers as usual, later. */
  | { readonly delayMs: number }
  /** Closes the connection before a byte of the answer, or in the middle of it. */
  | { readonly cut: 'before' | 'middle'; readonly processed: boolean }
  /** Bytes that are no HTTP. */
  | { readonly garbage: string; readonly processed: boolean };

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
}

/** A real HTTP server on a free port of 127.0.0.1 that keeps what it was asked, and fails on demand. */
export class StandIn {
  readonly asked: Asked[] = [];
  /** One is used up by each request; a function decides by the request. */
  readonly faults: (ScriptedFault | undefined | ((asked: Asked) => ScriptedFault | undefined))[] = [];
  /** For each request that `faults` has nothing for; a function decides by the request. */
  always: ScriptedFault | undefined | ((asked: Asked) => ScriptedFault | undefined);
  readonly #answer: (asked: Asked) => Reply;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #server: Server | undefined;
  #port = 0;

  constructor(answer: (asked: Asked) => Reply) {
    this.#answer = answer;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, on the same port as before. */
  async start(): Promise<void> {
    const server = createServer((incoming, response) => void this.#serve(incoming, response));
    server.on('connection', socket => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    this.#port = await listenAgain(server, this.#port);
    this.#server = server;
  }

  /** Refuses connections until it is started again. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const timer of this.#timers) clearTimeout(timer);
    const closed = new Promise(resolve => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const raw = Buffer.concat(chunks);
    const body = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const asked: Asked = {
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '/', this.origin),
      headers: incoming.headers,
      body: body.toString('utf8'),
    };
    this.asked.push(asked);
    const next = this.faults.shift();
    const always = (): ScriptedFault | undefined =>
      typeof this.always === 'function' ? this.always(asked) : this.always;
    const fault = (typeof next === 'function' ? next(asked) : next) ?? always();
    if (fault === undefined) return this.#send(response, this.#answer(asked));
    if ('delayMs' in fault) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#send(response, this.#answer(asked));
      }, fault.delayMs);
      this.#timers.add(timer);
      return;
    }
    if (fault.processed) this.#answer(asked);
    if ('status' in fault) {
      this.#send(response, { status: fault.status, body: fault.body ?? '', headers: fault.headers ?? {} });
    } else if ('garbage' in fault) {
      incoming.socket.end(fault.garbage);
    } else if (fault.cut === 'before') {
      incoming.socket.destroy();
    } else {
      incoming.socket.write(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"co',
        () => incoming.socket.destroy(),
      );
    }
  }

  #send(response: ServerResponse, reply: Reply): void {
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(reply.body);
  }
}
