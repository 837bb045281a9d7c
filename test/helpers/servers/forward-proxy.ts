import { createServer, request, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { portOf } from '../ports.js';

/**
 * A proxy as companies have them: asked for whole `http://` addresses, and by CONNECT for tunnels. Whatever host is
 * meant, it leads to one port of this machine.
 */
export class ForwardProxy {
  /** `GET http://host/path` or `CONNECT host:443`. */
  readonly asked: string[] = [];
  /** When set, who does not send this is answered 407. */
  authorization: string | undefined;
  /** A body for which it answers 403 itself, with a page. */
  forbids: (body: string) => boolean = () => false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(target: number) {
    this.#server = createServer(async (incoming, response) => {
      this.asked.push(`${incoming.method} ${incoming.url}`);
      if (this.#refuses(incoming.headers['proxy-authorization'])) return response.writeHead(407).end();
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      if (this.forbids(body.toString()))
        return response.writeHead(403, { 'content-type': 'text/html' }).end('<html>Access denied</html>');
      const { 'proxy-authorization': _own, ...headers } = incoming.headers;
      const { pathname, search } = new URL(incoming.url ?? '');
      const passed = request({
        port: target,
        host: '127.0.0.1',
        method: incoming.method,
        path: `${pathname}${search}`,
        headers,
      });
      passed.on('error', () => response.destroy());
      passed.on('response', answer => answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)));
      return passed.end(body);
    });
    this.#server.on('connect', (incoming, socket: Socket) => {
      this.asked.push(`CONNECT ${incoming.url}`);
      if (this.#refuses(incoming.headers['proxy-authorization'])) {
        return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      }
      const beyond = connect(target, '127.0.0.1', () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'));
      for (const end of [beyond, socket]) {
        this.#sockets.add(end);
        end.on('error', () => end.destroy());
      }
      return beyond.pipe(socket).pipe(beyond);
    });
  }

  get address(): string {
    return `127.0.0.1:${portOf(this.#server as never)}`;
  }

  async start(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise(closed => this.#server.close(closed));
  }

  #refuses(sent: string | undefined): boolean {
    return this.authorization !== undefined && sent !== this.authorization;
  }
}
