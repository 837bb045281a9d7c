import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type LookupFunction, type Socket } from 'node:net';

/**
 * A host that is slow to connect to: its process stands still until `wake`, so that the kernel drops the first packet
 * of a connection, which TCP sends again after a second. Its name also has an IPv6 address at which nothing listens.
 */
export interface DistantHost {
  readonly name: string;
  readonly port: number;
  readonly lookup: LookupFunction;
  wake(): void;
  stop(): Promise<void>;
}

const program = `
const target = Number(process.argv[1]);
const server = target === 0
  ? require('node:http').createServer((request, response) => response.end('hello'))
  : require('node:net').createServer(socket => {
      const beyond = require('node:net').connect(target, '127.0.0.1');
      for (const end of [socket, beyond]) end.on('error', () => {}).on('close', () => { socket.destroy(); beyond.destroy(); });
      socket.pipe(beyond).pipe(socket);
    });
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

/** @param target the port of this machine that is to answer there; by default it says hello over HTTP */
export async function distantHost(target = 0): Promise<DistantHost> {
  const child = spawn(process.execPath, ['-e', program, String(target)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  child.kill('SIGSTOP');
  const waiting = await fillBacklog(port);
  return {
    name: 'distant.example.org',
    port,
    lookup: (_name, _options, callback) =>
      callback(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ]),
    wake: () => {
      for (const socket of waiting) socket.destroy();
      child.kill('SIGCONT');
    },
    stop: async () => {
      for (const socket of waiting) socket.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** Connects until the kernel takes no more; a stopped process accepts none. */
async function fillBacklog(port: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < 16) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<false>(resolve => setTimeout(resolve, 200, false)),
    ]);
    if (!connected) return sockets;
  }
  throw new Error('the kernel takes any number of connections for a stopped process');
}
