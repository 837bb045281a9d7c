import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';
import type { Pair } from '../certificates.js';
import { portOf } from '../ports.js';

/** Speaks TLS for a server of this machine that does not. */
export class TlsRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number, pair: Pair) {
    this.#server = createServer(pair, socket => {
      const beyond = connect(target, '127.0.0.1');
      for (const end of [beyond, socket]) {
        this.#sockets.add(end);
        end.on('error', () => end.destroy());
        end.on('close', () => this.#sockets.delete(end));
      }
      beyond.on('close', () => socket.destroy());
      socket.on('close', () => beyond.destroy());
      beyond.pipe(socket).pipe(beyond);
    });
    // A client that does not trust the certificate hangs up.
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(target: number, pair: Pair): Promise<TlsRelay> {
    const relay = new TlsRelay(target, pair);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return portOf(this.#server);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(closed => this.#server.close(closed));
  }
}
