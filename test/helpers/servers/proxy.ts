import { createServer, type Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenAgain, portOf } from '../ports.js';

/**
 * What becomes of connections, those that are open and those to come:
 *
 * - pass: as if the proxy was not there;
 * - refuse: nobody listens, open connections are reset;
 * - cut: connections are accepted and reset at once, open ones too;
 * - black-hole: connections stay open, and nothing travels any more in either direction (half-open, a dropped route);
 *   what was held is passed on when the mode changes, as a network's retransmission would;
 * - slow: bytes travel `latency` ms late and `bytesPerSecond` at most;
 * - cut-answer: the first `bytes` of each answer pass, then the connection is reset: the server may have done what was
 *   asked.
 */
export type ProxyMode =
  | { readonly mode: 'pass' | 'refuse' | 'cut' | 'black-hole' }
  | { readonly mode: 'slow'; readonly latency?: number; readonly bytesPerSecond?: number }
  | { readonly mode: 'cut-answer'; readonly bytes: number };

/** A TCP proxy with faults, in front of a server that a test uses. */
export class FaultProxy {
  /** Connections that were accepted since the start. */
  accepted = 0;
  readonly port: number;
  readonly #target: { host: string; port: number };
  readonly #pairs = new Set<Pair>();
  #server: Server | undefined;
  #mode: ProxyMode = { mode: 'pass' };

  private constructor(server: Server, target: { host: string; port: number }) {
    this.#server = server;
    this.#target = target;
    this.port = portOf(server);
    this.#serve(server);
  }

  static async start(targetPort: number, host = '127.0.0.1'): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true });
    await listenAgain(server, 0);
    return new FaultProxy(server, { host, port: targetPort });
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Resolves when the mode is in force. */
  async set(mode: ProxyMode | ProxyMode['mode']): Promise<void> {
    this.#mode = typeof mode === 'string' ? ({ mode, bytes: 0 } as ProxyMode) : mode;
    const { mode: name } = this.#mode;
    if (name === 'refuse' || name === 'cut') this.cutAll();
    for (const pair of this.#pairs) pair.setMode(this.#mode);
    if (name === 'refuse') await this.#stopListening();
    else if (!this.#server) {
      const server = createServer({ allowHalfOpen: true });
      this.#serve(server);
      await listenAgain(server, this.port);
      this.#server = server;
    }
  }

  /** Resets every open connection; new ones find the mode unchanged. */
  cutAll(): void {
    for (const pair of this.#pairs) pair.reset();
  }

  async stop(): Promise<void> {
    this.cutAll();
    await this.#stopListening();
  }

  #serve(server: Server): void {
    server.on('connection', client => {
      this.accepted += 1;
      if (this.#mode.mode === 'cut') {
        client.on('error', () => {});
        client.resetAndDestroy();
        return;
      }
      const pair = new Pair(client, this.#target, this.#mode, () => this.#pairs.delete(pair));
      this.#pairs.add(pair);
    });
  }

  async #stopListening(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise(closed => server.close(closed));
  }
}

/** One connection of the client and the one that was opened for it. */
class Pair {
  readonly #client: Socket;
  readonly #server = new Socket({ allowHalfOpen: true });
  readonly #over: () => void;
  readonly #ended = new AbortController();
  #mode: ProxyMode;
  #passed = new Map<Socket, Promise<void>>();
  #resume: () => void = () => {};
  #held: Promise<void> = Promise.resolve();

  constructor(client: Socket, target: { host: string; port: number }, mode: ProxyMode, over: () => void) {
    this.#client = client;
    this.#over = over;
    this.#mode = { mode: 'pass' };
    this.setMode(mode);
    this.#server.connect(target);
    this.#pipe(client, this.#server);
    this.#pipe(this.#server, client);
  }

  setMode(mode: ProxyMode): void {
    const wasHeld = this.#mode.mode === 'black-hole';
    this.#mode = mode;
    if (mode.mode === 'black-hole') {
      if (wasHeld) return;
      this.#held = new Promise(resume => {
        this.#resume = resume;
      });
    } else this.#resume();
  }

  reset(): void {
    this.#ended.abort();
    this.#resume();
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
    this.#over();
  }

  /** Pieces travel one after the other, each when the mode lets it. */
  #pipe(from: Socket, to: Socket): void {
    const next = (travel: () => Promise<void>): void => {
      const before = this.#passed.get(from) ?? Promise.resolve();
      this.#passed.set(
        from,
        before.then(travel).catch(() => {}),
      );
    };
    from.on('data', (piece: Buffer) => {
      from.pause();
      next(async () => {
        await this.#travel(piece, to);
        from.resume();
      });
    });
    from.on('end', () =>
      next(async () => {
        await this.#held;
        to.end();
      }),
    );
    from.on('error', () => this.reset());
    from.on('close', () => {
      if (this.#client.destroyed && this.#server.destroyed) this.#over();
    });
  }

  async #travel(piece: Buffer, to: Socket): Promise<void> {
    await this.#held;
    const mode = this.#mode;
    if (mode.mode === 'cut-answer' && to === this.#client) {
      to.write(piece.subarray(0, mode.bytes), () => this.reset());
      return;
    }
    if (mode.mode === 'slow') {
      const { latency = 0, bytesPerSecond = Number.POSITIVE_INFINITY } = mode;
      const ms = latency + (piece.length / bytesPerSecond) * 1_000;
      await sleep(ms, undefined, { signal: this.#ended.signal });
    }
    await new Promise<void>(sent => to.write(piece, () => sent()));
  }
}
