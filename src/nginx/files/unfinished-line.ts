import { maxLineBytes } from '../limits.js';

/**
 * An unfinished line does not begin with NUL bytes, and is not worth waiting for when it is too long
 * and has some in it: see LineCounter.
 */
export function behindNuls(buffer: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && buffer[at] === 0) at += 1;
  if (end - at <= maxLineBytes) return at;
  const last = buffer.subarray(at, end).lastIndexOf(0);
  return last < 0 ? at : at + last + 1;
}
