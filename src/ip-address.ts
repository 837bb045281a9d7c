import { BlockList, isIP, isIPv4, isIPv6, SocketAddress } from 'node:net';

/**
 * The one form in which an address is counted, compared and shown: IPv6 as RFC 5952 writes it, and an IPv4 address as
 * such also where IPv6 carries it (::ffff:192.0.2.1). Undefined for what is not an address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const [bare = ''] = text.split('%');
  if (!isIPv6(bare)) return undefined;
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1] ?? address;
}

/**
 * Who is counted as one: an IPv4 address, or the /64 that one subscriber of IPv6 has to choose
 * addresses from. Takes a canonical address.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - behind.length;
  const whole = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...behind];
  return `${whole.slice(0, 4).join(':')}::/64`;
}

/**
 * Whose X-Forwarded-For and X-Forwarded-Proto are believed: nobody's, those of whoever
 * connects, or those of these proxies.
 */
export type TrustedProxies = 'none' | 'peer' | AddressList;

/** Addresses and networks (`10.0.0.0/8`, `2001:db8::/32`). */
export class AddressList {
  readonly #list = new BlockList();

  /** @throws RangeError for an entry that is neither; its message ends a sentence that begins with the entry */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry);
  }

  /** Takes a canonical address. */
  has(address: string): boolean {
    return this.#list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  #add(entry: string): void {
    const [text = '', bits, ...more] = entry.split('/');
    const address = canonicalAddress(text);
    if (address === undefined || more.length > 0) throw new RangeError('is neither an address nor a network');
    const whole = isIPv4(address) ? 32 : 128;
    // The prefix of a network that was written as ::ffff:10.0.0.0/104 counts from the start of the IPv6 form.
    const length = bits === undefined ? whole : Number(bits) - (isIP(text) === 6 && whole === 32 ? 96 : 0);
    if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || length < 0 || length > whole))
      throw new RangeError(`has a prefix that is not 0 to ${whole}`);
    this.#list.addSubnet(address, length, whole === 32 ? 'ipv4' : 'ipv6');
  }
}
