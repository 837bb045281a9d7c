import { Readable } from 'node:stream';
import { ownerOf, pieces, shareOf } from './answer.js';
import { type AnswerShare, answersFull } from './answer-pool.js';
import type { ApiContext } from './context.js';

/** Bytes of bodies that are read for a list at once. */
const sliceBytes = 128 * 1024;

/** A part of a page: its items as JSON. */
export interface Slice {
  readonly items: readonly string[];
  readonly nextCursor: string | null;
}

export interface SliceQuery {
  readonly limit: number;
  readonly cursor?: string;
  readonly maxBytes: number;
}

export interface List {
  /** The member of the answer that holds the items. */
  readonly member: string;
  /** Items on the page, at most. */
  readonly limit: number;
  /** Bytes on the page, at most, give or take a slice: then it ends early, as it may. */
  readonly maxBytes: number;
  readonly cursor: string | undefined;
  readonly read: (query: SliceQuery) => Promise<Slice>;
}

/**
 * Answers with a page of a list. A large one is never held whole: it is read slice by slice, each when its reader has
 * taken the one before. A page that cannot be finished as it was begun (no room in the pool, a fault of the storage)
 * ends early with the cursor that leads on, where the next request meets what is wrong.
 * @throws HttpProblem (503) when there is no room for the first slice; what `read` throws for it
 */
export async function answerList(ctx: ApiContext, list: List): Promise<void> {
  const first = await readSlice(ctx, list, list.limit, list.cursor);
  const text = opening(list, first);
  ctx.type = 'application/json';
  if (ended(list, first, first.items.length, text.length)) {
    ctx.body = text + ending(first.nextCursor);
    return;
  }
  const share = shareOf(ctx);
  // One slice may stand in the socket while the next is at hand.
  if (!share.grow(2 * Buffer.byteLength(text))) throw answersFull();
  ctx.status = 200;
  ctx.body = Readable.from(rest(ctx, list, share, first, Buffer.from(text)), { objectMode: false });
}

async function* rest(
  ctx: ApiContext,
  list: List,
  share: AnswerShare,
  first: Slice,
  begun: Buffer,
): AsyncGenerator<Buffer> {
  yield* pieces(begun);
  let count = first.items.length;
  let bytes = begun.length;
  let cursor = first.nextCursor;
  for (let last = first; !ended(list, last, count, bytes); ) {
    const slice = await readSlice(ctx, list, list.limit - count, cursor ?? undefined).catch(() => undefined);
    if (slice === undefined) break;
    const part = Buffer.from(slice.items.map(item => `,${item}`).join(''));
    if (!share.grow(2 * part.length)) break;
    yield* pieces(part);
    count += slice.items.length;
    bytes += part.length;
    cursor = slice.nextCursor;
    last = slice;
  }
  yield Buffer.from(ending(cursor));
}

function readSlice(ctx: ApiContext, list: List, limit: number, cursor: string | undefined): Promise<Slice> {
  const query = { limit, maxBytes: sliceBytes, ...(cursor === undefined ? {} : { cursor }) };
  const gone = (): boolean => ctx.req.socket.destroyed;
  return ctx.services.turns.lists.run(ownerOf(ctx), gone, () => list.read(query));
}

function ended({ limit, maxBytes }: List, { items, nextCursor }: Slice, count: number, bytes: number): boolean {
  return nextCursor === null || items.length === 0 || count >= limit || bytes >= maxBytes;
}

function opening({ member }: List, { items }: Slice): string {
  return `{"${member}":[${items.join(',')}`;
}

function ending(cursor: string | null): string {
  return `],"next_cursor":${JSON.stringify(cursor)}}`;
}
