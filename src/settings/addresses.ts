import { isIP, isIPv6 } from 'node:net';
import { z } from 'zod';
import { trimEnd } from '../trim-end.js';
import { refuse } from './refuse.js';

/** An address, read once. What uses it never parses it again, and may show `url` to anybody. */
export interface Address {
  /** Without user and password. */
  readonly url: string;
  /** Percent-decoded. */
  readonly user: string | undefined;
  readonly password: string | undefined;
}

const encode = 'percent-encode @ : / ? # % in user and password (%40 %3A %2F %3F %23 %25)';

/**
 * Why programs could read this address in different ways, or cannot read it at all; undefined when there is one
 * reading. Repeats no part of it. Stricter than the standard on purpose: where a password holds `#` or `/`, half of the
 * readers take the first part of it for the host, and show it to everybody.
 */
export function addressFlaw(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[\s\u0000-\u001f\u007f\\]/.test(text)) return 'holds a blank, a line break or a backslash: an address has none';
  if (/%(?![0-9a-f]{2})/i.test(text)) return `holds a % that begins no code: ${encode}`;
  if (decoded(text) === undefined) return 'holds a percent-code that is not UTF-8';
  if (text.includes('#')) return `holds a #, behind which no server is named: ${encode}`;
  const [, authority = '', rest = ''] = /^[a-z][a-z0-9+.-]*:\/\/([^/?]*)(.*)/is.exec(text) ?? [];
  if (rest.includes('@')) return `holds an @ behind the host: ${encode}; anywhere else, too, it is %40`;
  if (authority.indexOf('@') !== authority.lastIndexOf('@')) return `holds more than one @: ${encode}`;
  return undefined;
}

export interface AddressOptions {
  /**
   * Paths are put behind it, so that slashes at its end have no meaning and are taken off.
   * Otherwise it is used as it is written.
   */
  readonly base?: boolean;
}

/** The address of an HTTP server with one of these schemes, that `fetch` can reach. */
export function httpAddress(schemes: readonly ('http' | 'https')[], { base = false }: AddressOptions = {}) {
  return z.string().transform((value, context): Address => {
    const read = readHttpAddress(value, schemes);
    if ('flaw' in read) return refuse(context, read.flaw);
    const flaw = blockedPort(new URL(read.url).port);
    if (flaw !== undefined) return refuse(context, flaw);
    return base ? { ...read, url: trimEnd(read.url, '/') } : read;
  });
}

/** As it is written but for user and password. */
export function readHttpAddress(text: string, schemes: readonly string[]): Address | { readonly flaw: string } {
  const flaw = addressFlaw(text);
  if (flaw !== undefined) return { flaw };
  const [, scheme = '', user, password, host = '', rest = ''] =
    /^([a-z]+):\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?([^@/?]*)(.*)/is.exec(text) ?? [];
  if (!schemes.includes(scheme.toLowerCase())) {
    return { flaw: `must begin with ${schemes.join(':// or ')}://, such as ${schemes[0]}://host` };
  }
  if (isIPv6(host)) return { flaw: 'must have its IPv6 address in brackets, such as http://[::1]:8086' };
  const port = /:(\d+)$/.exec(host)?.[1];
  const url = `${scheme.toLowerCase()}://${host}${rest}`;
  if (host === '' || host.startsWith(':') || host.endsWith(':') || !URL.canParse(url) || Number(port) === 0) {
    return {
      flaw: `must be an address with a host and, when it needs one, a port from 1 to 65535, such as ${schemes[0]}://host`,
    };
  }
  return { url, user: decoded(user), password: decoded(password) };
}

/** The name or the address of one machine, as a listener or a connection takes it: an IPv6 address without brackets. */
export function host() {
  return z.string().transform((value, context) => {
    const bare = /^\[(.*)\]$/.exec(value)?.[1] ?? value;
    if (isIP(bare) !== 0 || /^(?!.*:\/\/)[\p{L}\p{N}]([\p{L}\p{N}._-]*[\p{L}\p{N}.])?$/u.test(bare)) return bare;
    return refuse(context, 'must be a host name or an address, without scheme and port, such as 0.0.0.0 or ::1');
  });
}

/** https://fetch.spec.whatwg.org/#port-blocking */
const blockedPorts: ReadonlySet<number> = new Set([
  ...[
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
  ],
  ...[
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
  ],
  ...[540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061],
  ...[6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
]);

/** Why `fetch` would never connect to a port; empty = the scheme's own. */
export function blockedPort(port: string | number): string | undefined {
  return blockedPorts.has(Number(port))
    ? `names port ${port}, which HTTP clients refuse because other protocols use it (the Fetch standard's list of bad ports): let the server listen on another`
    : undefined;
}

/** undefined where it is not UTF-8 in percent-encoding, or nothing. */
export function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
