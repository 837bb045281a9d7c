import { createServer as createHttpServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../clock.js';
import { SetupError } from '../errors.js';
import type { KeyRing } from '../keys/keys.js';
import type { Log } from '../log.js';
import type { Metrics } from '../status/metrics.js';
import { createApplication } from './application.js';
import type { Backend } from './backend.js';
import { type Incoming, InFlight } from './body.js';
import type { Services } from './context.js';
import { FailedAttempts, KeyRate } from './limits.js';
import { requestIds } from './middleware/request.js';
import { Problem, type ProblemKind, problemDocument, problemType } from './problem.js';
import { Sessions } from './sessions.js';
import type { HttpSettings } from './settings.js';
import { Feed } from './stream.js';

const maxHeaderBytes = 16 * 1024;
/** How often Node looks for requests that are late. */
const checkIntervalMs = 2000;
/** Longer than proxies keep a connection, so that it is never this side that closes one they are about to use. */
const keepAliveMs = 75_000;

export interface ServerOptions {
  readonly backend: Backend;
  readonly keys: KeyRing;
  readonly log: Log;
  readonly clock: Clock;
  readonly settings: HttpSettings;
  readonly metrics: Metrics;
}

export interface HttpServer {
  /** Resolves with where it listens. Rejects with SetupError when it may not, or cannot, listen there. */
  listen(): Promise<AddressInfo>;
  /**
   * Accepts nothing more, ends the streams, lets requests finish and cuts those that have not by the deadline.
   * Never rejects; may be called before `listen` and more than once.
   */
  close(deadlineMs: number): Promise<void>;
}

/** The HTTP layer: everything between a socket and the door. */
export function createServer({ backend, keys, log, clock, settings, metrics }: ServerOptions): HttpServer {
  let closing = false;
  const feed = new Feed(backend, clock, settings);
  const services: Services = {
    backend,
    keys,
    log,
    clock,
    settings,
    metrics,
    feed,
    sessions: new Sessions(clock, settings.sessionMs),
    failedAttempts: new FailedAttempts(settings.failedAttempts),
    keyRate: settings.rateLimit === undefined ? undefined : new KeyRate(settings.rateLimit),
    inFlight: new InFlight(settings.maxInFlightBytes),
    closing: () => closing,
  };
  const server = createHttpServer({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: settings.headersTimeoutMs + settings.bodyTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: checkIntervalMs,
    // Checked by the application, so that its answer is a problem document too.
    requireHostHeader: false,
  });
  const sockets = new OpenSockets(server);
  const answer = createApplication(services).callback();
  server.on('request', (request, response) => {
    sockets.begin(request.socket, response);
    void answer(request, response);
  });
  // The key is checked before the client is told to go on with its body.
  server.on('checkContinue', (request: Incoming, response: ServerResponse) => {
    request.awaitsContinue = true;
    server.emit('request', request, response);
  });
  const nextId = requestIds();
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    log.debug({ code: error.code, address: socket.remoteAddress }, 'request.unreadable');
    const response = sockets.answering(socket);
    if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent) socket.destroy();
    else socket.end(rawProblem(error.code, nextId()), () => socket.destroy());
  });

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        const refused = (error: NodeJS.ErrnoException): void => reject(unlistenable(error, settings));
        server.once('error', refused);
        server.listen({ host: settings.host, port: settings.port }, () => {
          server.off('error', refused);
          server.on('error', error => log.error({ err: error }, 'listener.failed'));
          resolve(server.address() as AddressInfo);
        });
      }),
    close: async deadlineMs => {
      closing = true;
      feed.close();
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      sockets.close();
      const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearTimeout(deadline);
    },
  };
}

function unlistenable(error: NodeJS.ErrnoException, { host, port }: HttpSettings): Error {
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: 'something else listens there. Stop it, or set PORT to another port',
    EACCES: 'this user may not. Ports below 1024 are for root: set PORT to a higher one',
    EADDRNOTAVAIL: 'this machine has no such address. Set HOST to one that it has, or to 0.0.0.0 for all',
    ENOTFOUND: 'there is no host of that name. Set HOST to an address of this machine, or to 0.0.0.0 for all',
  };
  const reason = why[error.code ?? ''];
  return reason === undefined ? error : new SetupError(`cannot listen on ${host}:${port}: ${reason}`);
}

/** Which connections have a request under way. Node's own list takes one that has not sent anything yet for a busy one. */
class OpenSockets {
  readonly #all = new Set<Socket>();
  readonly #busy = new Map<Socket, ServerResponse>();
  #closing = false;

  constructor(server: Server) {
    server.on('connection', socket => {
      this.#all.add(socket);
      socket.once('close', () => {
        this.#all.delete(socket);
        // The answers of a pipeline that nobody waits for any more do not close.
        this.#busy.delete(socket);
      });
    });
  }

  begin(socket: Socket, response: ServerResponse): void {
    this.#busy.set(socket, response);
    response.once('close', () => {
      if (this.#busy.get(socket) !== response) return;
      this.#busy.delete(socket);
      if (this.#closing) socket.destroySoon();
    });
  }

  answering(socket: Socket): ServerResponse | undefined {
    return this.#busy.get(socket);
  }

  /** Ends every connection: at once, or when its request is answered. */
  close(): void {
    this.#closing = true;
    for (const socket of this.#all) if (!this.#busy.has(socket)) socket.destroy();
  }
}

const unreadable: Readonly<Record<string, readonly [ProblemKind, string, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'Request Header Fields Too Large', 'The headers may have 16 KiB.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['too-large', 'Payload Too Large', 'The chunk extensions are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'Request Timeout', 'The request did not arrive in time.'],
};

/** For what is no HTTP, or not wholly: there is no response object to answer with. */
function rawProblem(code: string | undefined, requestId: string): string {
  const [kind, phrase, detail] =
    unreadable[code ?? ''] ?? (['invalid-request', 'Bad Request', 'This is not valid HTTP.'] as const);
  const problem = new Problem(kind, detail);
  const body = JSON.stringify(problemDocument(problem, requestId));
  const head = [
    `HTTP/1.1 ${problem.status} ${phrase}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
