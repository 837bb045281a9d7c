import type { TcpNetConnectOpts } from 'node:net';
import { z } from 'zod';
import { sampled } from '../sample.js';
import { text, yesOrNo } from '../values.js';
import { connectOptions } from './connect.js';
import { isHost, withoutBrackets } from './host.js';
import { defineProbe } from './probe.js';
import { certificateDays } from './tls/certificate.js';
import { handshaking } from './tls/handshake.js';
import { protocolForPort, protocols, type StartTls } from './tls/starttls.js';

interface TlsAddress {
  /** An IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** What is spoken before TLS; undefined = nothing. */
  readonly startTls: StartTls | undefined;
}

const protocolNames = Object.keys(protocols).join(', ');

export const tlsProbe = defineProbe({
  kind: 'tls',
  schemes: ['tls', 'starttls'],
  form: 'tls://host:port',
  does: `a TLS handshake, and a look at the certificate: its chain, its name, its days; \`starttls://host:port\` asks for TLS first, as mail servers want it (${protocolNames}; by the port, or \`?protocol=smtp\`)`,
  options: {
    ca: text.optional(),
    lenient: yesOrNo.default(false),
    server_name: z
      .string({ message: 'must be a host' })
      .refine(name => isHost(name), 'must be a host')
      .optional(),
  },
  expect: { certificate_days: certificateDays },
  readings: ['time_connect', 'time_tls', 'certificate_days_left'],
  parse,
  show: ({ host, port, startTls }) =>
    `${startTls === undefined ? 'tls' : 'starttls'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
  run({ host, port, startTls, ca, lenient, server_name: name = host, expect }, limits, tools) {
    const connect: TcpNetConnectOpts = { host, port, ...connectOptions(limits, tools) };
    const wantedDays = expect.certificate_days;
    return sampled(handshaking({ connect, startTls, name, ca, lenient, wantedDays, now: tools.clock.now }), limits);
  },
});

function parse(address: string): TlsAddress | string {
  const [scheme = ''] = /^[a-z]+/i.exec(address) ?? [];
  const starts = scheme.toLowerCase() === 'starttls';
  const rule = `must be ${starts ? 'starttls' : 'tls'}://host:port, with a port from 1 to 65535`;
  if (!/^[a-z]+:\/\/\S+$/i.test(address) || !URL.canParse(address)) return rule;
  const { hostname, port, username, password, pathname, search, searchParams } = new URL(address);
  const host = withoutBrackets(hostname);
  if (port === '' || port === '0' || !isHost(host)) return rule;
  if (username !== '' || password !== '' || pathname.length > 1) return rule;
  if (!starts) return search === '' ? { host, port: Number(port), startTls: undefined } : rule;
  const name = searchParams.get('protocol') ?? protocolForPort(Number(port));
  if (name === undefined) return `must say what is spoken at that port, as ?protocol=smtp (${protocolNames})`;
  const startTls = Object.hasOwn(protocols, name) ? protocols[name] : undefined;
  if (startTls === undefined || [...searchParams.keys()].some(key => key !== 'protocol'))
    return `must end in ?protocol= and one of ${protocolNames}`;
  return { host, port: Number(port), startTls };
}
