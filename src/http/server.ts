import { createServer as createHttpServer, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Audit } from '../audit/act.js';
import type { Clients } from '../browser/client.js';
import type { Clock } from '../clock.js';
import { describe, SetupError } from '../errors.js';
import type { KeyRing } from '../keys/ring.js';
import type { Log } from '../log.js';
import { RepeatedWarning } from '../repeated-warning.js';
import type { FoundProblem } from '../status/found-problem.js';
import type { Metrics } from '../status/metrics.js';
import { AnswerPool } from './answer-pool.js';
import { createApplication } from './application.js';
import type { Backend } from './backend.js';
import { type Incoming, InFlight } from './body.js';
import { Connections, idleUntilFirstByte } from './connections.js';
import type { Services } from './context.js';
import { FailedAttempts, KeyLimits, PageLimits } from './limits.js';
import { listenFault } from './listen-fault.js';
import { ListenerProblems } from './listener-problems.js';
import { requestIds } from './middleware/request.js';
import { ReadTurns } from './read-turns.js';
import { Refusals } from './refusals.js';
import { Sessions } from './sessions.js';
import type { HttpSettings } from './settings.js';
import { Feed } from './stream.js';
import { TlsFiles } from './tls-files.js';
import { unreadableAnswer } from './unreadable.js';

const maxHeaderBytes = 16 * 1024;
/** How often Node checks for requests that are late. */
const checkIntervalMs = 2000;
/** From a connection to the end of its TLS handshake. */
const handshakeTimeoutMs = 10_000;
/** Queries wait this long, ms, for their turn; behind it stand no more than these of one key. */
const waiting = { maxWaiting: 100, maxWaitMs: 10_000 } as const;

export interface HttpServerOptions {
  readonly backend: Backend;
  readonly keys: KeyRing;
  readonly log: Log;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly settings: HttpSettings;
  readonly metrics: Metrics;
  readonly clients: Clients;
}

export interface HttpServer {
  readonly scheme: 'http' | 'https';
  /**
   * Resolves with the address it listens on. Rejects with SetupError when it may not, or cannot, listen there.
   * `onFailed` is called at most once, later, when it accepts no more connections though it was not closed.
   */
  listen(onFailed: (error: Error) => void): Promise<AddressInfo>;
  /**
   * Accepts nothing more, ends the streams, lets requests finish and cuts those that have not by the deadline.
   * Never rejects; may be called before `listen` and more than once.
   */
  close(deadlineMs: number): Promise<void>;
  /** Reads the certificate again, if there is one. A bad one is logged and changes nothing. */
  reload(): void;
  /** What is wrong with the listener. */
  problems(): readonly FoundProblem[];
}

/** The HTTP layer: everything between a socket and the backend. */
export function createServer(options: HttpServerOptions): HttpServer {
  const { backend, keys, log, audit, clock, settings, metrics, clients } = options;
  let closing = false;
  const tls =
    settings.tls === undefined
      ? undefined
      : new TlsFiles(settings.tls, log, pair => {
          if (server instanceof HttpsServer) server.setSecureContext(pair);
        });
  const server = createListener(settings, tls);
  idleUntilFirstByte(server, tls !== undefined, settings.keepAliveMs);
  const listener = new ListenerProblems({ clock, log, settings, tls });
  const connections = new Connections(server, tls !== undefined, settings, cut => {
    metrics.connectionCut(cut);
    listener.cut(cut);
  });
  const answers = new AnswerPool(settings);
  const feed = new Feed(backend, clock, settings, answers);
  const sessions = new Sessions(clock, settings.sessionMs);
  const stopListening = keys.onChange(() => {
    sessions.endUnless(key => keys.find(key) !== undefined);
    feed.endDisallowed();
  });
  const services: Services = {
    backend,
    keys,
    log,
    audit,
    clock,
    settings,
    metrics,
    feed,
    connections,
    answers,
    turns: {
      lists: new ReadTurns(clock, { concurrent: 4, ...waiting }),
      charts: new ReadTurns(clock, { concurrent: 1, ...waiting }),
    },
    sessions,
    failedAttempts: new FailedAttempts(settings.failedAttempts),
    refusals: new Refusals(log, clock),
    keyLimits: new KeyLimits(clock, settings.rateLimit),
    pageLimits: new PageLimits(settings.pageQuotaPerAddress),
    clients,
    refusedEvents: new RepeatedWarning({ event: 'events.refused', clock, log }),
    inFlight: new InFlight(settings.maxInFlightBytes),
    // Enough for one body at least, which counts packed and unpacked.
    inFlightOfStrangers: new InFlight(Math.max(settings.maxInFlightBytes / 4, 2 * settings.maxBodyBytes)),
    closing: () => closing,
  };
  const answer = createApplication(services).callback();
  server.on('request', (request, response) => {
    if (connections.begin(request.socket, response)) void answer(request, response);
  });
  // The key is checked before the client is asked to continue with its body.
  server.on('checkContinue', (request: Incoming, response: ServerResponse) => {
    request.awaitsContinue = true;
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request: Incoming, response: ServerResponse) => {
    request.expectsOther = true;
    server.emit('request', request, response);
  });
  const nextId = requestIds();
  server.on('connect', (_request: unknown, socket: Socket) => {
    socket.on('error', () => {}).end(unreadableAnswer('CONNECT', nextId()), () => socket.destroy());
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    log.debug({ code: error.code, address: socket.remoteAddress }, 'request.unreadable');
    const response = connections.responseOn(socket);
    if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent) socket.destroy();
    else socket.end(unreadableAnswer(error.code, nextId()), () => socket.destroy());
  });

  return {
    scheme: tls === undefined ? 'http' : 'https',
    listen: onFailed =>
      new Promise((resolve, reject) => {
        let failed = false;
        const fail = (error: Error): void => {
          if (closing || failed) return;
          failed = true;
          onFailed(error);
        };
        const refused = (error: NodeJS.ErrnoException): void => reject(unlistenable(error, settings));
        server.once('error', refused);
        server.listen({ host: settings.host, port: settings.port }, () => {
          server.off('error', refused);
          server.on('error', error => {
            if (passes(error)) log.error({ reason: describe(error) }, 'connection.unaccepted');
            else fail(error);
          });
          server.on('close', () => fail(new Error('the listener was closed')));
          resolve(server.address() as AddressInfo);
        });
      }),
    close: async deadlineMs => {
      closing = true;
      stopListening();
      feed.close();
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      connections.close();
      const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearTimeout(deadline);
      tls?.close();
    },
    reload: () => tls?.reload(),
    problems: () => listener.all(),
  };
}

function createListener(settings: HttpSettings, tls: TlsFiles | undefined): Server {
  const options: ServerOptions = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: settings.headersTimeoutMs + settings.bodyTimeoutMs,
    keepAliveTimeout: settings.keepAliveMs,
    connectionsCheckingInterval: checkIntervalMs,
    // Checked by the application, so that its answer is a problem document too.
    requireHostHeader: false,
  };
  return tls === undefined
    ? createHttpServer(options)
    : createHttpsServer({ ...options, ...tls.pair, handshakeTimeout: handshakeTimeoutMs });
}

/**
 * Errors after which the listener goes on: one connection could not be accepted, for want of files or memory, say. Any
 * other means that it is broken.
 */
function passes({ code = '' }: NodeJS.ErrnoException): boolean {
  return ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'ECONNABORTED', 'EPROTO', 'EPERM', 'ETIMEDOUT'].includes(code);
}

function unlistenable(error: NodeJS.ErrnoException, { host, port }: HttpSettings): Error {
  const fault = listenFault(error, host, port);
  if (fault === undefined) return error;
  return new SetupError(`cannot listen on ${host}:${port}: ${fault.what} (set ${fault.setting}: ${fault.fix})`);
}
