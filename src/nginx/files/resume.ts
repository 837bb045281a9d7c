import { type Content, readAt } from './content.js';
import { findNewestLine } from './last-line-hashes.js';

interface Read {
  /** The file begins as it did. */
  readonly begins: boolean;
  readonly trail: readonly string[];
  /** How far it had been read. */
  readonly offset: number;
}

const newline = 10;
const searchBytes = 256 * 1024;

/**
 * Where to read on in a file that does not hold any more what was read of it: behind the newest line that was counted
 * and is still there. When none of the last lines is there, but as many bytes as were read: at the next line. Undefined
 * when there are fewer, or nothing shows that it is the same file.
 */
export async function resumeAt(
  content: Content,
  size: number,
  { begins, trail, offset }: Read,
): Promise<number | undefined> {
  const found = await findNewestLine(content, size, new Set(trail));
  if (found !== undefined && (begins || found.sure)) return behindCut(content, found.end, size, offset);
  return begins && size >= offset ? nextLine(content, offset, size) : undefined;
}

/** A piece without an end, in a file that is shorter than what was read, is what is left of a line that was counted. */
async function behindCut(content: Content, at: number, size: number, offset: number): Promise<number> {
  if (size >= offset) return at;
  const bytes = await readAt(content, at, Math.min(size - at, searchBytes));
  return bytes.includes(newline) || bytes.includes(0) ? at : size;
}

/** Where the unfinished last line begins, or the next one will. */
export async function lastLineStart(content: Content): Promise<number> {
  const { size = 0 } = await content.state();
  const from = Math.max(0, size - searchBytes);
  const bytes = await readAt(content, from, size - from);
  return from + bytes.lastIndexOf(newline) + 1;
}

/** The end of the file when no line begins behind that place. */
async function nextLine(content: Content, at: number, size: number): Promise<number> {
  const before = at === 0 ? Buffer.of(newline) : await readAt(content, at - 1, 1);
  if (before[0] === newline || before[0] === 0) return at;
  for (let from = at; from < size; from += searchBytes) {
    const bytes = await readAt(content, from, Math.min(searchBytes, size - from));
    const stop = bytes.findIndex(byte => byte === newline || byte === 0);
    if (stop >= 0) return bytes[stop] === newline ? from + stop + 1 : from + stop;
  }
  return size;
}
