import { isIP } from 'node:net';
import type { FileCheck, HttpCheck, PingCheck, QueueCheck, TcpCheck } from './target.js';

/** A target's address, taken apart. */
export interface Address {
  readonly check:
    | Pick<HttpCheck, 'kind' | 'url'>
    | TcpCheck
    | Pick<QueueCheck, 'kind' | 'queue'>
    | FileCheck
    | PingCheck;
  /** Without user, password and query. */
  readonly shown: string;
  readonly secrets: readonly string[];
}

/** Ends the sentence "<target> …", and never shows the address: it may hold secrets. */
export type AddressProblem = string;

const forms = 'must be http(s)://…, tcp://host:port, queue:NAME, file:PATH or ping:HOST';

/** No option of a program, no path, no shell: letters, digits, dots, hyphens. */
const hostName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*\.?$/i;

export function parseAddress(text: string): Address | AddressProblem {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/is.exec(text) ?? [];
  switch (scheme.toLowerCase()) {
    case 'http':
    case 'https':
      return parseHttp(text);
    case 'tcp':
      return parseTcp(text);
    case 'queue':
      return parseQueue(rest);
    case 'file':
      return parseFile(rest);
    case 'ping':
      return parsePing(rest);
    default:
      return forms;
  }
}

function parseHttp(text: string): Address | AddressProblem {
  if (!/^https?:\/\/\S+$/i.test(text) || !URL.canParse(text)) return 'is no URL that can be read';
  const url = new URL(text);
  url.hash = '';
  return {
    check: { kind: 'http', url: url.href },
    shown: `${url.origin}${url.pathname}`,
    secrets: secretsOf(url),
  };
}

function parseTcp(text: string): Address | AddressProblem {
  const wanted = 'must be tcp://host:port, with a port from 1 to 65535';
  if (!/^tcp:\/\/\S+$/i.test(text) || !URL.canParse(text)) return wanted;
  const { hostname, port, username, password, pathname, search } = new URL(text);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (port === '' || port === '0' || !isHost(host)) return wanted;
  if (username !== '' || password !== '' || pathname.length > 1 || search !== '') return wanted;
  return { check: { kind: 'tcp', host, port: Number(port) }, shown: `${hostname}:${port}`, secrets: [] };
}

function parseQueue(queue: string): Address | AddressProblem {
  if (queue === '' || Buffer.byteLength(queue) > 255) return 'must name a queue of 1 to 255 bytes, as queue:NAME';
  return { check: { kind: 'queue', queue }, shown: `queue:${queue}`, secrets: [] };
}

function parseFile(rest: string): Address | AddressProblem {
  const path = rest.replace(/^\/\/(?=\/)/, '');
  if (!path.startsWith('/') || path.includes('\0')) return 'must name a path from the root, as file:/path';
  return { check: { kind: 'file', path }, shown: `file:${path}`, secrets: [] };
}

function parsePing(rest: string): Address | AddressProblem {
  const host = rest.replace(/^\/\//, '').replace(/^\[(.*)\]$/, '$1');
  if (!isHost(host)) return 'must name a host or an IP address, as ping:HOST';
  return { check: { kind: 'ping', host }, shown: `ping:${host}`, secrets: [] };
}

function isHost(host: string): boolean {
  return isIP(host) !== 0 || hostName.test(host);
}

/** As written in the URL, and as they are once decoded. */
function secretsOf({ username, password, search, searchParams }: URL): string[] {
  return [
    username,
    decoded(username),
    password,
    decoded(password),
    search.slice(1),
    ...[...searchParams.values()].flatMap(value => [value, encodeURIComponent(value)]),
  ];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
