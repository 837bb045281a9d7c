import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The connections of a server, and which of them have a request under way. Node's own list takes one that has not sent anything yet for a
 * busy one.
 */
export class Connections {
  readonly #all = new Set<Socket>();
  readonly #busy = new Map<Socket, ServerResponse>();
  #closing = false;

  constructor(server: Server) {
    server.on('connection', socket => {
      this.#all.add(socket);
      socket.once('close', () => {
        this.#all.delete(socket);
        // When the client of a pipeline has gone, the responses it did not await never close.
        this.#busy.delete(socket);
      });
    });
  }

  /** A request has arrived; it is under way until its response closes. */
  begin(socket: Socket, response: ServerResponse): void {
    this.#busy.set(socket, response);
    response.once('close', () => {
      if (this.#busy.get(socket) !== response) return;
      this.#busy.delete(socket);
      if (this.#closing) socket.destroySoon();
    });
  }

  /** The response under way on a connection. */
  responseOn(socket: Socket): ServerResponse | undefined {
    return this.#busy.get(socket);
  }

  /** Ends every connection: at once, or when its request is answered. */
  close(): void {
    this.#closing = true;
    for (const socket of this.#all) if (!this.#busy.has(socket)) socket.destroy();
  }
}

/**
 * Lets a connection be idle until its first byte, for as long as one between two requests. Balancers and browsers open connections ahead of
 * their first request, and Node would otherwise count the whole wait as a request that is late, and answer 408.
 *
 * Call it before anything else listens for connections that expects Node to have them. From the first byte on, Node's own limits hold.
 */
export function idleUntilFirstByte(server: Server, idleMs: number): void {
  const accept = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', socket => {
    const onIdle = (): void => void socket.destroy();
    const onError = (): void => {};
    socket.setTimeout(idleMs, onIdle).on('error', onError);
    socket.once('data', chunk => {
      socket.setTimeout(0).off('timeout', onIdle).off('error', onError);
      socket.pause();
      socket.unshift(chunk);
      for (const listener of accept) listener.call(server, socket);
      socket.resume();
    });
  });
}
