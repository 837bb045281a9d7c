import { hash } from 'node:crypto';
import { type Content, readAt } from './content.js';

/**
 * The last lines that were read of a file, by their hashes. When bytes of a file were cut off, zeroed or edited, the
 * newest of these lines that is still there is where reading goes on.
 */

const trailLines = 64;
/** The last bytes that were read are kept to make a trail of; most lines have fewer than a 64th. */
export const trailBytes = 32 * 1024;
const blockBytes = 1024 * 1024;
/** No further back than this is a file searched. */
const searchBytes = 64 * 1024 * 1024;
const newline = 10;

/** Hashes of the whole lines that end in these bytes, oldest first. */
export function trailOf(bytes: Buffer, max = trailLines): string[] {
  const hashes: string[] = [];
  let stop = bytes.lastIndexOf(newline);
  while (stop >= 0 && hashes.length < max) {
    const before = stop === 0 ? -1 : bytes.lastIndexOf(newline, stop - 1);
    if (stop > before + 1) hashes.push(lineHash(bytes.subarray(before + 1, stop)));
    stop = before;
  }
  return hashes.reverse();
}

export interface FoundLine {
  /** Where the line behind it begins. */
  readonly end: number;
  /** The line before it is one of the known ones as well, or it is the only one that is known: it is no chance. */
  readonly sure: boolean;
}

/** The last line in the file that is one of these. */
export async function findNewestLine(
  content: Content,
  size: number,
  known: ReadonlySet<string>,
): Promise<FoundLine | undefined> {
  if (known.size === 0) return undefined;
  let to = size;
  while (to > 0 && to > size - searchBytes) {
    const from = Math.max(0, to - blockBytes);
    const block = await readAt(content, from, to - from);
    const lines = wholeLines(block, from === 0);
    for (let index = lines.length - 1; index >= 0; index -= 1) {
      const [start, stop] = lines[index]!;
      if (stop === start || !known.has(lineHash(block.subarray(start, stop)))) continue;
      const before = lines[index - 1];
      const sure = known.size === 1 || (before !== undefined && known.has(lineHash(block.subarray(...before))));
      return { end: from + stop + 1, sure };
    }
    // The line that begins before this block is read with the next one.
    const first = lines[0]?.[0] ?? 0;
    to = first > 0 ? from + first : from;
  }
  return undefined;
}

/** Bounds without newlines. What stands before the first newline is a whole line only at the beginning of the file. */
function wholeLines(block: Buffer, atStart: boolean): (readonly [start: number, stop: number])[] {
  const lines: (readonly [number, number])[] = [];
  let start = atStart ? 0 : block.indexOf(newline) + 1;
  if (!atStart && start === 0) return [];
  for (;;) {
    const stop = block.indexOf(newline, start);
    if (stop < 0) return lines;
    lines.push([start, stop]);
    start = stop + 1;
  }
}

/** NUL bytes before a line are none of it. */
function lineHash(line: Buffer): string {
  const text = line.subarray(line.lastIndexOf(0) + 1);
  return hash('sha256', text, 'base64url').slice(0, 11);
}
