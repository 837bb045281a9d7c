import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createParser } from '../../../src/nginx/lines/create-parser.js';
import { FormatError, parseFormat } from '../../../src/nginx/lines/format.js';
import type { LineParser } from '../../../src/nginx/lines/line-parser.js';
import { type SlotName, slots } from '../../../src/nginx/lines/slots.js';

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
    user: 'ann',
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

test('with escape=json, an escaped quote ends nothing', () => {
  const format = 'log_format x escape=json \'[$time_local] "$request" $status "$http_user_agent"\';';
  for (const agent of ['say "hi" 404 "x"', 'ends with \\', '\\" "']) {
    const escaped = JSON.stringify(agent);
    assert.is(parsed(format, `[05/Mar/2024:10:00:00 +0100] "GET / HTTP/1.1" 200 ${escaped}`)?.agent, agent);
  }
});

test('an address of many colons before a port, at the end of the line too', () => {
  const format = '[$time_local] "$request" $status $remote_addr:$remote_port';
  for (const address of ['203.0.113.9', '::1', '2001:db8::1:2', '::ffff:203.0.113.9']) {
    const line = `[05/Mar/2024:10:00:00 +0100] "GET / HTTP/1.1" 200 ${address}:50111`;
    assert.is(parsed(format, line)?.address, address);
    assert.is(parsed(format, `${line} "more than the format says"`)?.address, address);
  }
  const unit = parsed('$msec "$request" $status $request_time', '1700000000.123 "GET / HTTP/1.1" 200 0.005s');
  assert.is(unit?.duration, '0.005');
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

test('json that is broken, or not an object', () => {
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
    // The template also parts what is in one string.
    address: 'h',
  });
});

const time = '05/Mar/2024:10:00:00 +0000';

test('the colons of an address before a port', () => {
  const format = '$remote_addr:$remote_port [$time_local] "$request" $status';
  for (const address of ['2001:db8::1:2', '::1', 'fe80::', '203.0.113.9', '::ffff:10.0.0.1', 'unix:'])
    for (const port of ['50111', '1', '-']) {
      const line = `${address}:${port} [${time}] "GET / HTTP/1.1" 200`;
      assert.is(parsed(format, line)?.address, address, line);
    }
});

test('lists of $upstream_*: joined by commas and colons, items may be dashes', () => {
  const lists = ['2.003, 0.201', '2.003', '-', '0.001 : 0.002', '-, 0.1 : -, 2.204', '0.1, 0.2, 0.3 : 0.4'];
  const addresses = ['10.0.0.1:80, 10.0.0.2:80', '[::1]:8080', 'unix:/run/app.sock : 10.0.0.1:80', '-', 'backend'];
  const formats: readonly (readonly [format: string, line: (list: string, address: string) => string])[] = [
    ['$upstream_response_time $request_time "$http_user_agent"', list => `${list} 2.204 "a, 1 : 2 b"`],
    ['$upstream_response_time $request_time', list => `${list} 2.204`],
    ['$upstream_response_time, $request_time', list => `${list}, 2.204`],
    ['$request_time $upstream_response_time', list => `2.204 ${list}`],
    ['$upstream_addr $upstream_status $request_time', (list, address) => `${address} ${list} 2.204`],
    ['$upstream_addr|$upstream_connect_time|$request_time', (list, address) => `${address}|${list}|2.204`],
    [
      '"$upstream_addr" rt=$request_time uct="$upstream_connect_time"',
      (list, address) => `"${address}" rt=2.204 uct="${list}"`,
    ],
  ];
  for (const [format, line] of formats)
    for (const list of lists)
      for (const address of addresses) {
        const text = `h [${time}] "GET / HTTP/1.1" 200 ${line(list, address)}`;
        const found = parsed(`$remote_addr [$time_local] "$request" $status ${format}`, text);
        assert.is(found?.duration, '2.204', `${format}: ${text}`);
      }
});

test('with escape=json and escape=none, what is not there is written as nothing', () => {
  for (const escaping of ['json', 'none']) {
    const format = `log_format x escape=${escaping} '$remote_addr:$remote_port [$time_local] "$request" $status $content_length $gzip_ratio $upstream_response_time $request_time "$http_user_agent"'`;
    const found = parsed(format, `unix::  [${time}] "GET / HTTP/1.1" 200    2.204 ""`.replace('::  [', ':: ['));
    assert.equal(found, {
      address: 'unix:',
      timeLocal: time,
      request: 'GET / HTTP/1.1',
      status: '200',
      duration: '2.204',
    });
  }
  assert.is(parsed('$remote_addr [$time_local] "$request" $status $content_length', `h [${time}] "x" 200 `), undefined);
});

test('objects that a log_format without escape=json writes', () => {
  const template =
    '{"t":"$time_iso8601","a":"$remote_addr","r":"$request","s":$status,"d":$upstream_response_time,"ua":"$http_user_agent","n":$request_time}';
  const line = (list: string, agent: string): string =>
    `{"t":"2024-03-05T10:00:00+00:00","a":"h","r":"GET / HTTP/1.1","s":200,"d":${list},"ua":"${agent}","n":2.204}`;
  for (const list of ['0.1, 0.2', '-', '', '0.1', '-, 0.1 : 0.3'])
    for (const format of [template, `escape=json ${template}`, `escape=default ${template}`]) {
      const found = parsed(format, line(list, 'x'));
      assert.is(found?.duration, '2.204', `${format} ${list}`);
      assert.is(found?.status, '200');
    }
  assert.is(parsed(template, line('-', '\\x22q\\x22 \\xC3\\xA9 \\x5C'))?.agent, '"q" é \\');
  assert.is(parsed(template, line('-', '\\"q\\" \\u00e9'))?.agent, '"q" é');
  // Keys in another order than the template's.
  const other = '{"n":2.204,"s":404,"r":"GET /x HTTP/1.1","t":"2024-03-05T10:00:00+00:00"}';
  assert.is(parsed(template, other)?.status, '404');
  assert.is(parsed(template, '{"t":"2024-03-05T10:00:00+00:00","msg":"started"}'), undefined);
});

test('json without a template: bytes as \\xHH, values that are not there, lists', () => {
  const line = (value: string, agent = 'x'): string =>
    `{"time":"2024-03-05T10:00:00+00:00","upstream_response_time":${value},"request":"GET / HTTP/1.1","status":200,"user_agent":"${agent}"}`;
  for (const value of ['-', '', '0.1, 0.2', '0.1 : -', '0.1', 'null'])
    assert.is(parsed('json', line(value))?.status, '200', value);
  assert.is(parsed('json', line('-', '\\x22\\xC3\\xA9\\x22 :-, :,'))?.agent, '"é" :-, :,');
  assert.is(parsed('json', line('-', 'a\\"b\\\\'))?.agent, 'a"b\\');
});

test('json under the names that programs give', () => {
  const traefik = {
    ...{
      ClientAddr: '203.0.113.9:50111',
      ClientHost: '203.0.113.9',
      DownstreamContentSize: 512,
      DownstreamStatus: 200,
    },
    ...{
      Duration: 2_204_000_000,
      OriginStatus: 502,
      RequestMethod: 'GET',
      RequestPath: '/a?b=c',
      level: 'info',
      msg: '',
    },
    ...{ 'request_User-Agent': 'Agent/1.0', request_Referer: 'https://h/', StartUTC: '2024-03-05T09:59:58.123456789Z' },
    time: '2024-03-05T10:00:00Z',
  };
  const wanted = {
    address: '203.0.113.9',
    target: '/a?b=c',
    method: 'GET',
    status: '200',
    bytes: '512',
    agent: 'Agent/1.0',
  };
  assert.equal(parsed('json', JSON.stringify(traefik)), {
    ...{ ...wanted, referrer: 'https://h/', duration: '2.204', timeIso: '2024-03-05T10:00:00Z' },
  });
  const caddy = {
    ...{ ts: 1709632800.123, status: 200, size: 512, duration: 2.204 },
    request: { remote_ip: '203.0.113.9', method: 'GET', uri: '/a?b=c', headers: { 'User-Agent': ['Agent/1.0'] } },
  };
  assert.equal(parsed('json', JSON.stringify(caddy)), { ...wanted, duration: '2.204', timeIso: '1709632800.123' });
  const elastic = {
    ...{
      '@timestamp': '2024-03-05T10:00:00Z',
      'source.ip': '203.0.113.9',
      http: { request: { method: 'GET' }, response: { status_code: 200, body: { bytes: 512 } } },
    },
    ...{ url: { original: '/a?b=c' }, 'user_agent.original': 'Agent/1.0', 'event.duration': 2_204_000_000 },
  };
  assert.equal(parsed('json', JSON.stringify(elastic)), {
    ...wanted,
    duration: '2.204',
    timeIso: '2024-03-05T10:00:00Z',
  });
  for (const name of ['status_code', 'statusCode', 'http_status', 'response_status', 'StatusCode'])
    assert.is(parsed('json', JSON.stringify({ time: 1, path: '/', [name]: 404 }))?.status, '404', name);
});

test('an object that does not say what was asked for is not of this format', () => {
  for (const line of [
    { time: '2024-03-05T10:00:00Z', msg: 'x' },
    { ts: 1, level: 'info', status: 200, method: 'GET' },
  ])
    assert.is(parsed('json', JSON.stringify(line)), undefined);
  // A request that nginx could not read is one all the same.
  assert.ok(parsed('json', '{"time":"2024-03-05T10:00:00Z","request":"","status":"400"}'));
});

const word = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/);
const agentText = fc.stringMatching(/^[ -!#-~]{0,40}$/).filter(text => !text.includes('\\'));
const number = fc.oneof(fc.constant('-'), fc.nat(1e6).map(String));
const decimal = fc.oneof(
  fc.constant('-'),
  fc.double({ min: 0, max: 99, noNaN: true }).map(value => value.toFixed(3)),
);
const list = fc
  .array(fc.tuple(decimal, fc.constantFrom(', ', ' : ')), { minLength: 1, maxLength: 5 })
  .map(items => items.map(([item, joint], index) => (index === 0 ? item : joint + item)).join(''));
/** Each variable with the values that nginx writes for it. */
const grammar: Readonly<Record<string, fc.Arbitrary<string>>> = {
  $remote_addr: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('unix:')),
  $remote_port: number,
  $remote_user: fc.oneof(fc.constant('-'), word),
  $request_method: fc.constantFrom('GET', 'POST', 'PROPFIND', '-'),
  $server_protocol: fc.constantFrom('HTTP/1.1', 'HTTP/2.0', '-'),
  $body_bytes_sent: number,
  $request_time: decimal,
  $upstream_response_time: list,
  $upstream_addr: fc
    .array(fc.tuple(fc.ipV4(), fc.nat(65_535)), { minLength: 1, maxLength: 3 })
    .map(all => all.map(([ip, port]) => `${ip}:${port}`).join(', ')),
  $connection: number,
  '"$http_user_agent"': agentText.map(text => `"${text}"`),
  '"$http_x_forwarded_for"': fc.array(fc.ipV4(), { maxLength: 3 }).map(all => `"${all.join(', ') || '-'}"`),
};

test('whatever order the variables of a format have: what nginx wrote is what is read', () => {
  const names = fc.shuffledSubarray(Object.keys(grammar), { minLength: 1 });
  const separators = fc.constantFrom(' ', ' | ', '|', ' - ');
  fc.assert(
    fc.property(names, separators, fc.infiniteStream(fc.noBias(fc.nat())), (chosen, separator, seeds) => {
      const values = chosen.map(
        name => fc.sample(grammar[name]!, { seed: seeds.next().value as number, numRuns: 1 })[0]!,
      );
      fc.pre(!values.some(value => value.includes(separator) && separator.includes('|')));
      const format = ['[$time_local] "$request" $status', ...chosen].join(separator);
      const line = [`[${time}] "GET /a HTTP/1.1" 200`, ...values].join(separator);
      const found = parsed(format, line);
      assert.ok(found, `${format}\n${line}`);
      const of = (name: string): string | undefined => {
        const value = values[chosen.indexOf(name)]?.replace(/^"(.*)"$/, '$1');
        return value === '-' || value === '' ? undefined : value;
      };
      assert.is(found.duration, of('$request_time'), `${format}\n${line}`);
      assert.is(found.bytes, of('$body_bytes_sent'), `${format}\n${line}`);
      assert.is(found.connection, of('$connection'), `${format}\n${line}`);
      if (chosen.includes('$remote_addr')) assert.is(found.address, of('$remote_addr'), `${format}\n${line}`);
      if (separator !== ' - ') assert.is(found.agent, of('"$http_user_agent"'), `${format}\n${line}`);
    }),
    { numRuns: 400 },
  );
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
