import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { z } from 'zod';
import { sampled } from '../sample.js';
import { text } from '../values.js';
import { asking, lookingUp, type RecordType, recordTypes } from './dns/query.js';
import { isHost, withoutBrackets } from './host.js';
import { defineProbe } from './probe.js';

interface DnsAddress {
  /** What is asked for. */
  readonly name: string;
  /** Undefined: as programs of this machine look names up. */
  readonly type: RecordType | undefined;
  /** An IPv6 address without brackets; undefined = the name servers of this machine. */
  readonly server: { readonly host: string; readonly port: number } | undefined;
}

const rcodes = ['NOERROR', 'NXDOMAIN', 'SERVFAIL', 'REFUSED'] as const;
const rcodeRule = `must be one of ${rcodes.join(', ')}`;
const answers = z
  .union([text, z.array(text).min(1)], { message: 'must be a text, or a list of them' })
  .transform(value => (typeof value === 'string' ? value.split('|') : value));

export const dnsProbe = defineProbe({
  kind: 'dns',
  schemes: ['dns'],
  form: 'dns://NAME',
  does: 'looks a name up as the programs of this machine do; `dns://SERVER/NAME?type=MX` asks that name server for records of a type (A by default)',
  expect: {
    answer: answers.optional(),
    rcode: z
      .string({ message: rcodeRule })
      .transform(word => word.toUpperCase())
      .pipe(z.enum(rcodes, { message: rcodeRule }))
      .default('NOERROR'),
  },
  parse,
  show: ({ name, type, server }) =>
    `dns://${server === undefined ? '' : `${authority(server)}/`}${name}${type === undefined ? '' : `?type=${type}`}`,
  run({ name, type, server, expect }, limits, tools) {
    if (type === undefined) return sampled(lookingUp(name, expect, tools.lookup ?? (lookup as LookupFunction)), limits);
    return sampled(asking({ name, type, server, expect, timeoutMs: limits.timeoutMs }), limits);
  },
});

function parse(address: string): DnsAddress | string {
  const rule = 'must be dns://NAME, or dns://SERVER/NAME?type=A';
  if (!/^dns:\/\/\S+$/i.test(address)) return rule;
  const [path = '', query, ...more] = address.slice('dns://'.length).split('?');
  const [first = '', second, ...rest] = path.replace(/\/$/, '').split('/');
  if (rest.length > 0 || more.length > 0) return rule;
  const parameters = new URLSearchParams(query ?? '');
  if ([...parameters.keys()].some(key => key !== 'type')) return 'takes nothing but ?type= after its name';
  const named = parameters.get('type')?.toUpperCase();
  const type = recordTypes.find(one => one === named);
  if (named !== undefined && type === undefined) return `must ask for a type among ${recordTypes.join(', ')}`;
  const name = second ?? first;
  // An address is asked for its name by PTR alone, and by itself.
  if (!isHost(name) || (isIP(name) !== 0 && (type ?? (second && 'PTR')) !== 'PTR')) return rule;
  if (second === undefined) return { name, type, server: undefined };
  const server = serverOf(first);
  return server === undefined ? rule : { name, type: type ?? (isIP(name) === 0 ? 'A' : 'PTR'), server };
}

/** `192.0.2.1`, `192.0.2.1:5353`, `[2001:db8::1]:53` or a name. */
function serverOf(written: string): DnsAddress['server'] {
  if (isIP(written) === 6) return { host: written, port: 53 };
  const [, host = '', port = '53'] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(written) ?? [];
  const bare = withoutBrackets(host);
  return isHost(bare) && Number(port) >= 1 && Number(port) <= 65_535 ? { host: bare, port: Number(port) } : undefined;
}

function authority({ host, port }: { readonly host: string; readonly port: number }): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return port === 53 ? shown : `${shown}:${port}`;
}
