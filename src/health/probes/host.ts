import { isIP } from 'node:net';

/** No option of a program, no path, no shell: letters, digits, dots, hyphens. */
const hostName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*\.?$/i;

/** A name or an IP address, the latter without brackets. */
export function isHost(host: string): boolean {
  return isIP(host) !== 0 || hostName.test(host);
}

/** `::1` from `[::1]`. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
