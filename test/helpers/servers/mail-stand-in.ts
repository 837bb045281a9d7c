import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Pair } from '../certificates.js';
import { portOf } from '../ports.js';

export interface Script {
  /** What it says first. */
  readonly hello: string;
  /** Answers by the line they answer; a line that is not here gets none. */
  readonly answers: Readonly<Record<string, string>>;
  /** The line after whose answer it expects a handshake. */
  readonly starts?: string;
}

/** A server that speaks a few lines of a mail protocol, and then TLS. */
export async function startMailStandIn(script: Script, pair: Pair): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    socket.write(`${script.hello}\r\n`);
    const read = (chunk: Buffer): void => {
      for (const line of chunk.toString('latin1').split('\r\n').filter(Boolean)) {
        const answer = script.answers[line.split(' ')[0] === 'EHLO' ? 'EHLO' : line];
        if (answer !== undefined) socket.write(`${answer}\r\n`);
        if (line !== script.starts) continue;
        socket.off('data', read);
        new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(pair) }).on('error', () => {});
      }
    };
    socket.on('data', read);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: portOf(server),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise(closed => server.close(closed));
    },
  };
}
