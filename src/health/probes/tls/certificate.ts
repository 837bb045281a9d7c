import { checkServerIdentity, type DetailedPeerCertificate, type PeerCertificate, type TLSSocket } from 'node:tls';
import { z } from 'zod';
import { networkErrorWords } from '../../../network-errors.js';
import { quoted } from '../../comparison.js';

const dayMs = 86_400_000;
const maxChainLength = 10;
/** What OpenSSL says where the issuer of a certificate is neither sent nor known here. */
const issuerMissing: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

const daysRule = 'must be a number of days';
/** `certificate_days` of a target's `expect`. */
export const certificateDays = z.number({ message: daysRule }).min(0, daysRule).max(3650, daysRule).optional();

/** Until the first certificate of its chain ends, days; undefined without one, or without a date that can be read. */
export function daysLeft(socket: Pick<TLSSocket, 'getPeerCertificate'>, now: number): number | undefined {
  const ends = chainOf(socket).map(({ valid_to: end }) => Date.parse(end));
  const readable = ends.filter(end => !Number.isNaN(end));
  return readable.length === 0 ? undefined : Math.round(((Math.min(...readable) - now) / dayMs) * 10) / 10;
}

/** What is said when fewer days are left than are wanted, or nobody can say how many. */
export function expiryWarning(days: number | undefined, wanted: number | undefined): string | undefined {
  if (wanted === undefined) return undefined;
  if (days === undefined) return 'when the TLS certificate ends cannot be read from it';
  return days >= wanted ? undefined : `TLS certificate ends in ${days} days, fewer than ${wanted}`;
}

/**
 * Why what a server showed does not make it the one that was meant, in words; undefined when it does. For a connection
 * that was let through whatever it showed (`rejectUnauthorized: false`).
 * @param lenient a chain that lacks its intermediate certificates is forgiven, as browsers do; name and dates are not
 */
export function certificateFault(socket: TLSSocket, host: string, lenient: boolean, now: number): string | undefined {
  // The type says Error; it is the code of OpenSSL or of Node.
  const code = socket.authorizationError as unknown as string | undefined;
  if (!code) return undefined;
  const certificate = socket.getPeerCertificate(true);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return otherName(certificate, host);
  const alone = issuerMissing.has(code) && isAlone(certificate);
  if (!alone) return networkErrorWords[code] ?? `TLS certificate is not valid (${code})`;
  if (!lenient) {
    const issuer = quoted(certificate.issuer.CN ?? certificate.issuer.O ?? '');
    return `TLS chain ends at the server's own certificate: its issuer ${issuer} is neither sent nor trusted here`;
  }
  // OpenSSL reports one fault, and Node asks for the name only where there is none.
  if (Date.parse(certificate.valid_to) <= now) return networkErrorWords.CERT_HAS_EXPIRED;
  if (Date.parse(certificate.valid_from) > now) return networkErrorWords.CERT_NOT_YET_VALID;
  return checkServerIdentity(host, certificate) === undefined ? undefined : otherName(certificate, host);
}

function otherName({ subject, subjectaltname }: PeerCertificate, host: string): string {
  const names = (subjectaltname ?? `DNS:${subject?.CN ?? ''}`).replace(/(^|, )(?:DNS|IP Address):/g, '$1');
  return `TLS certificate is for ${quoted(names).slice(1, -1)}, not for ${host}`;
}

/** Its issuer was neither sent nor found. */
function isAlone(certificate: DetailedPeerCertificate): boolean {
  return certificate.issuerCertificate === undefined && certificate.subject !== undefined;
}

/** From the server's own up to the authority's, which is left out where it is known anyway. */
function chainOf(socket: Pick<TLSSocket, 'getPeerCertificate'>): readonly DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.valid_to !== undefined && chain.length < maxChainLength) {
    const isRoot: boolean = next.issuerCertificate?.fingerprint256 === next.fingerprint256;
    if (!isRoot || chain.length === 0) chain.push(next);
    next = isRoot ? undefined : next.issuerCertificate;
  }
  return chain;
}
