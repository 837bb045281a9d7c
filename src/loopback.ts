import { BlockList, isIP, isIPv6 } from 'node:net';

/** 127.0.0.0/8, also as IPv6 writes it, and ::1 in any spelling. */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');
loopback.addAddress('::1', 'ipv6');

/** Whether a host, an IPv6 address without brackets, is this very machine by its name or address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIP(host) !== 0 && loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4'));
}
