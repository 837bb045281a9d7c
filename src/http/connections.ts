import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that are answered at once; a client that sends more ahead of its answers is cut. */
const maxPipelined = 100;
/** The same, beyond the first of each connection, over all connections. */
const maxPipelinedInAll = 2_000;
/** How often readers that stand still are looked for. */
const sweepMs = 2_000;

/** Why a connection was cut: its reader took nothing, it sent too much ahead, or its place was needed. */
export type Cut = 'stalled' | 'pipelined' | 'idle' | 'refused';

export interface ConnectionLimits {
  /** Connections open at once. */
  readonly maxConnections: number;
  /** A reader that takes nothing of its answer for this long, ms, is cut. */
  readonly stalledMs: number;
}

interface Connection {
  /** What the kernel has accepted; with TLS, `socket` is what stands on top of it. */
  readonly accepted: Socket;
  socket: Socket;
  /** The responses under way, in the order of their requests. */
  readonly responses: Set<ServerResponse>;
  /** What holds something for a response that has not ended. */
  readonly endings: Map<ServerResponse, (() => void)[]>;
  /** Bytes that the reader had taken when it was last seen to take some. */
  taken: number;
  takenAt: number;
}

/**
 * The connections of a server, and which of them have a request under way. Node's own list takes one that has not sent
 * anything yet for a busy one.
 *
 * There are at most as many as the limit says: one more takes the place of the one that has been idle for longest, and
 * is refused when none is.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #onCut: (cut: Cut) => void;
  readonly #all = new Map<Socket, Connection>();
  /** By the peer's address and port: TLS does not say on which connection it stands. */
  readonly #byPeer = new Map<string, Connection>();
  /** The one that has been idle for longest first. */
  readonly #idle = new Set<Connection>();
  readonly #sweep: NodeJS.Timeout;
  readonly #onResponseClosed = this.#closedListener();
  #open = 0;
  #pipelined = 0;
  #closing = false;

  constructor(server: Server, encrypted: boolean, limits: ConnectionLimits, onCut: (cut: Cut) => void) {
    this.#limits = limits;
    this.#onCut = onCut;
    // First of all listeners: a connection that is refused costs nothing more.
    server.prependListener('connection', socket => this.#accept(socket));
    if (encrypted) server.prependListener('secureConnection', socket => this.#secure(socket));
    this.#sweep = setInterval(() => this.#cutStalled(), Math.min(sweepMs, limits.stalledMs / 2));
    this.#sweep.unref();
  }

  get open(): number {
    return this.#open;
  }

  /**
   * A request has arrived; it is under way until its response closes. False when the connection
   * has sent too many ahead, and is cut.
   */
  begin(socket: Socket, response: ServerResponse): boolean {
    const connection = this.#all.get(socket);
    if (connection === undefined || socket.destroyed) return false;
    const { responses } = connection;
    if (responses.size > 0) this.#pipelined += 1;
    responses.add(response);
    if (responses.size > maxPipelined || (responses.size > 1 && this.#pipelined > maxPipelinedInAll)) {
      this.#cut(connection, 'pipelined');
      return false;
    }
    if (responses.size === 1) {
      this.#idle.delete(connection);
      connection.takenAt = performance.now();
    }
    response.on('close', this.#onResponseClosed);
    return true;
  }

  /**
   * Calls back once, when the response has ended or its connection has: the responses that
   * a client did not await never close.
   */
  onEnd(response: ServerResponse, callback: () => void): void {
    const connection = this.#all.get(response.req.socket);
    if (connection === undefined || !connection.responses.has(response)) return callback();
    const endings = connection.endings.get(response);
    if (endings === undefined) connection.endings.set(response, [callback]);
    else endings.push(callback);
  }

  /** The response under way on a connection. */
  responseOn(socket: Socket): ServerResponse | undefined {
    return this.#all.get(socket)?.responses.values().next().value;
  }

  /** One listener for all responses, instead of a closure each. */
  #closedListener(): (this: ServerResponse) => void {
    const end = (response: ServerResponse): void => {
      const connection = this.#all.get(response.req.socket);
      if (connection !== undefined) this.#end(connection, response);
    };
    return function (this: ServerResponse) {
      end(this);
    };
  }

  /** Ends every connection: at once, or when its request is answered. */
  close(): void {
    this.#closing = true;
    clearInterval(this.#sweep);
    for (const { socket } of this.#idle) socket.destroy();
  }

  #accept(socket: Socket): void {
    if (this.#open >= this.#limits.maxConnections && !this.#makeRoom()) {
      this.#onCut('refused');
      socket.destroy();
      return;
    }
    const connection: Connection = {
      accepted: socket,
      socket,
      responses: new Set(),
      endings: new Map(),
      taken: 0,
      takenAt: 0,
    };
    this.#open += 1;
    const peer = peerOf(socket);
    this.#all.set(socket, connection);
    this.#byPeer.set(peer, connection);
    this.#idle.add(connection);
    socket.once('close', () => {
      this.#open -= 1;
      this.#all.delete(socket);
      this.#all.delete(connection.socket);
      if (this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer);
      this.#idle.delete(connection);
      for (const response of [...connection.responses]) this.#end(connection, response);
    });
  }

  #secure(socket: Socket): void {
    const connection = this.#byPeer.get(peerOf(socket));
    if (connection === undefined) return void socket.destroy();
    connection.socket = socket;
    this.#all.set(socket, connection);
  }

  /** Cuts the connection that has been idle for longest, if one is. */
  #makeRoom(): boolean {
    const [longest] = this.#idle;
    if (longest === undefined) return false;
    this.#cut(longest, 'idle');
    return true;
  }

  #cut(connection: Connection, cut: Cut): void {
    this.#onCut(cut);
    this.#idle.delete(connection);
    // The place is free from now on, though the close comes later.
    connection.socket.destroy();
    if (connection.accepted !== connection.socket) connection.accepted.destroy();
  }

  #end(connection: Connection, response: ServerResponse): void {
    const { responses, endings, socket } = connection;
    if (!responses.delete(response)) return;
    if (responses.size > 0) this.#pipelined -= 1;
    for (const callback of endings.get(response) ?? []) callback();
    endings.delete(response);
    if (responses.size > 0 || socket.destroyed) return;
    if (this.#closing) socket.destroySoon();
    else this.#idle.add(connection);
  }

  /** A connection whose answer has bytes to send, and whose reader has taken none of them for too long. */
  #cutStalled(): void {
    const now = performance.now();
    for (const connection of this.#all.values()) {
      const { socket, responses } = connection;
      if (responses.size === 0) continue;
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || taken !== connection.taken) {
        connection.taken = taken;
        connection.takenAt = now;
      } else if (now - connection.takenAt >= this.#limits.stalledMs) this.#cut(connection, 'stalled');
    }
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/**
 * Lets a connection be idle until its first byte, for as long as one between two requests. Balancers and browsers open
 * connections ahead of their first request, and Node would otherwise count the whole wait as a request that is late,
 * and answer 408.
 *
 * Call it before anything else listens for connections that expects Node to have them. From the first byte on, Node's
 * own limits hold.
 */
export function idleUntilFirstByte(server: Server, encrypted: boolean, idleMs: number): void {
  const event = encrypted ? 'secureConnection' : 'connection';
  const accept = server.listeners(event) as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    if (socket.destroyed) return;
    const onIdle = (): void => void socket.destroy();
    const onError = (): void => {};
    // Half open: nobody will ask anything there.
    const onEnd = (): void => void socket.destroy();
    socket.setTimeout(idleMs, onIdle).on('error', onError).once('end', onEnd);
    socket.once('data', chunk => {
      socket.setTimeout(0).off('timeout', onIdle).off('error', onError).off('end', onEnd);
      socket.pause();
      socket.unshift(chunk);
      for (const listener of accept) listener.call(server, socket);
      socket.resume();
    });
  });
}
