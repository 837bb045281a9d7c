import { connect, type Socket } from 'node:net';

/** The daemon gives headers 15 s and looks every 2; a busy machine takes its time. */
const longestSeconds = 40;

/**
 * Connections that send a byte a second, of headers that never end: they may hold nobody
 * up, and must be ended by the server.
 */
export class Sloths {
  readonly #sockets: Socket[];
  readonly #timer: NodeJS.Timeout;
  readonly #began = performance.now();
  readonly #endings: { readonly seconds: number; readonly answer: string }[] = [];

  constructor(port: number, count: number) {
    this.#sockets = Array.from({ length: count }, () => this.#open(port));
    this.#timer = setInterval(() => {
      for (const socket of this.#sockets) if (socket.writable) socket.write('x');
    }, 1_000);
  }

  /** How many the daemon has let live for longer than it should. */
  get overdue(): number {
    const seconds = (performance.now() - this.#began) / 1_000;
    return seconds < longestSeconds ? 0 : this.#sockets.length - this.#endings.length;
  }

  /** How they fared, in words. */
  async end(): Promise<string> {
    clearInterval(this.#timer);
    const count = this.#sockets.length;
    for (const socket of this.#sockets) socket.destroy();
    const timedOut = this.#endings.filter(({ answer }) => answer.startsWith('HTTP/1.1 408 ')).length;
    const longest = Math.max(0, ...this.#endings.map(({ seconds }) => seconds));
    return `${this.#endings.length} of ${count} slow connections were ended by the daemon, ${timedOut} with 408, the last after ${longest.toFixed(0)} s`;
  }

  #open(port: number): Socket {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    socket.on('data', chunk => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('end', () => this.#endings.push({ seconds: (performance.now() - this.#began) / 1_000, answer }));
    return socket;
  }
}
