import { deflateSync, gzipSync } from 'node:zlib';
import type { Random } from '../helpers/random.js';
import { bytes, event, jsonText, knownNames, name, text, value, worstText } from './values.js';

/** A request as it goes over the wire. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly bytes: Buffer;
}

export interface Keys {
  readonly all: string;
  readonly publish: string;
  readonly read: string;
}

/** More of what takes events; without the stream, whose answer has no end. */
const routes = [
  ...Array<string>(24).fill('POST /v1/events'),
  ...Array<string>(2).fill('POST /v1/service-status'),
  ...['GET /v1/events', 'GET /v1/dead-letters', 'POST /v1/dead-letters/redrive', 'DELETE /v1/dead-letters'],
  ...['POST /v1/publish', 'GET /v1/series', 'POST /v1/session', 'DELETE /v1/session', 'GET /v1/ledger'],
  ...['GET /healthz', 'GET /readyz', 'GET /nothing', 'PUT /v1/events', 'OPTIONS /v1/events', 'HEAD /v1/events'],
  ...['PATCH /', 'DELETE /healthz', 'TRACE /v1/events', 'GET /v1/events/../../etc/passwd', 'GET /__proto__'],
];

const parameters = [
  ...['limit', 'cursor', 'category', 'type', 'from', 'to', 'sink', 'key', 'all', 'step', 'field', 'by', 'nonsense'],
  ...['__proto__', 'limit[]', ''],
];

/** Headers whose value somebody might play with. */
const headers = [
  ...['x-request-id', 'idempotency-key', 'event-source', 'cookie', 'origin', 'x-forwarded-for', 'x-forwarded-proto'],
  ...['accept', 'authorization', 'x-requested-with', 'if-none-match', 'range', 'referer', 'content-language', 'te'],
];

const types = [
  ...Array<string>(24).fill('application/json'),
  ...['application/x-ndjson', 'application/x-ndjson', 'application/ndjson', 'application/json; charset=utf-8'],
  ...['application/json; charset=utf-16', 'text/plain', 'multipart/form-data; boundary=x', '', 'application/json;;=;'],
];

/** Well framed, so that it gets an answer of its own; everything else about it may be wrong. */
export function wellFramed(random: Random, keys: Keys): RawRequest {
  const [method = '', path = ''] = random.pick(routes).split(' ');
  const target = path + query(random, method);
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: 127.0.0.1'];
  const key = random.chance(0.8) ? keys.all : random.pick([keys.publish, keys.publish, keys.read, 'wrong', '']);
  if (key !== '') lines.push(random.chance(0.8) ? `X-API-Key: ${key}` : `Authorization: Bearer ${key}`);
  if (random.chance(0.2)) lines.push(`${random.pick(headers)}: ${headerText(random)}`);
  if (method !== 'POST' && method !== 'PUT')
    return { method, target, bytes: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1') };

  lines.push(`Content-Type: ${random.pick(types)}`);
  const body = packed(random, Buffer.from(content(random, path)), lines);
  if (random.chance(0.05)) lines.push('Expect: 100-continue');
  if (random.chance(0.9)) {
    lines.push(`Content-Length: ${body.length}`);
    return { method, target, bytes: Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]) };
  }
  lines.push('Transfer-Encoding: chunked');
  return {
    method,
    target,
    bytes: Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), ...chunks(random, body)]),
  };
}

function query(random: Random, method: string): string {
  if (random.chance(method === 'POST' ? 0.9 : 0.3)) return '';
  const pairs = Array.from({ length: random.integer(1, 3) }, () => {
    const given = random.chance(0.5)
      ? random.pick(['1', '-1', '1000', '0', 'local', 'true', '60000', 'upload'])
      : text(random);
    return `${encodeURIComponent(random.pick(parameters))}=${encoded(given.slice(0, 500))}`;
  });
  return `?${pairs.join('&')}`;
}

/** As encodeURIComponent, which throws at half a surrogate pair. */
function encoded(given: string): string {
  return encodeURIComponent(Buffer.from(given).toString());
}

/** What HTTP allows in a header's value. */
function headerText(random: Random): string {
  return Buffer.from(text(random))
    .toString('latin1')
    .replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '?')
    .slice(0, 2_000);
}

function content(random: Random, path: string): string {
  if (path === '/v1/service-status') {
    const status = random.pick(['up', 'down', 'degraded', 'maintenance', text(random)]);
    return jsonText(random, { service_name: text(random), status, message: value(random) });
  }
  if (path.startsWith('/v1/dead-letters'))
    return jsonText(random, { sink: random.pick(['local', 'x']), keys: [text(random)] });
  if (path === '/v1/publish') return jsonText(random, publication(random));
  if (random.chance(0.004)) return slow(random);
  const count = random.pick([0, 1, 1, 1, 1, 1, 2, 3, 5]);
  const events = Array.from({ length: count }, () => (random.chance(0.5) ? plain(random) : event(random)));
  const kind = random.integer(1, 10);
  if (kind <= 4 && count === 1) return jsonText(random, events[0]);
  if (kind <= 7) return jsonText(random, events);
  return events.map(one => jsonText(random, one)).join(random.pick(['\n', '\r\n', '\n\n', ' ']));
}

/**
 * One that a careless pattern, or a careless loop over fields, would be slow at: a long text in a known field,
 * thousands of names, or a long number.
 */
function slow(random: Random): string {
  const kind = random.integer(1, 4);
  const category = random.pick(['upload', 'page_view', 'view_resource']);
  if (kind === 1) {
    const names = Array.from({ length: 5_000 }, (_, index) => [`${name(random).slice(0, 60)}${index}`, index]);
    return jsonText(random, { category, ...Object.fromEntries(names) });
  }
  if (kind === 2) return `{"category":"${category}","other":${'9'.repeat(200_000)}}`;
  return jsonText(random, { category, [random.pick(knownNames)]: worstText(random, random.pick([5_000, 250_000])) });
}

/** One that is accepted. */
function publication(random: Random): unknown {
  const properties = {
    reply_to: text(random),
    correlation_id: text(random),
    headers: { [text(random)]: value(random) },
    priority: random.integer(0, 300),
  };
  return { queue: text(random), message: value(random), ...(random.chance(0.5) ? { properties } : {}) };
}

function plain(random: Random): unknown {
  return { category: 'upload', resource_name: text(random), extra: value(random, 2) };
}

function packed(random: Random, body: Buffer, lines: string[]): Buffer {
  const kind = random.integer(1, 40);
  if (kind > 6) return body;
  lines.push(
    `Content-Encoding: ${kind === 1 ? 'deflate' : kind === 2 ? random.pick(['br', 'x', 'gzip, gzip', 'compress']) : 'gzip'}`,
  );
  if (kind === 1) return deflateSync(body);
  if (kind === 2) return body;
  if (kind === 3)
    return random.chance(0.02) ? gzipSync(Buffer.alloc(30_000_000)) : gzipSync(Buffer.alloc(100_000, 0x20));
  const whole = gzipSync(body);
  if (kind === 4) return whole.subarray(0, random.integer(0, whole.length));
  if (kind === 5) whole[random.integer(0, whole.length - 1)] = random.integer(0, 255);
  return whole;
}

function chunks(random: Random, body: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const size = Math.min(random.pick([1, 7, 100, 10_000]), body.length - at);
    const extension = random.chance(0.1) ? ';name="value"' : '';
    pieces.push(Buffer.from(`${size.toString(16)}${extension}\r\n`), body.subarray(at, at + size), Buffer.from('\r\n'));
    at += size;
    if (pieces.length > 300) {
      pieces.push(Buffer.from(`${(body.length - at).toString(16)}\r\n`), body.subarray(at), Buffer.from('\r\n'));
      if (at === body.length) pieces.splice(-3);
      break;
    }
  }
  return [...pieces, Buffer.from(random.chance(0.1) ? '0\r\nX-Trailer: x\r\n\r\n' : '0\r\n\r\n')];
}

const head = 'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

/** Not HTTP, or not the whole of it: an answer that says so, or the end of the connection, and nothing else. */
export function broken(random: Random, keys: Keys): Buffer {
  const authorised = `${head}X-API-Key: ${keys.all}\r\n`;
  const kind = random.integer(1, 16);
  switch (kind) {
    case 1:
      return bytes(random, random.integer(1, 300));
    case 2:
      return Buffer.from(text(random));
    case 3:
      return Buffer.from(
        `${authorised}Content-Length: ${random.pick(['-1', 'x', '1e3', '0x5', '9'.repeat(30), ''])}\r\n\r\n{}`,
      );
    case 4:
      return Buffer.from(`${authorised}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
    case 5:
      return Buffer.from(`${authorised}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}`);
    case 6:
      return Buffer.from(
        `${authorised}Transfer-Encoding: ${random.pick(['chunked, identity', 'x', 'xchunked'])}\r\n\r\n0\r\n\r\n`,
      );
    case 7:
      return Buffer.from(
        `${authorised}Transfer-Encoding: chunked\r\n\r\n${random.pick(['zz', '-1', 'ffffffffffffffffff', '5'])}\r\n{}`,
      );
    case 8:
      return Buffer.from(`${authorised}Content-Length: 500\r\n\r\n{"category":`);
    case 9:
      return Buffer.from(authorised.slice(0, random.integer(1, authorised.length - 1)));
    case 10:
      return Buffer.from(`GET / HTTP/1.1\r\nHost: x\r\n${'X: '.padEnd(20_000, 'x')}\r\n\r\n`);
    case 11:
      return Buffer.from(
        `${authorised}X:${random.pick(['\u0000', '\u0001', '\u007f', '\r', '\n'])}x\r\n\r\n`,
        'latin1',
      );
    case 12:
      return Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    case 13:
      return Buffer.concat([Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), bytes(random, 60)]);
    case 14:
      return Buffer.from(
        `${random.pick(['get', 'G', 'CONNECT', 'BREW', ''])} ${random.pick(['*', 'x:1', '//', 'http://[', ' '])} HTTP/1.1\r\n\r\n`,
      );
    case 15:
      return Buffer.from(
        `GET ${random.pick(['/healthz', '/'])} HTTP/${random.pick(['0.9', '1.0', '1.2', '9.9', 'x'])}\r\n\r\n`,
      );
    default:
      return Buffer.from(`${'GET /healthz HTTP/1.1\r\n'.repeat(random.integer(2, 5))}\r\n`);
  }
}
