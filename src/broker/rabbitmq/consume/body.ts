import { isUtf8 } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

/** A body that was unpacked may have this many bytes: what HTTP takes as one event at most. */
export const maxUnpackedBytes = 1024 * 1024;

/**
 * One that came unpacked may have this many: no destination takes larger ones (MongoDB's documents end here), and to
 * read one of RabbitMQ's 128 MiB would keep everything else waiting for seconds.
 */
const maxBytes = 16 * 1024 * 1024;

/** A body as it can be read, and why it cannot. */
export interface Body {
  readonly content: Buffer;
  /** `content` is as it came, still packed: the `content-encoding` to send it on with. */
  readonly encoding?: string;
  readonly unreadable?: string;
}

/** Short enough to be looked into. */
export function isReadable(content: Buffer): boolean {
  return content.length <= maxBytes;
}

const replacement = Buffer.from('\ufffd');

type Unpack = (content: Buffer, options: { maxOutputLength: number }) => Buffer;

const unpackers: Readonly<Record<string, Unpack>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

/** Not packed. Python's kombu puts the name of a character set there. */
const plain = new Set(['', 'identity', 'utf-8', 'utf8', 'us-ascii', 'ascii', 'binary']);

/**
 * Unpacks a body by its `content-encoding` property, of whatever type that is, and
 * checks that it is text. Never throws.
 */
export function readBody(content: Buffer, contentEncoding: unknown): Body {
  if (!isReadable(content)) {
    const unreadable = `the body has ${content.length} bytes: more than ${maxBytes}, the most that is read`;
    return { content, ...(typeof contentEncoding === 'string' ? { encoding: contentEncoding } : {}), unreadable };
  }
  const encoding = typeof contentEncoding === 'string' ? contentEncoding.trim().toLowerCase() : '';
  if (plain.has(encoding)) return { content, ...flaw(content) };
  const unpack = Object.hasOwn(unpackers, encoding) ? unpackers[encoding] : undefined;
  if (unpack === undefined) {
    // Whatever the property says: what is text is taken as it is.
    if (isUtf8(content)) return { content };
    return { content, encoding, unreadable: `the body is packed in a way that is not known here: ${quoted(encoding)}` };
  }
  try {
    const unpacked = unpack(content, { maxOutputLength: maxUnpackedBytes });
    return { content: unpacked, ...flaw(unpacked) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const unreadable = `the body (${encoding}, ${content.length} bytes) unpacks to more than ${maxUnpackedBytes} bytes`;
      return { content, encoding, unreadable };
    }
    // Some name a coding that a library in between has undone.
    if (isUtf8(content) && /^\s*[{[]/.test(content.toString('latin1', 0, 64))) return { content };
    return {
      content,
      encoding,
      unreadable: `the body cannot be unpacked as ${encoding} (${(error as Error).message})`,
    };
  }
}

function flaw(content: Buffer): Pick<Body, 'unreadable'> {
  if (isUtf8(content)) return {};
  const at = firstInvalid(content);
  return {
    unreadable: `the body is not UTF-8: byte 0x${content[at]!.toString(16).padStart(2, '0')} at position ${at}`,
  };
}

/** Offset of the first byte that is not part of a UTF-8 sequence; there is one. */
function firstInvalid(content: Buffer): number {
  const text = content.toString();
  let offset = 0;
  for (let from = 0; ; from += 1) {
    const at = text.indexOf('\ufffd', from);
    offset += Buffer.byteLength(text.slice(from, at));
    // U+FFFD itself, as the sender wrote it?
    if (!content.subarray(offset, offset + 3).equals(replacement)) return offset;
    offset += 3;
    from = at;
  }
}

function quoted(encoding: string): string {
  return JSON.stringify(encoding.slice(0, 40));
}
