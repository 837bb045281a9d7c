import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../../src/errors.js';
import { httpFault, NoAnswerError } from '../../../src/sinks/http/faults.js';
import { authorizationOf, type HttpRequest, request as requestThrough } from '../../../src/sinks/http/request.js';
import { straight } from '../../helpers/outgoing.js';
import { thrown } from '../../helpers/thrown.js';

const request = (options: Omit<HttpRequest, 'outgoing'>) => requestThrough({ outgoing: straight, ...options });

interface Received {
  method: string | undefined;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

async function withServer(
  answer: (response: ServerResponse, received: Received) => void,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const server: Server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', chunk => chunks.push(chunk));
    incoming.on('end', () => {
      answer(response, { method: incoming.method, headers: incoming.headers, body: Buffer.concat(chunks) });
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
}

test('a request carries method, headers and body, and gives status, headers and text', async () => {
  let received: Received | undefined;
  await withServer(
    (response, seen) => {
      received = seen;
      response.writeHead(207, { 'x-what': 'this' }).end('some text');
    },
    async url => {
      const answer = await request({ url: `${url}/a`, headers: { 'x-key': 'k' }, body: 'hello', timeoutMs: 5000 });
      assert.is(answer.status, 207);
      assert.is(answer.headers.get('x-what'), 'this');
      assert.is(answer.text, 'some text');
    },
  );
  assert.is(received?.method, 'POST');
  assert.is(received?.headers['x-key'], 'k');
  assert.is(received?.body.toString(), 'hello');
});

test('gzip compresses the body', async () => {
  let received: Received | undefined;
  await withServer(
    (response, seen) => {
      received = seen;
      response.writeHead(204).end();
    },
    async url => {
      await request({ url, body: 'x'.repeat(10_000), gzip: true, timeoutMs: 5000 });
    },
  );
  assert.is(received?.headers['content-encoding'], 'gzip');
  assert.is(gunzipSync(received!.body).toString(), 'x'.repeat(10_000));
});

test('connections are kept alive', async () => {
  const ports = new Set<number>();
  await withServer(
    response => {
      ports.add(response.socket?.remotePort ?? 0);
      response.end('ok');
    },
    async url => {
      for (let i = 0; i < 20; i += 1) await request({ url, timeoutMs: 5000 });
    },
  );
  // The next request may start a moment before the last connection is known to be free.
  assert.ok(ports.size <= 2, `${ports.size} connections`);
});

test('the user of an address becomes basic authentication', async () => {
  let received: Received | undefined;
  await withServer(
    (response, seen) => {
      received = seen;
      response.end();
    },
    async url => {
      await request({ url, headers: authorizationOf({ user: 'ann', password: 's3cret@' }), timeoutMs: 5000 });
    },
  );
  assert.is(received?.headers.authorization, `Basic ${Buffer.from('ann:s3cret@').toString('base64')}`);
  assert.equal(authorizationOf({ user: undefined, password: undefined }), {});
});

test('the answer is cut at its cap', async () => {
  await withServer(
    response => {
      response.end('y'.repeat(300_000));
    },
    async url => {
      const answer = await request({ url, timeoutMs: 5000, maxResponseBytes: 1000 });
      assert.is(answer.text.length, 1000);
    },
  );
});

test('redirects are not followed: they are a matter of settings', async () => {
  let requests = 0;
  await withServer(
    response => {
      requests += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    },
    async url => {
      const answer = await request({ url, body: 'x', timeoutMs: 5000 });
      assert.instance(httpFault(answer, { name: 'X', now: 0 }), SetupError);
    },
  );
  assert.is(requests, 1);
});

test('a slow server is a transient fault, and ambiguous', async () => {
  await withServer(
    () => {},
    async url => {
      const error = await thrown(request({ url, timeoutMs: 900 }));
      assert.instance(error, TransientError);
      assert.match(error.message, /no answer from 127\.0\.0\.1:\d+ within 900 ms/);
      assert.is((error as NoAnswerError).ambiguous, true);
    },
  );
});

test('the caller can abort, before and during', async () => {
  await withServer(
    () => {},
    async url => {
      const controller = new AbortController();
      const going = thrown(request({ url, timeoutMs: 5000, signal: controller.signal }));
      setTimeout(() => controller.abort(), 20);
      assert.match((await going).message, /aborted/);
      const error = await thrown(request({ url, timeoutMs: 5000, signal: controller.signal }));
      assert.is((error as NoAnswerError).ambiguous, false);
    },
  );
});

test('a refused connection is said plainly and surely not sent', async () => {
  const free = createTcpServer();
  await new Promise<void>(resolve => free.listen(0, '127.0.0.1', resolve));
  const port = (free.address() as AddressInfo).port;
  await new Promise(resolve => free.close(resolve));
  const error = await thrown(request({ url: `http://127.0.0.1:${port}/`, body: 'x', timeoutMs: 5000 }));
  assert.instance(error, NoAnswerError);
  assert.is(error.message, `127.0.0.1:${port} refused the connection: nothing listens there (ECONNREFUSED)`);
  assert.is((error as NoAnswerError).ambiguous, false);
});

test('a name that does not exist is said plainly', async () => {
  const error = await thrown(request({ url: 'http://no-such-host.invalid/', timeoutMs: 5000 }));
  assert.instance(error, TransientError);
  assert.match(error.message, /no-such-host\.invalid cannot be resolved|cannot/);
});

for (const [what, bytes] of [
  ['before an answer', ''],
  ['in the middle of the head', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ['in the middle of the body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'],
  ['after garbage', 'garbage, garbage\r\n\r\n'],
] as const) {
  test(`a connection that ends ${what} is an ambiguous transient fault`, async () => {
    const server = createTcpServer(socket => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(bytes));
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const error = await thrown(request({ url: `http://127.0.0.1:${port}/`, body: 'x', timeoutMs: 5000 }));
      assert.instance(error, NoAnswerError);
      assert.is((error as NoAnswerError).ambiguous, true);
      assert.match(error.message, /cut the connection|does not answer in HTTP/);
    } finally {
      await new Promise(resolve => server.close(resolve));
    }
  });
}

test('TLS spoken to a plain server is said plainly', async () => {
  await withServer(
    () => {},
    async url => {
      const error = await thrown(request({ url: url.replace('http', 'https'), timeoutMs: 5000 }));
      assert.instance(error, TransientError);
      assert.match(error.message, /no secure connection|cut the connection/);
    },
  );
});

test('what can never be sent is a matter of settings', async () => {
  assert.instance(await thrown(request({ url: 'not a url', timeoutMs: 100 })), SetupError);
  assert.instance(await thrown(request({ url: 'ftp://127.0.0.1/', timeoutMs: 100 })), SetupError);
  const header = thrown(
    request({ url: 'http://127.0.0.1:9', headers: { authorization: 'Token s3\ncret' }, timeoutMs: 1 }),
  );
  assert.instance(await header, SetupError);
  assert.not.match((await header).message, /s3/);
});

test.run();
