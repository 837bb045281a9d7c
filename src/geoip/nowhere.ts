import { AddressList } from '../ip-address.js';

const zero = 48;

/** Private networks, those of one machine or one link, of examples, groups and tests (IANA's registries, RFC 6890). */
const v4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3'],
];
const v6 = [
  ...['::/127', '100::/64', '2001:2::/48', '2001:db8::/32', '3fff::/20', 'fc00::/7', 'fe80::/10', 'fec0::/10'],
  'ff00::/8',
];
const list = new AddressList(v6);
/** Node makes two objects for each look at its own list, and most addresses of a log are IPv4. */
const networks = v4.map(network => {
  const [address = '', bits] = network.split('/');
  const mask = ~0 << (32 - Number(bits));
  return { mask, base: numberOf(address) & mask };
});

/** Addresses that are in no country, whatever a database says of them. Takes a canonical address. */
export function isNowhere(address: string): boolean {
  if (address.includes(':')) return list.has(address);
  const number = numberOf(address);
  for (const { mask, base } of networks) if ((number & mask) === base) return true;
  return false;
}

/** Its 32 bits. */
function numberOf(address: string): number {
  let number = 0;
  let part = 0;
  for (let at = 0; at < address.length; at += 1) {
    const digit = address.charCodeAt(at) - zero;
    if (digit >= 0) part = part * 10 + digit;
    else {
      number = (number << 8) | part;
      part = 0;
    }
  }
  return (number << 8) | part;
}
