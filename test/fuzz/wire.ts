import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Splits what a server sends into answers; `methods` says to what, since an answer to HEAD has no body. */
export class AnswerReader {
  readonly answers: RawAnswer[] = [];
  readonly #methods: readonly string[];
  #rest: Buffer = Buffer.alloc(0);

  constructor(methods: readonly string[]) {
    this.#methods = methods;
  }

  /** Bytes that are no whole answer yet. */
  get left(): number {
    return this.#rest.length;
  }

  /** @throws Error when it is not HTTP */
  read(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#one());
  }

  #one(): boolean {
    const end = this.#rest.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const [first = '', ...lines] = this.#rest.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    if (!(status >= 100)) throw new Error(`no status line: ${first}`);
    const begin = end + 4;
    if (status < 200) {
      this.#rest = this.#rest.subarray(begin);
      return true;
    }
    const headers = new Map(
      lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const empty = status === 204 || status === 304 || this.#methods[this.answers.length] === 'HEAD';
    const body = empty ? { text: '', end: begin } : this.#body(begin, headers);
    if (body === undefined) return false;
    this.answers.push({ status, headers, body: body.text });
    this.#rest = this.#rest.subarray(body.end);
    return true;
  }

  #body(begin: number, headers: ReadonlyMap<string, string>): { text: string; end: number } | undefined {
    if (headers.get('transfer-encoding') !== 'chunked') {
      const end = begin + Number(headers.get('content-length') ?? 0);
      return end > this.#rest.length ? undefined : { text: this.#rest.toString('utf8', begin, end), end };
    }
    const pieces: Buffer[] = [];
    for (let at = begin; ; ) {
      const line = this.#rest.indexOf('\r\n', at);
      if (line === -1) return undefined;
      const size = Number.parseInt(this.#rest.toString('latin1', at, line), 16);
      const next = line + 2 + size + 2;
      if (next > this.#rest.length) return undefined;
      if (size === 0) return { text: Buffer.concat(pieces).toString(), end: next };
      pieces.push(this.#rest.subarray(line + 2, line + 2 + size));
      at = next;
    }
  }
}

export interface Exchange {
  readonly answers: readonly RawAnswer[];
  /** The server ended the connection before all answers were there. */
  readonly ended: boolean;
  /** Neither happened in time. */
  readonly late: boolean;
}

/**
 * Sends the bytes, and hears the answers, until all are there or the server ends the connection.
 * `halfClose`: says that no more will come.
 */
export function exchange(
  port: number,
  request: Buffer,
  methods: readonly string[],
  { patienceMs, halfClose }: { readonly patienceMs: number; readonly halfClose: boolean },
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader(methods);
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const finish = (ended: boolean, late: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answers: reader.answers, ended, late });
    };
    const timer = setTimeout(() => finish(false, true), patienceMs);
    socket.on('connect', () => {
      if (halfClose) socket.end(request);
      else socket.write(request);
    });
    socket.on('data', chunk => {
      try {
        reader.read(chunk);
      } catch (error) {
        clearTimeout(timer);
        socket.destroy();
        reject(error);
      }
      if (reader.answers.length >= methods.length) finish(false, false);
    });
    socket.on('close', () => finish(true, false));
    socket.on('error', error => {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ECONNRESET' || code === 'EPIPE') return;
      clearTimeout(timer);
      reject(error);
    });
  });
}
