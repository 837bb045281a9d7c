import { connect, type TcpNetConnectOpts } from 'node:net';
import { failureOf } from '../reasons.js';
import { type Sample, sampled, type TakeSample } from '../sample.js';
import { connectOptions } from './connect.js';
import { isHost, withoutBrackets } from './host.js';
import { defineProbe } from './probe.js';

interface TcpAddress {
  /** An IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

export const tcpProbe = defineProbe({
  kind: 'tcp',
  schemes: ['tcp'],
  form: 'tcp://host:port',
  does: 'connects, and hangs up',
  parse,
  show: ({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`,
  run: ({ host, port }, limits, tools) => sampled(connecting({ host, port, ...connectOptions(limits, tools) }), limits),
});

function parse(address: string): TcpAddress | string {
  const rule = 'must be tcp://host:port, with a port from 1 to 65535';
  if (!/^tcp:\/\/\S+$/i.test(address) || !URL.canParse(address)) return rule;
  const { hostname, port, username, password, pathname, search } = new URL(address);
  const host = withoutBrackets(hostname);
  if (port === '' || port === '0' || !isHost(host)) return rule;
  if (username !== '' || password !== '' || pathname.length > 1 || search !== '') return rule;
  return { host, port: Number(port) };
}

function connecting(options: TcpNetConnectOpts): TakeSample {
  return signal =>
    new Promise<Sample>(resolve => {
      const began = performance.now();
      const socket = connect(options);
      const end = (sample: Sample): void => {
        signal.removeEventListener('abort', late);
        resolve(sample);
        socket.destroy();
      };
      const late = (): void => end({ reason: 'while connecting' });
      signal.addEventListener('abort', late, { once: true });
      socket.once('connect', () => end({ reason: undefined, seconds: (performance.now() - began) / 1000 }));
      socket.on('error', error => end(failureOf(error)));
    });
}
