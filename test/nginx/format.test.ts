import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createParser } from '../../src/nginx/create-parser.js';
import { FormatError, parseFormat, type SlotName, slots } from '../../src/nginx/format.js';
import type { LineParser } from '../../src/nginx/line-parser.js';

const parserOf = (format: string): LineParser => createParser(parseFormat(format));

function parsed(format: string, line: string | Buffer): Partial<Record<SlotName, string>> | undefined {
  const parser = parserOf(format);
  const bytes = Buffer.from(line);
  // In the middle of a buffer, as lines are.
  const buffer = Buffer.concat([Buffer.from('x"\n'), bytes, Buffer.from('\n"y')]);
  if (!parser.parse(buffer, 3, 3 + bytes.length)) return undefined;
  const names = Object.keys(slots) as SlotName[];
  return Object.fromEntries(
    names.flatMap(name => {
      const text = parser.text(slots[name]);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

const combined =
  '203.0.113.9 - ann [05/Mar/2024:10:00:00 +0100] "GET /a?b=c HTTP/1.1" 200 512 "https://h/x" "Agent/1.0 (x)"';

test('combined', () => {
  assert.equal(parsed('combined', combined), {
    address: '203.0.113.9',
    timeLocal: '05/Mar/2024:10:00:00 +0100',
    request: 'GET /a?b=c HTTP/1.1',
    status: '200',
    bytes: '512',
    referrer: 'https://h/x',
    agent: 'Agent/1.0 (x)',
  });
});

test('a dash stands for nothing', () => {
  const line = '203.0.113.9 - - [05/Mar/2024:10:00:00 +0100] "-" 400 0 "-" "-"';
  assert.equal(Object.keys(parsed('combined', line) ?? {}).sort(), ['address', 'bytes', 'status', 'timeLocal']);
});

test('escapes of nginx are undone, and make UTF-8', () => {
  const line = combined.replace('Agent/1.0 (x)', '\\x22quoted\\x22 \\xC3\\xA9t\\xC3\\xA9 \\x5C back');
  assert.is(parsed('combined', line)?.agent, '"quoted" été \\ back');
});

test('a user name may look like what comes behind it', () => {
  for (const name of ['ann [admin]', 'ann [05/Mar', '- - [', '[05/Mar/2024:10:00:00 +0100'])
    assert.is(
      parsed('combined', combined.replace(' ann ', ` ${name} `))?.timeLocal,
      '05/Mar/2024:10:00:00 +0100',
      name,
    );
});

test('a raw quote in the request costs nothing, as with escape=none', () => {
  const line = combined.replace('/a?b=c', '/a"b" c');
  assert.is(parsed('combined', line)?.request, 'GET /a"b" c HTTP/1.1');
});

test('more fields than the format says are left alone', () => {
  assert.is(parsed('combined', `${combined} "203.0.113.77" 0.123`)?.agent, 'Agent/1.0 (x)');
});

test('what is not of the format is said to be so', () => {
  for (const line of ['', 'x', combined.slice(0, -1), combined.slice(20), combined.replace('200', 'OK'), `{"a":1}`])
    assert.is(parsed('combined', line), undefined, line);
});

const main = `log_format main escape=default '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';`;

test('the directive as it stands in nginx.conf', () => {
  assert.is(parsed(main, `${combined} "-"`)?.agent, 'Agent/1.0 (x)');
  assert.is(parsed(`'$msec ' '$request'`, '1709629200.5 GET / HTTP/1.0')?.msec, '1709629200.5');
});

test('fields of all sorts, in any order', () => {
  const format = `$time_iso8601|$pid.$connection|$request_method $scheme://$host$request_uri|\${status}|$request_time|$upstream_response_time|$bytes_sent|$body_bytes_sent|$http_user_agent`;
  const line = '2024-03-05T10:00:00+01:00|17.4711|PUT https://h.example/api/x?y|201|0.250|0.1, 0.2|700|512|curl/8';
  assert.equal(parsed(format, line), {
    timeIso: '2024-03-05T10:00:00+01:00',
    pid: '17',
    connection: '4711',
    method: 'PUT',
    target: '/api/x?y',
    status: '201',
    duration: '0.250',
    bytes: '512',
    agent: 'curl/8',
  });
});

test('the address of a client behind a proxy counts only where the format has no other', () => {
  assert.is(parsed('$msec $http_x_forwarded_for; $remote_addr "$request"', '1.5 a, b; c "GET / H"')?.address, 'c');
  assert.is(parsed('$msec $http_x_forwarded_for; "$request"', '1.5 a, b; "GET / H"')?.address, 'a, b');
});

test('$uri with its arguments is the request’s target', () => {
  const format = '$msec $request_method $uri$is_args$args $server_protocol';
  assert.is(parsed(format, '1.5 GET /a/b?c=d HTTP/1.1')?.target, '/a/b?c=d');
});

test('json by the names of the variables, or by other names that people use', () => {
  const line = {
    time_iso8601: '2024-03-05T10:00:00+01:00',
    remote_addr: '203.0.113.9',
    request_method: 'GET',
    request_uri: '/a"\\é',
    status: 200,
    body_bytes_sent: '512',
    http_user_agent: '',
    http_referer: '-',
    nested: { status: 500 },
  };
  const expected = {
    timeIso: '2024-03-05T10:00:00+01:00',
    address: '203.0.113.9',
    method: 'GET',
    target: '/a"\\é',
    status: '200',
    bytes: '512',
  };
  assert.equal(parsed('json', JSON.stringify(line)), expected);
  const other = { time: line.time_iso8601, ip: '203.0.113.9', method: 'GET', url: '/a"\\é', status: '200', bytes: 512 };
  assert.equal(parsed('json', JSON.stringify(other)), expected);
});

test('json that is none, or no object', () => {
  for (const line of ['', '{', '[]', '17', 'null', '"text"', '{"status":200} trailing'])
    assert.is(parsed('json', line), undefined, line);
});

test('a log_format that writes JSON says itself which key is what', () => {
  const format = `log_format j escape=json '{"at":"$time_iso8601","rq":{"line":"$request","took":$request_time},'
    '"code":$status,"who":"$remote_addr:$remote_port","ua":"$http_user_agent"}';`;
  const line = `{"at":"2024-03-05T10:00:00+01:00","rq":{"line":"GET / HTTP/1.1","took":0.5},"code":200,"who":"h:1","ua":"a\\"b"}`;
  assert.equal(parsed(format, line), {
    timeIso: '2024-03-05T10:00:00+01:00',
    request: 'GET / HTTP/1.1',
    status: '200',
    duration: '0.5',
    agent: 'a"b',
  });
});

test('a format that cannot be read is refused with the reason', () => {
  for (const [format, reason] of [
    ['common', /must be combined, json/],
    ['$remote_addr "$request"', /no time/],
    ['$time_local $status', /no request/],
    ['$time_local $remote_addr$remote_user "$request"', /nothing between \$remote_addr and \$remote_user/],
    ['{"time":"$msec","r":"$request"', /JSON/],
    ['{"time":"$msec"}', /no request/],
  ] as const) {
    let fault: unknown;
    try {
      parseFormat(format);
    } catch (error) {
      fault = error;
    }
    assert.instance(fault, FormatError, format);
    assert.match((fault as Error).message, reason);
  }
});

/** As nginx writes a value by default. */
function escaped(text: string): string {
  let result = '';
  for (const byte of Buffer.from(text)) {
    const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92;
    result += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return result;
}

const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 40 }));
const known = fc.record({
  remote_addr: fc.ipV4(),
  remote_user: value,
  time_local: fc.constant('05/Mar/2024:10:00:00 +0000'),
  request: value,
  status: fc.integer({ min: 100, max: 599 }).map(String),
  body_bytes_sent: fc.nat().map(String),
  http_referer: value,
  http_user_agent: value,
  msec: fc.nat().map(number => `${number}.000`),
  request_time: fc.nat(1_000_000).map(number => (number / 1000).toFixed(3)),
  pid: fc.nat().map(String),
  connection: fc.nat().map(String),
});
const slotOf: Readonly<Record<string, SlotName>> = {
  remote_addr: 'address',
  time_local: 'timeLocal',
  request: 'request',
  status: 'status',
  body_bytes_sent: 'bytes',
  http_referer: 'referrer',
  http_user_agent: 'agent',
  msec: 'msec',
  request_time: 'duration',
  pid: 'pid',
  connection: 'connection',
};

test('any format of quoted fields, in any order: what nginx wrote is what is read', () => {
  fc.assert(
    fc.property(known, fc.shuffledSubarray(Object.keys(slotOf), { minLength: 1 }), (values, chosen) => {
      const names = [...new Set([...chosen, 'time_local', 'request'])];
      const format = names.map(name => `"$${name}"`).join(' ');
      const written = names.map(name => `"${escaped(values[name as keyof typeof values]) || '-'}"`).join(' ');
      const result = parsed(format, written);
      const wanted = names.flatMap(name => {
        const text = Buffer.from(values[name as keyof typeof values]).toString('utf8');
        return text === '' || text === '-' ? [] : [[slotOf[name]!, text]];
      });
      assert.equal(result, Object.fromEntries(wanted));
    }),
    { numRuns: 300 },
  );
});

test('combined with anything in its free fields', () => {
  fc.assert(
    fc.property(known, values => {
      const v = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, escaped(text) || '-']));
      const line = `${v.remote_addr} - ${v.remote_user} [${v.time_local}] "${v.request}" ${v.status} ${v.body_bytes_sent} "${v.http_referer}" "${v.http_user_agent}"`;
      const result = parsed('combined', line);
      assert.is(result?.status, values.status);
      assert.is(result?.bytes, values.body_bytes_sent);
      assert.is(result?.agent ?? '-', Buffer.from(values.http_user_agent).toString('utf8') || '-');
    }),
    { numRuns: 300 },
  );
});

test('any bytes at all are read, or refused, in time that follows their number', () => {
  const parser = parserOf(main);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      parser.parse(Buffer.from(bytes), 0, bytes.length);
    }),
  );
  const hostile = Buffer.from(`1.1.1.1 - ${' ['.repeat(30_000)}`);
  assert.is(parser.parse(hostile, 0, hostile.length), false);
});

test.run();
