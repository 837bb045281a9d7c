import type { SlotName } from './slots.js';

/**
 * How nginx writes a value, where that is known. A field of a known shape ends where its shape ends; a free one ends
 * where its literal stands and what follows has the shape that must follow.
 *
 * numbers, addresses: the lists of `$upstream_*`, one item for each server asked, joined by `, ` and ` : `; an item may
 * be `-`.
 * word: without a space in it.
 */
export type Shape =
  | 'local time'
  | 'iso time'
  | 'integer'
  | 'decimal'
  | 'numbers'
  | 'addresses'
  | 'protocol'
  | 'word'
  | 'path'
  | 'free';

export interface Variable {
  readonly slot?: SlotName;
  /** Where several variables of a format could fill a slot, the lowest does. */
  readonly rank?: number;
  readonly shape?: Shape;
}

/**
 * https://nginx.org/en/docs/varindex.html: those that mean something here, or whose shape
 * is known. All others are free text.
 */
export const variables: Readonly<Record<string, Variable>> = {
  remote_addr: { slot: 'address' },
  realip_remote_addr: { slot: 'address', rank: 1 },
  proxy_protocol_addr: { slot: 'address', rank: 2 },
  http_x_real_ip: { slot: 'address', rank: 3 },
  http_x_forwarded_for: { slot: 'address', rank: 4 },
  proxy_add_x_forwarded_for: { slot: 'address', rank: 5 },
  remote_user: { slot: 'user' },
  time_local: { slot: 'timeLocal', shape: 'local time' },
  time_iso8601: { slot: 'timeIso', shape: 'iso time' },
  msec: { slot: 'msec', shape: 'decimal' },
  request: { slot: 'request' },
  request_method: { slot: 'method', shape: 'word' },
  request_uri: { slot: 'target', shape: 'path' },
  uri: { slot: 'target', rank: 1, shape: 'path' },
  document_uri: { slot: 'target', rank: 2, shape: 'path' },
  args: { slot: 'query' },
  query_string: { slot: 'query', rank: 1 },
  status: { slot: 'status', shape: 'integer' },
  body_bytes_sent: { slot: 'bytes', shape: 'integer' },
  bytes_sent: { slot: 'bytes', rank: 1, shape: 'integer' },
  http_referer: { slot: 'referrer' },
  http_user_agent: { slot: 'agent' },
  http_accept_language: { slot: 'languages' },
  pid: { slot: 'pid', shape: 'integer' },
  connection: { slot: 'connection', shape: 'integer' },
  content_length: { slot: 'received', shape: 'integer' },
  request_length: { slot: 'received', rank: 1, shape: 'integer' },
  request_time: { slot: 'duration', shape: 'decimal' },
  ...shaped('integer', [
    ...['connection_requests', 'remote_port', 'realip_remote_port', 'server_port'],
    ...['proxy_protocol_port', 'proxy_port', 'tcpinfo_rtt', 'tcpinfo_rttvar', 'tcpinfo_snd_cwnd', 'tcpinfo_rcv_space'],
    ...['connections_active', 'connections_reading', 'connections_writing', 'connections_waiting'],
  ]),
  ...shaped('decimal', ['connection_time', 'gzip_ratio']),
  ...shaped('numbers', [
    ...['upstream_response_time', 'upstream_connect_time', 'upstream_header_time', 'upstream_queue_time'],
    ...['upstream_status', 'upstream_response_length', 'upstream_bytes_received', 'upstream_bytes_sent'],
  ]),
  ...shaped('addresses', ['upstream_addr']),
  ...shaped('protocol', ['server_protocol']),
  ...shaped('word', [
    ...['scheme', 'pipe', 'request_id', 'hostname', 'https', 'http2', 'http3', 'request_completion', 'server_addr'],
    ...['ssl_protocol', 'ssl_cipher', 'ssl_session_reused', 'ssl_session_id'],
    ...['upstream_cache_status', 'limit_req_status', 'limit_conn_status'],
  ]),
};

/** Those that hold a list of addresses, the client's first. */
export const addressLists: ReadonlySet<string> = new Set(['http_x_forwarded_for', 'proxy_add_x_forwarded_for']);

function shaped(shape: Shape, names: readonly string[]): Readonly<Record<string, Variable>> {
  return Object.fromEntries(names.map(name => [name, { shape }]));
}
