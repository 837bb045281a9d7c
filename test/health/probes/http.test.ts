import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { redact } from '../../../src/redact.js';
import { makeCertificates, type Pair } from '../../helpers/certificates.js';
import { parsed, runOnce, targetOf } from '../../helpers/health.js';
import { watchLeaks } from '../../helpers/leaks.js';
import { freePort, portOf } from '../../helpers/ports.js';
import { required } from '../../helpers/skip.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const folder = temporaryFolder();
const certificates = required('certificates', makeCertificates(folder.path));

const test = suite('http probe');
test.after(() => folder.remove());

const servers: (Server | TcpServer)[] = [];
test.after.each(async () => {
  for (const server of servers.splice(0)) {
    (server as Partial<Server>).closeAllConnections?.();
    await new Promise(closed => server.close(closed));
  }
});

watchLeaks(test);

async function listening(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return portOf(server);
}

const serve = async (answer: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listening(createServer(answer))}`;
const serveTls = async (pair: Pair): Promise<string> =>
  `https://127.0.0.1:${await listening(createTlsServer(pair, (_request, response) => response.end('ok')))}`;

test('a page that answers is up, with its times, status and bytes', async () => {
  const url = await serve((_request, response) => response.end('hello'));
  const { finding, reason, times, loss, readings } = await runOnce(`web=${url}`);
  assert.equal([finding, reason, loss], ['up', undefined, 0]);
  assert.equal([readings.status, readings.bytes], [200, 5]);
  assert.ok(times !== undefined && times.average > 0 && times.min === times.max);
  assert.ok((readings.time_connect ?? 0) > 0);
  assert.ok((readings.time_first_byte ?? 0) >= (readings.time_connect ?? 0));
  assert.is(readings.time_tls, undefined);
});

test('a name is looked up, and that is timed', async () => {
  const url = await serve((_request, response) => response.end('hello'));
  const { finding, readings } = await runOnce(`web=${url.replace('127.0.0.1', 'localhost')}`);
  assert.is(finding, 'up');
  assert.type(readings.time_dns, 'number');
});

test('several samples give the shortest, the mean and the longest time, over fresh connections', async () => {
  let connections = 0;
  const server = createServer((_request, response) => response.end());
  server.on('connection', () => {
    connections += 1;
  });
  const url = `http://127.0.0.1:${await listening(server)}`;
  const { times } = await runOnce({ name: 'web', url, samples: 4 });
  assert.is(connections, 4);
  assert.ok(times !== undefined && times.min <= times.average && times.average <= times.max);
});

test('a page slower than it should be is degraded', async () => {
  const url = await serve((_request, response) => setTimeout(() => response.end(), 60));
  const { finding, reason } = await runOnce({ name: 'web', url, slow: 0.02 });
  assert.is(finding, 'degraded');
  assert.match(reason ?? '', /^slow: answered in 0\.\d+ s, more than 0\.02 s$/);
});

test('some samples lost are degraded, as many as allowed are down', async () => {
  let count = 0;
  const url = await serve((_request, response) => {
    count += 1;
    response.statusCode = count % 2 === 0 ? 500 : 200;
    response.end();
  });
  const { finding, reason, loss } = await runOnce({ name: 'web', url, samples: 4 });
  assert.equal([finding, loss], ['degraded', 50]);
  assert.is(reason, '2 of 4 samples failed: status 500 instead of 200 to 399');
  assert.is((await runOnce({ name: 'web', url, samples: 4, loss: 50 })).finding, 'down');
});

test('a status that is not expected is down; a redirect is an answer', async () => {
  const url = await serve((request, response) => {
    response.statusCode = Number(request.url?.slice(1));
    response.end();
  });
  assert.is((await runOnce(`web=${url}/302`)).finding, 'up');
  const { finding, reason, readings } = await runOnce(`web=${url}/500`);
  assert.equal([finding, reason, readings.status], ['down', 'status 500 instead of 200 to 399', 500]);
  assert.is((await runOnce({ name: 'w', url: `${url}/401`, expect: { status: [401, '3xx'] } })).finding, 'up');
  const wrong = await runOnce({ name: 'w', url: `${url}/200`, expect: { status: [401, '3xx'] } });
  assert.is(wrong.reason, 'status 200 instead of 401, 3xx');
});

test('a body must contain what is expected', async () => {
  const url = await serve((_request, response) => response.end('all is well'));
  assert.is((await runOnce({ name: 'w', url, expect: { body: 'is well' } })).finding, 'up');
  const { finding, reason } = await runOnce({ name: 'w', url, expect: { body: 'is lost' } });
  assert.equal([finding, reason], ['down', 'body does not contain "is lost"']);
});

test('JSON must have the values that are expected at their paths', async () => {
  const url = await serve((_request, response) =>
    response.end('{"status":"degraded","counts":{"files":3},"nodes":[{"up":true},{"up":false}]}'),
  );
  const json = (expected: object) => runOnce({ name: 'w', url, expect: { json: expected } });
  assert.is((await json({ 'counts.files': 3, 'nodes[0].up': true, '$.nodes.1': { up: false } })).finding, 'up');
  assert.is((await json({ status: 'ok' })).reason, 'status is "degraded" instead of "ok"');
  assert.is((await json({ 'counts.users': 1 })).reason, 'counts.users is missing instead of 1');
  assert.is((await json({ 'counts.files': '3' })).reason, 'counts.files is 3 instead of "3"');
  assert.is((await json({ constructor: 1 })).reason, 'constructor is missing instead of 1');
  const text = await serve((_request, response) => response.end('<html>'));
  assert.is((await runOnce({ name: 'w', url: text, expect: { json: { a: 1 } } })).reason, 'body is not JSON');
});

test('a server that always compresses is read all the same', async () => {
  const url = await serve((_request, response) => {
    response.setHeader('content-encoding', 'gzip');
    response.end(gzipSync('\uFEFF{"status":"ok","word":"well"}'));
  });
  const found = await runOnce({ name: 'w', url, expect: { body: 'well', json: { status: 'ok' } } });
  assert.equal([found.finding, found.reason], ['up', undefined]);
  const wrong = await runOnce({ name: 'w', url, expect: { json: { status: 'bad' } } });
  assert.is(wrong.reason, 'status is "ok" instead of "bad"');
});

test('JSON may begin with a byte order mark', async () => {
  const url = await serve((_request, response) => response.end('\uFEFF{"status":"ok"}'));
  assert.is((await runOnce({ name: 'w', url, expect: { json: { status: 'ok' } } })).finding, 'up');
});

test('what stands behind the first 1 MiB is not looked at, and the reason says so', async () => {
  const url = await serve((_request, response) => response.end(`"early ${' '.repeat(1024 * 1024)} late"`));
  assert.is((await runOnce({ name: 'w', url, expect: { body: 'early' } })).finding, 'up');
  const late = await runOnce({ name: 'w', url, expect: { body: 'late' } });
  assert.is(
    late.reason,
    'body does not contain "late" in its first 1 MiB, and is longer than 1 MiB, not looked at any further',
  );
  const json = await runOnce({ name: 'w', url, expect: { json: { a: 1 } } });
  assert.is(json.reason, 'body is longer than 1 MiB, not looked at');
});

test('headers are sent, and a user and password from the URL', async () => {
  const seen: unknown[] = [];
  const url = await serve(({ headers }, response) => {
    seen.push([headers.authorization, headers['x-api-key'], headers['user-agent']?.split('/')[0]]);
    response.end();
  });
  await runOnce({
    name: 'w',
    url,
    headers: { 'X-API-Key': 'k-1', Authorization: 'Bearer abc', 'User-Agent': 'probe/1' },
  });
  await runOnce({ name: 'w', url: url.replace('://', '://ann:p%40ss@') });
  assert.equal(seen, [
    ['Bearer abc', 'k-1', 'probe'],
    [`Basic ${Buffer.from('ann:p@ss').toString('base64')}`, undefined, 'event-sink'],
  ]);
});

test('a refused connection is down', async () => {
  const { finding, reason, loss, times } = await runOnce(`web=http://127.0.0.1:${await freePort()}/`);
  assert.equal([finding, reason, loss, times], ['down', 'connection refused', 100, undefined]);
});

test('a name that nobody knows is down', async () => {
  const { finding, reason } = await runOnce('web=https://name.invalid/');
  assert.is(finding, 'down');
  assert.match(reason ?? '', /^DNS failure/);
});

test('no answer in time is down, and it is said what was waited for', async () => {
  const silent = await serve(() => {});
  const first = await runOnce({ name: 'w', url: silent, timeout: 0.1 });
  assert.equal([first.finding, first.reason], ['down', 'no answer within 0.1 s (waiting for the first byte)']);
  const dripping = await serve((_request, response) => {
    response.write('a');
  });
  const rest = await runOnce({ name: 'w', url: dripping, timeout: 0.1 });
  assert.is(rest.reason, 'no answer within 0.1 s (reading the body)');
  const deaf = `https://127.0.0.1:${await listening(createTcpServer(socket => socket.on('error', () => {}).resume()))}`;
  const handshake = await runOnce({ name: 'w', url: deaf, timeout: 0.1 });
  assert.is(handshake.reason, 'no answer within 0.1 s (in the TLS handshake)');
});

test('a body without an end is judged by its beginning', async () => {
  const chunk = Buffer.alloc(64 * 1024, 'a');
  const url = await serve((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  });
  const { finding, reason, readings } = await runOnce({ name: 'w', url, timeout: 60 });
  assert.equal([finding, reason, readings.status], ['up', undefined, 200]);
  // Nothing is expected of it, so that a little of it will do.
  assert.ok((readings.bytes ?? 0) > 64 * 1024 && (readings.bytes ?? 0) < 1024 * 1024);
  const word = await runOnce({ name: 'w', url, timeout: 60, expect: { body: 'needle' } });
  assert.is(word.finding, 'down');
  assert.match(word.reason ?? '', /in its first 1 MiB, and is longer than 1 MiB, not looked at any further/);
});

test('a download, and a stream of events, are judged by their headers where nothing is expected of the body', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/stream') response.setHeader('content-type', 'text/event-stream');
    else response.setHeader('content-length', 10_000_000);
    response.statusCode = request.url === '/gone' ? 410 : 200;
    // Nothing comes of the body.
    response.flushHeaders();
  });
  for (const path of ['/download', '/stream']) {
    const { finding, reason, readings } = await runOnce({ name: 'w', url: url + path, timeout: 60 });
    assert.equal([finding, reason, readings.status, readings.bytes], ['up', undefined, 200, undefined], path);
  }
  assert.is((await runOnce({ name: 'w', url: `${url}/gone` })).reason, 'status 410 instead of 200 to 399');
  const asked = await runOnce({ name: 'w', url: `${url}/download`, timeout: 0.2, expect: { body: 'x' } });
  assert.is(asked.reason, 'no answer within 0.2 s (reading the body)');
});

test('what is said of its time holds for the whole of a body, long ones too', async () => {
  const half = Buffer.alloc(64 * 1024, 'a');
  const url = await serve((request, response) => {
    if (request.url === '/stream') response.setHeader('content-type', 'text/event-stream');
    else response.setHeader('content-length', 2 * half.length);
    response.write(half);
    if (request.url === '/stream') return;
    const rest = setTimeout(() => response.end(half), 60);
    response.on('close', () => clearTimeout(rest));
  });
  // All of it was waited for.
  assert.is((await runOnce({ name: 'w', url, timeout: 60, slow: 30 })).readings.bytes, 2 * half.length);
  const late = await runOnce({ name: 'w', url, timeout: 60, expect: { response_time: 0.02 } });
  assert.is(late.finding, 'down');
  assert.match(late.reason ?? '', /^answered in 0\.\d+ s instead of at most 0\.02 s$/);
  assert.is((await runOnce({ name: 'w', url })).readings.bytes, undefined);
  // That has no end.
  assert.is((await runOnce({ name: 'w', url: `${url}/stream`, timeout: 60, slow: 30 })).finding, 'up');
});

test('days of a certificate are not asked of an address without one', () => {
  const problems = (url: string, more: object = {}) =>
    parsed([{ name: 'w', url, expect: { certificate_days: 14 }, ...more }]).problems;
  assert.equal(problems('http://h/'), [
    'HEALTH_TARGETS: target "w" expects certificate_days, but http:// has no certificate: write https://, or let it follow redirects',
  ]);
  assert.equal([problems('https://h/'), problems('http://h/', { redirects: 1 })], [[], []]);
});

test('a connection that is cut, and an answer that is not HTTP, are down', async () => {
  const cut = await serve(request => request.socket.destroy());
  assert.is((await runOnce(`w=${cut}`)).reason, 'connection reset by the other side');
  const noise = createTcpServer(socket =>
    socket
      .on('error', () => {})
      .resume()
      .end('220 mail.example.org ESMTP\r\n'),
  );
  assert.match((await runOnce(`w=http://127.0.0.1:${await listening(noise)}`)).reason ?? '', /^answer is not HTTP/);
});

test('a certificate of a trusted authority is up, and its days are counted', async () => {
  const url = await serveTls(certificates.valid);
  const { finding, readings } = await runOnce({ name: 'w', url, ca: certificates.ca });
  assert.is(finding, 'up');
  assert.ok(Math.abs((readings.certificate_days_left ?? 0) - 30) < 0.2);
  assert.ok((readings.time_tls ?? 0) > 0);
});

test('each fault of a certificate is named', async () => {
  const reason = async (pair: Pair, ca?: string) =>
    (await runOnce({ name: 'w', url: await serveTls(pair), ...(ca === undefined ? {} : { ca }) })).reason;
  assert.is(await reason(certificates.selfSigned), 'TLS certificate is self-signed');
  assert.is(await reason(certificates.expired, certificates.ca), 'TLS certificate has expired');
  assert.is(await reason(certificates.otherName, certificates.ca), 'TLS certificate is for another name');
  assert.is(await reason(certificates.valid), 'TLS certificate comes from an issuer that is not trusted');
  assert.is(await reason(certificates.valid, '/no/such.pem'), 'not checked: ca cannot be read: no such file or folder');
  const plain = await serve((_request, response) => response.end());
  assert.match((await runOnce(`w=${plain.replace('http:', 'https:')}`)).reason ?? '', /^TLS handshake failed/);
});

test('a user or password that cannot be sent is refused by the settings', async () => {
  const problemsOf = (url: string) => parsed([{ name: 'clowder', url }]).problems;
  for (const url of [
    'http://mon:100%sure@host/',
    'https://mo%n:secret@host/',
    'http://mon:%@host',
    'http://mon:%e4@host/',
    'http://mon:a%2@host/',
    'http://%zz@host/',
  ])
    assert.equal(problemsOf(url), [
      'HEALTH_TARGETS: target "clowder" has a user or password that is not percent-encoded: write %25 for %',
    ]);
  for (const url of ['http://mon:12345#Secret@host/', 'http://mon:12345?Secret@host/', 'https://mon#x:y@host'])
    assert.equal(problemsOf(url), [
      'HEALTH_TARGETS: target "clowder" has # or ? in its user or password: write %23 for # and %3F for ?',
    ]);
  for (const url of [
    'http://mon:100%25sure@host/',
    'http://mon:12345%23Secret@host/',
    'http://m%C3%BCller:secret@host/',
    'http://host/?mail=ann@example.org',
    'http://host/#ann@example.org',
    'http://host/100%?like=5%',
  ])
    assert.equal(problemsOf(url), [], url);
});

test('secrets of an address and of headers are known, and the address is shown without them', async () => {
  const { address, secrets } = targetOf({
    name: 'w',
    url: 'https://ann:p%40ssword@clowder.example.org:8443/api/status?key=abcdef&deep=1#top',
    headers: { Authorization: 'Bearer token-1' },
  });
  assert.is(address, 'https://clowder.example.org:8443/api/status');
  for (const secret of ['p%40ssword', 'p@ssword', 'abcdef', 'token-1'])
    assert.is(redact(`it said ${secret}!`, secrets), 'it said [hidden]!');
  const short = targetOf(
    'w=https://h/ method=POST headers.X-Key=key-12345 headers.Authorization=token-2 body=word-of-mine',
  );
  for (const secret of ['key-12345', 'token-2', 'word-of-mine'])
    assert.is(redact(`it said ${secret}!`, short.secrets), 'it said [hidden]!');
});

test('a method and a body are sent, with the type that the body looks like', async () => {
  const url = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    response.end(`${request.method} ${request.headers['content-type']} ${Buffer.concat(chunks)}`);
  });
  const more = { method: 'post', body: '{"query":"{ready}"}', expect: { body: 'POST application/json {"query"' } };
  const { finding, reason } = await runOnce({ name: 'w', url, ...more });
  assert.equal([finding, reason], ['up', undefined]);
  assert.is((await runOnce({ name: 'w', url, method: 'HEAD' })).finding, 'up');
  assert.equal(parsed([{ name: 'w', url, method: 'TRACE' }]).problems, [
    'HEALTH_TARGETS: target "w" method must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  ]);
});

test('headers, expressions and comparisons of JSON may be expected', async () => {
  const url = await serve((_request, response) => {
    response.setHeader('x-version', '1.23.0');
    response.end('{"version":"1.23.0","queue":{"waiting":7}}');
  });
  const reason = async (expect: object) => (await runOnce({ name: 'w', url, expect })).reason;
  assert.is(await reason({ headers: { 'X-Version': { '~': '^1[.]' } }, matches: '"waiting": ?[0-9]+' }), undefined);
  assert.is(await reason({ headers: { 'X-Version': '2.0.0' } }), 'header x-version is "1.23.0" instead of "2.0.0"');
  assert.is(await reason({ headers: { 'X-None': 'a' } }), 'header x-none is missing instead of "a"');
  assert.is(
    await reason({ matches: 'fail(ed|ure)' }),
    'nothing in the first 64 KiB of the body matches "fail(ed|ure)"',
  );
  assert.is(await reason({ json: { 'queue.waiting': { '<': 10 } } }), undefined);
  assert.is(await reason({ json: { 'queue.waiting': { '<': 5 } } }), 'queue.waiting is 7 instead of less than 5');
  assert.equal(parsed([{ name: 'w', url, expect: { matches: '(?=a)' } }]).problems, [
    'HEALTH_TARGETS: target "w" expect.matches is not a regular expression of RE2 (invalid or unsupported Perl syntax: `(?=`)',
  ]);
});

test('redirects are followed as far as is said, and what is secret stays with the first origin', async () => {
  const seen: (string | undefined)[] = [];
  const other = await serve((request, response) => {
    seen.push(request.headers['x-key'] as string | undefined, request.headers.authorization);
    response.end('arrived');
  });
  const url = await serve((request, response) => {
    if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
    else if (request.url === '/b') {
      assert.is(request.headers['x-key'], 'secret-1');
      response.writeHead(307, { location: other }).end();
    } else response.writeHead(301, { location: request.url === '/loop' ? '/loop' : 'mailto:ann@example.org' }).end();
  });
  const address = url.replace('://', '://ann:password@');
  const headers = { 'X-Key': 'secret-1' };
  const go = (path: string, redirects: number) =>
    runOnce({ name: 'w', url: `${address}${path}`, headers, redirects, expect: { status: '2xx' } });
  const { finding, reason, readings } = await go('/a', 2);
  assert.equal([finding, reason, readings.status, readings.bytes], ['up', undefined, 200, 7]);
  assert.equal(seen, [undefined, undefined]);
  assert.is((await go('/a', 1)).reason, 'is redirected more than once');
  assert.is((await go('/loop', 3)).reason, 'is redirected more than 3 times');
  assert.is((await go('/', 3)).reason, 'is redirected to mailto:, not to a page');
  assert.is((await go('/a', 0)).reason, 'status 302 instead of 2xx');
});

test('an answer may have a time, and a certificate days', async () => {
  const url = await serve((_request, response) => setTimeout(() => response.end(), 60));
  const late = await runOnce({ name: 'w', url, expect: { response_time: 0.02 } });
  assert.is(late.finding, 'down');
  assert.match(late.reason ?? '', /^answered in 0\.\d+ s instead of at most 0\.02 s$/);
  const secure = { name: 'w', url: await serveTls(certificates.valid), ca: certificates.ca };
  const { finding, reason } = await runOnce({ ...secure, expect: { certificate_days: 60 } });
  assert.equal([finding, reason], ['degraded', 'TLS certificate ends in 30 days, fewer than 60']);
  assert.is((await runOnce({ ...secure, expect: { certificate_days: 20 } })).finding, 'up');
  const plain = await runOnce({ name: 'w', url, redirects: 1, expect: { certificate_days: 20 } });
  assert.equal([plain.finding, plain.reason], ['degraded', 'answered without TLS: there is no certificate to look at']);
});

test('lenient forgives a chain without its intermediate certificate, before anything is sent; no more than that', async () => {
  let requests = 0;
  const serveCounted = async (pair: Pair): Promise<string> => {
    const port = await listening(
      createTlsServer(pair, (_request, response) => {
        requests += 1;
        response.end();
      }),
    );
    return `https://127.0.0.1:${port}`;
  };
  const run = async (pair: Pair, lenient: boolean) =>
    runOnce({ name: 'w', url: await serveCounted(pair), ca: certificates.ca, lenient });
  assert.is((await run(certificates.belowIntermediate, false)).finding, 'down');
  assert.is((await run(certificates.belowIntermediate, true)).finding, 'up');
  assert.is(requests, 1);
  assert.is((await run(certificates.selfSigned, true)).reason, 'TLS certificate is self-signed');
  assert.is(
    (await run(certificates.otherName, true)).reason,
    'TLS certificate is for elsewhere.example.org, not for 127.0.0.1',
  );
  assert.is(requests, 1);
});

test.run();
