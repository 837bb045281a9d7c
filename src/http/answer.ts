import { Readable } from 'node:stream';
import type Koa from 'koa';
import { type AnswerShare, answersFull } from './answer-pool.js';
import type { ApiContext } from './context.js';

/** An answer goes out in pieces of this size, bytes, each when the one before has been taken. */
const pieceBytes = 64 * 1024;
/** What all readers of a file share costs each of them one piece at most. */
const sharedPieceBytes = 16 * 1024;
/** Smaller answers are not counted: the limits of connections, and of requests on each, bound them. */
const uncountedBytes = 2 * 1024;

/** Whose share of the pool the answer is taken from. */
export function ownerOf(ctx: ApiContext): string {
  const { key } = ctx.state;
  return key === undefined ? `address ${ctx.network}` : `key ${key.name}`;
}

/** A share of the pool that ends with this answer, or with its connection. */
export function shareOf(ctx: ApiContext): AnswerShare {
  const share = ctx.services.answers.share(ownerOf(ctx));
  ctx.services.connections.onEnd(ctx.res, () => share.release());
  return share;
}

/**
 * Takes the bytes of a complete answer from the pool, until its reader has them.
 * @throws HttpProblem (503) when there is no room
 */
export function boundAnswer(ctx: ApiContext): void {
  const content: unknown = ctx.body;
  if (typeof content !== 'string' && !Buffer.isBuffer(content)) return;
  if (content.length <= uncountedBytes || ctx.method === 'HEAD') return;
  const bytes = Buffer.byteLength(content);
  const { shared = false } = ctx.state;
  const size = shared ? sharedPieceBytes : pieceBytes;
  if (!shareOf(ctx).grow(shared ? Math.min(bytes, size) : bytes)) throw answersFull();
  if (bytes <= size) return;
  ctx.body = Readable.from(pieces(typeof content === 'string' ? Buffer.from(content) : content, size), {
    objectMode: false,
  });
  ctx.length = bytes;
}

/**
 * What a route answers with becomes JSON as it is set. Koa would ask first whether it is a Response of `fetch`, and
 * when that is named, Node loads it with all that belongs to it: tens of milliseconds in the first answer, and
 * megabytes.
 */
export function answerInJson({ response }: Koa): void {
  const koa = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(response), 'body') as Required<PropertyDescriptor>;
  Object.defineProperty(response, 'body', {
    get: koa.get,
    set(this: Koa.Response, body: unknown) {
      const isJson = typeof body === 'object' && body !== null && !Buffer.isBuffer(body) && !(body instanceof Readable);
      if (isJson && !/\bjson\b/i.test(this.type)) this.set('Content-Type', 'application/json; charset=utf-8');
      koa.set.call(this, isJson ? JSON.stringify(body) : body);
    },
  });
}

/** JSON that was put together already. Its type is set first: Koa would look whether the text is HTML. */
export function answerJson(ctx: ApiContext, text: string): void {
  ctx.res.setHeader('Content-Type', 'application/json; charset=utf-8');
  ctx.body = text;
}

export function* pieces(content: Buffer, size = pieceBytes): Generator<Buffer> {
  for (let start = 0; start < content.length; start += size) yield content.subarray(start, start + size);
}
