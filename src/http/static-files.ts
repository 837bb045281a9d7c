import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import type { Middleware } from 'koa';

const gzip = promisify(gzipCallback);

/** A file that is served under one path, or what is found or made when it is asked for first. */
export interface StaticFile {
  readonly path: string;
  /** As in Content-Type, or its short form (`css`). */
  readonly type: string;
  readonly content: URL | (() => string | URL);
}

interface Loaded {
  readonly plain: Buffer;
  readonly packed: Buffer;
  readonly etag: string;
}

/**
 * Serves one asset from memory: read and packed once, and named by its content, so that a
 * browser asks but seldom loads again.
 */
export function serve(file: StaticFile): Middleware {
  let loading: Promise<Loaded> | undefined;
  return async ctx => {
    loading ??= load(file);
    let loaded: Loaded;
    try {
      loaded = await loading;
    } catch (error) {
      loading = undefined;
      throw error;
    }
    ctx.set({ ETag: loaded.etag, 'Cache-Control': 'no-cache', Vary: 'Accept-Encoding' });
    ctx.type = file.type;
    ctx.status = 200;
    if (ctx.fresh) {
      ctx.status = 304;
      return;
    }
    const pack = ctx.acceptsEncodings('gzip', 'identity') === 'gzip' && loaded.packed.length < loaded.plain.length;
    if (pack) ctx.set('Content-Encoding', 'gzip');
    ctx.state.shared = true;
    ctx.body = pack ? loaded.packed : loaded.plain;
  };
}

async function load({ content }: StaticFile): Promise<Loaded> {
  const found = typeof content === 'function' ? content() : content;
  const plain = found instanceof URL ? await readFile(found) : Buffer.from(found);
  const etag = `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { plain, packed: await gzip(plain), etag };
}
