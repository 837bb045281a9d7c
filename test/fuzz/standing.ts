import { connect, type Socket } from 'node:net';
import type { Keys } from './requests.js';

/**
 * 15 s for headers, 30 s for a body or an answer that nobody takes, 75 s for a connection that says nothing; a busy
 * machine takes its time.
 */
const longestSeconds = 110;

interface Kind {
  readonly name: string;
  readonly send: string;
  /** Says that no more will come, and keeps the other direction open. */
  readonly halfCloses?: true;
  /** Takes a byte now and then, or nothing. */
  readonly reads: 'all' | 'slowly' | 'nothing';
  /** It may live for as long as it likes, or cannot notice its end because it does not read. */
  readonly mayStand?: true;
}

const head = (path: string, key: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\n\r\n`;
const post = (key: string): string =>
  `POST /v1/events HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n`;

const kinds = ({ publish, read }: Keys): readonly Kind[] => [
  { name: 'says nothing', send: '', reads: 'all' },
  { name: 'ends before it says anything', send: '', halfCloses: true, reads: 'all' },
  { name: 'ends in the headers', send: post(publish).slice(0, 60), halfCloses: true, reads: 'all' },
  { name: 'ends in the body', send: `${post(publish)}{"category":`, halfCloses: true, reads: 'all' },
  { name: 'stops in the body', send: `${post(publish)}{"category":`, reads: 'all' },
  { name: 'asks and ends', send: head('/v1/status', read), halfCloses: true, reads: 'all' },
  { name: 'takes nothing', send: head('/v1/events?limit=1000', read).repeat(20), reads: 'nothing', mayStand: true },
  { name: 'takes a byte', send: head('/v1/events?limit=1000', read).repeat(20), reads: 'slowly', mayStand: true },
  { name: 'listens to nothing', send: head('/v1/stream', read), reads: 'nothing', mayStand: true },
];

interface Client {
  readonly socket: Socket;
  readonly began: number;
  readonly kind: Kind;
}

/**
 * Clients that stand: half open, or slow to read. They may hold nobody up, and the daemon ends them; then others come
 * in their place.
 */
export class Standing {
  readonly #port: number;
  readonly #kinds: readonly Kind[];
  readonly #clients = new Set<Client>();
  readonly #timer: NodeJS.Timeout;
  #ended = 0;
  #longestMs = 0;
  #over = false;

  constructor(port: number, keys: Keys, ofEach: number) {
    this.#port = port;
    this.#kinds = kinds(keys);
    for (const kind of this.#kinds) for (let count = 0; count < ofEach; count += 1) this.#open(kind);
    this.#timer = setInterval(() => {
      for (const { socket, kind } of this.#clients) if (kind.reads === 'slowly') socket.read(1);
    }, 1_000);
  }

  /** In words, those whom the daemon has let live for longer than it should. */
  get overdue(): string[] {
    return [...this.#clients]
      .filter(({ began, kind }) => !kind.mayStand && performance.now() - began > longestSeconds * 1_000)
      .map(({ kind }) => kind.name);
  }

  end(): string {
    this.#over = true;
    clearInterval(this.#timer);
    for (const { socket } of this.#clients) socket.destroy();
    return `${this.#ended} clients that stood were ended by the daemon, the last of them after ${(this.#longestMs / 1_000).toFixed(0)} s`;
  }

  #open(kind: Kind): void {
    const socket = connect({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true });
    const client = { socket, began: performance.now(), kind };
    this.#clients.add(client);
    if (kind.halfCloses) socket.end(kind.send);
    else if (kind.send !== '') socket.write(kind.send);
    if (kind.reads === 'all') socket.resume();
    else socket.pause();
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      if (this.#over) return;
      this.#clients.delete(client);
      this.#ended += 1;
      this.#longestMs = Math.max(this.#longestMs, performance.now() - client.began);
      setTimeout(() => this.#over || this.#open(kind), 1_000);
    });
  }
}
