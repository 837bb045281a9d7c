import Koa from 'koa';

type Run = (ctx: Koa.Context) => Promise<unknown>;

/** What Koa, whose version is fixed, does with a request; its types do not speak of it. */
const { handleRequest } = Koa.prototype as unknown as { handleRequest(this: Koa, ctx: Koa.Context, run: Run): unknown };

/**
 * Koa, with a shorter way for answers that are a text, which most are, and for the live stream. Koa adds a listener to
 * each response and its socket, and takes it off again, in case the socket breaks: an answer that leaves in one piece
 * has nothing to end then, the stream hears of its end by itself, and the server logs broken sockets at debug.
 */
export class Application extends Koa {
  async handleRequest(ctx: Koa.Context, run: Run): Promise<void> {
    ctx.res.statusCode = 404;
    try {
      await run(ctx);
      this.#answer(ctx);
    } catch (error) {
      ctx.onerror(error as Error);
    }
  }

  #answer(ctx: Koa.Context): void {
    const { res } = ctx;
    if (ctx.respond === false) return;
    const { statusCode } = res;
    if (typeof ctx.body === 'string' && ctx.method !== 'HEAD' && ctx.writable && mayHaveBody(statusCode)) {
      res.end(ctx.body);
      return;
    }
    const done = Promise.resolve();
    handleRequest.call(this, ctx, () => {
      res.statusCode = statusCode;
      return done;
    });
  }
}

function mayHaveBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}
