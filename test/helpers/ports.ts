import { createServer, type Server } from 'node:net';

/**
 * Below those that Linux gives to connections and to who asks for any port: what is free stays free until a server
 * that was stopped comes back to it.
 */
const first = 12_000;
const last = 32_000;
const maxTries = 1_000;

/** Ports of 127.0.0.1 that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries += 1) {
    if (tries === maxTries) throw new Error(`no ${count} ports are free between ${first} and ${last}`);
    const port = first + Math.floor(Math.random() * (last - first));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** On the port that it had before, or on one to which it can come back. Resolves with the port. */
export async function listenAgain(server: Server, before: number): Promise<number> {
  const port = before === 0 ? await freePort() : before;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return port;
}

/** Port of a listening server. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
  return address.port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
