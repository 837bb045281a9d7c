import { lookup, Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { errorCodeOf } from '../../../network-errors.js';
import { quoted } from '../../comparison.js';
import { failureOf, limitHereOf, reasonOf } from '../../reasons.js';
import type { Sample, TakeSample } from '../../sample.js';
import { answersOf, type Resolved } from './answers.js';

export const recordTypes = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const;
export type RecordType = (typeof recordTypes)[number];

export interface DnsExpectation {
  /** Each of them is among the answers. */
  readonly answer?: readonly string[] | undefined;
  readonly rcode: string;
}

export interface DnsQuery {
  readonly name: string;
  readonly type: RecordType;
  /** Undefined: the name servers of this machine. */
  readonly server: { readonly host: string; readonly port: number } | undefined;
  readonly expect: DnsExpectation;
  readonly timeoutMs: number;
}

/** The codes of c-ares that are answers of a name server. ENODATA: the name is there, without records of the type. */
const rcodes: Readonly<Record<string, string>> = {
  ENODATA: 'NOERROR',
  ENOTFOUND: 'NXDOMAIN',
  ESERVFAIL: 'SERVFAIL',
  EREFUSED: 'REFUSED',
  EFORMERR: 'FORMERR',
  ENOTIMP: 'NOTIMP',
};

const silence: Readonly<Record<string, string>> = {
  ETIMEOUT: 'the name server does not answer',
  ECONNREFUSED: 'nothing answers at the port of the name server',
  EBADRESP: 'the name server answers with what is not DNS',
};

/** As programs of this machine look a name up: hosts file, then its name servers. */
export function lookingUp(name: string, expect: DnsExpectation, find: LookupFunction): TakeSample {
  return signal =>
    new Promise<Sample>(resolve => {
      const began = performance.now();
      signal.addEventListener('abort', () => resolve({ reason: 'waiting for the look-up' }), { once: true });
      find(name, { all: true }, (error, found) => {
        const seconds = since(began);
        const code = errorCodeOf(error);
        if (error && code === 'ENOTFOUND') return resolve({ ...judged(expect, 'NXDOMAIN', []), seconds });
        // Here the name servers of this machine are what is checked.
        if (error) return resolve(limitHereOf(error) === undefined ? { reason: reasonOf(error) } : failureOf(error));
        const addresses = [found].flat().map(one => (typeof one === 'string' ? one : one.address));
        resolve({
          ...judged(
            expect,
            'NOERROR',
            addresses.map(address => [address]),
          ),
          seconds,
        });
      });
    });
}

/** One question to a name server, over UDP, and over TCP where the answer is too long for that. */
export function asking({ name, type, server, expect, timeoutMs }: DnsQuery): TakeSample {
  return async signal => {
    const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const began = performance.now();
    try {
      if (server !== undefined) resolver.setServers([await addressOf(server)]);
      const found =
        type === 'PTR' && isIP(name) !== 0 ? await resolver.reverse(name) : await resolver.resolve(name, type);
      return { ...judged(expect, 'NOERROR', answersOf(type, found as Resolved)), seconds: since(began) };
    } catch (error) {
      if (signal.aborted) return { reason: 'waiting for the name server' };
      const code = errorCodeOf(error) ?? '';
      const rcode = rcodes[code];
      if (rcode !== undefined) return { ...judged(expect, rcode, []), seconds: since(began) };
      return silence[code] === undefined ? failureOf(error) : { reason: silence[code] };
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

/** c-ares wants an address. */
async function addressOf({ host, port }: { readonly host: string; readonly port: number }): Promise<string> {
  const address = isIP(host) === 0 ? (await lookup(host)).address : host;
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

function judged(
  { rcode: wanted, answer = [] }: DnsExpectation,
  rcode: string,
  answers: ReturnType<typeof answersOf>,
): Sample {
  if (rcode !== wanted) return { reason: `name server answers ${inWords(rcode)} instead of ${wanted}` };
  if (rcode === 'NOERROR' && answers.length === 0) return { reason: 'the name has no records of this type' };
  const missing = answer.find(one => !answers.some(forms => forms.some(form => same(form, one))));
  if (missing === undefined) return { reason: undefined };
  const shown = answers.map(([form = '']) => form).join(', ');
  return { reason: `answer is ${quoted(shown)}, without ${quoted(missing)}` };
}

function inWords(rcode: string): string {
  return rcode === 'NXDOMAIN' ? 'NXDOMAIN (there is no such name)' : rcode;
}

/** Names are the same in any case, and with a final dot. */
function same(a: string, b: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/\.$/, '');
  return plain(a) === plain(b);
}

function since(began: number): number {
  return Math.round((performance.now() - began) * 1000) / 1e6;
}
