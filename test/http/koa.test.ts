import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { Middleware } from 'koa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Application } from '../../src/http/koa.js';

interface Context {
  /** The answer of an application that is this middleware, and how many listeners its response was given. */
  answer(middleware: Middleware, method?: string): Promise<Answer>;
  errors: unknown[];
}

interface Answer {
  readonly response: Response;
  readonly text: string;
  readonly listeners: number;
}

const test = suite<Context>('koa');
test.before.each(context => {
  context.errors = [];
  context.answer = async (middleware, method = 'GET') => {
    const app = new Application();
    app.on('error', error => context.errors.push(error));
    app.use(middleware);
    const handle = app.callback();
    let added = 0;
    const server = createServer((request: IncomingMessage, response: ServerResponse) => {
      response.on('newListener', name => {
        if (name === 'finish' || name === 'end') added += 1;
      });
      void handle(request, response);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method });
      return { response, text: await response.text(), listeners: added };
    } finally {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    }
  };
});

test('a text leaves with its status and headers, and nothing listens for its end', async ({ answer }) => {
  const { response, text, listeners } = await answer(ctx => {
    ctx.status = 202;
    ctx.set('X-Request-Id', 'a');
    ctx.body = 'größer';
  });
  assert.is(response.status, 202);
  assert.is(response.headers.get('x-request-id'), 'a');
  assert.is(response.headers.get('content-length'), '8');
  assert.is(text, 'größer');
  assert.is(listeners, 0);
});

test('everything else is answered as Koa does', async ({ answer }) => {
  const stream = await answer(ctx => {
    ctx.status = 201;
    ctx.body = Readable.from(['a', 'b'], { objectMode: false });
  });
  assert.is(stream.response.status, 201);
  assert.is(stream.text, 'ab');
  assert.ok(stream.listeners > 0);
  const head = await answer(ctx => {
    ctx.body = 'text';
  }, 'HEAD');
  assert.is(head.response.status, 200);
  assert.is(head.response.headers.get('content-length'), '4');
  assert.is(head.text, '');
  const none = await answer(ctx => {
    ctx.status = 204;
  });
  assert.is(none.response.status, 204);
  const unknown = await answer(() => {});
  assert.is(unknown.response.status, 404);
  assert.is(unknown.text, 'Not Found');
  const unchanged = await answer(ctx => {
    ctx.body = 'text';
    ctx.res.statusCode = 304;
  });
  assert.is(unchanged.response.status, 304);
  assert.is(unchanged.response.headers.get('content-type'), null);
  assert.is(unchanged.text, '');
});

test('what a middleware throws is reported, and answered with 500', async ({ answer, errors }) => {
  const { response, text } = await answer(() => {
    throw new Error('a defect');
  });
  assert.is(response.status, 500);
  assert.is(text, 'Internal Server Error');
  assert.equal(
    errors.map(error => (error as Error).message),
    ['a defect'],
  );
});

test('a client that breaks its connection before a text is ready is no error', async ({ answer, errors }) => {
  const answered = answer(async ctx => {
    const { socket } = ctx.req;
    const closed = new Promise(resolve => socket.once('close', resolve));
    socket.destroy(new Error('read ECONNRESET'));
    await closed;
    ctx.body = 'text';
  });
  const failed = await answered.catch(() => 'failed');
  assert.is(failed, 'failed');
  assert.equal(errors, []);
});

test('an answer that a middleware gives itself is left alone', async ({ answer, errors }) => {
  const { text, listeners } = await answer(ctx => {
    ctx.respond = false;
    ctx.body = 'ours';
    setImmediate(() => ctx.res.end('mine'));
  });
  assert.is(text, 'mine');
  assert.is(listeners, 0);
  // So long that it is still on its way when Koa's turn comes.
  const long = 'm'.repeat(16 * 1024 * 1024);
  const ended = await answer(ctx => {
    ctx.res.on('error', error => errors.push(error));
    ctx.res.end(long);
    ctx.body = 'ours';
  });
  assert.ok(ended.text === long);
  assert.equal(errors, []);
});

test.run();
