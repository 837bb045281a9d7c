import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { type AddressList, canonicalAddress, type TrustedProxies } from '../ip-address.js';

/** Where a request comes from. */
export interface Origin {
  /** The client's address, in its canonical form. */
  readonly address: string;
  /** The client speaks TLS, to the proxy in front or to this daemon. */
  readonly secure: boolean;
}

/**
 * X-Forwarded-For is read from its end, where the nearest proxy wrote, and as far as the chain consists of trusted
 * ones: the first address that is not is the client's. What a proxy wrote that is not an address ends the chain at that
 * proxy.
 */
export function originOf(request: IncomingMessage, trusted: TrustedProxies): Origin {
  const { socket, headers } = request;
  const peer = canonicalAddress(socket.remoteAddress ?? '') ?? 'unknown';
  const encrypted = (socket as TLSSocket).encrypted === true;
  if (trusted === 'none' || (trusted !== 'peer' && !trusts(trusted, peer))) return { address: peer, secure: encrypted };
  const protocol = String(headers['x-forwarded-proto'] ?? '')
    .split(',')
    .at(-1);
  const secure = encrypted || protocol?.trim().toLowerCase() === 'https';
  let address = peer;
  const hops = String(headers['x-forwarded-for'] ?? '').split(',');
  for (const hop of hops.reverse()) {
    const next = canonicalAddress(withoutPort(hop.trim()));
    if (next === undefined) break;
    address = next;
    if (trusted === 'peer' || !trusts(trusted, next)) break;
  }
  return { address, secure };
}

function trusts(list: AddressList, address: string): boolean {
  return address !== 'unknown' && list.has(address);
}

/** Some balancers write the port too: `192.0.2.1:1234`, `[2001:db8::1]:1234`. */
function withoutPort(hop: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
}
