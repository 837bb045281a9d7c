import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { SetupError } from '../../errors.js';
import { headBytes, headOf, isSure, maxHeadBytes } from './fingerprint.js';
import type { RotatedLog } from './rotated-log.js';

export interface ContentState {
  /** Bytes in it now; undefined when only reading shows it. */
  readonly size: number | undefined;
  /** When it was written last, epoch ms. */
  readonly written: number;
}

/** What a log file holds, read from front to back. */
export interface Content {
  readonly dev: number;
  readonly ino: number;
  /** More may be written to it. */
  readonly grows: boolean;
  /** Reads up to `length` bytes from `position` into `buffer` at `at`; 0 = nothing there (yet). */
  read(buffer: Buffer, at: number, length: number, position: number): Promise<number>;
  state(): Promise<ContentState>;
  close(): Promise<void>;
}

/**
 * A plain file, held open: renaming or deleting it changes nothing. @throws ENOENT, EACCES and the
 * like; SetupError when it is not a file
 */
export async function openPlain(path: string): Promise<Content> {
  // Checked before: opening a pipe would wait for its writer.
  if (!(await stat(path)).isFile()) throw new SetupError(`${path} is not a file; name the log itself`);
  const handle = await open(path, 'r');
  try {
    const { dev, ino } = await handle.stat();
    return plain(handle, dev, ino);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function plain(handle: FileHandle, dev: number, ino: number): Content {
  return {
    dev,
    ino,
    grows: true,
    read: async (buffer, at, length, position) => (await handle.read(buffer, at, length, position)).bytesRead,
    state: async () => {
      const { size, mtimeMs } = await handle.stat();
      return { size, written: mtimeMs };
    },
    close: () => handle.close(),
  };
}

/**
 * A rotated log that was compressed; what is read of it is decompressed, and so are positions. They only go forward.
 */
export function openArchive({ path, dev, ino, written }: RotatedLog): Content {
  const source = createReadStream(path);
  const decompressed = source.pipe(createGunzip());
  source.once('error', error => decompressed.destroy(error));
  // Whoever reads next gets the error; until then nobody listens.
  decompressed.on('error', () => {});
  const pieces = decompressed[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let piece: Buffer = Buffer.alloc(0);
  let pieceAt = 0;
  return {
    dev,
    ino,
    grows: false,
    read: async (buffer, at, length, position) => {
      while (pieceAt + piece.length <= position) {
        const next = await pieces.next();
        if (next.done === true) return 0;
        pieceAt += piece.length;
        piece = next.value;
      }
      return piece.copy(buffer, at, position - pieceAt, position - pieceAt + length);
    },
    state: async () => ({ size: undefined, written }),
    close: async () => {
      source.destroy();
      decompressed.destroy();
    },
  };
}

/** At most `max` bytes from that position on; fewer at the end of the file. */
export async function readAt(content: Content, position: number, max: number): Promise<Buffer> {
  const bytes = Buffer.alloc(max);
  let length = 0;
  while (length < max) {
    const read = await content.read(bytes, length, max - length, position + length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** As many of the first bytes as it takes to know the file. */
export async function readHead(content: Content): Promise<Buffer> {
  let bytes = await readAt(content, 0, headBytes);
  while (bytes.length % headBytes === 0 && bytes.length > 0 && bytes.length < maxHeadBytes && !isSure(headOf(bytes)))
    bytes = Buffer.concat([bytes, await readAt(content, bytes.length, headBytes)]);
  return bytes;
}
