import { hash } from 'node:crypto';

/**
 * Some bytes of a file, by their number and hash: enough to know them again without
 * keeping what a log says about people.
 */
export interface Fingerprint {
  readonly length: number;
  readonly hash: string;
}

/** A file is known by its first lines. At most this many bytes are looked at for them, in pieces. */
export const headBytes = 64 * 1024;
export const maxHeadBytes = 1024 * 1024;
/**
 * Bytes before an offset that show whether the file is still the same up to there: a few
 * lines, so that no two places look alike.
 */
export const tailBytes = 1024;

export const noFingerprint: Fingerprint = { length: 0, hash: '' };

const newline = 10;

export function fingerprintOf(bytes: Uint8Array): Fingerprint {
  return bytes.length === 0 ? noFingerprint : { length: bytes.length, hash: hash('sha256', bytes, 'hex').slice(0, 32) };
}

/** Each of them once, where it stood last; those of no bytes are left out. */
export function merged(known: readonly Fingerprint[], more: readonly Fingerprint[]): Fingerprint[] {
  const some = [...known, ...more].filter(({ length }) => length > 0);
  return [...new Map(some.map(one => [one.hash, one])).values()];
}

/** Whether these bytes begin with those of the fingerprint. */
export function beginsWith(bytes: Uint8Array, fingerprint: Fingerprint): boolean {
  return (
    bytes.length >= fingerprint.length && fingerprintOf(bytes.subarray(0, fingerprint.length)).hash === fingerprint.hash
  );
}

/** What a file is known by. Both are empty while it does not hold a whole line. */
export interface Head {
  /** The first line, with its newline. Its hash names the file in ids. */
  readonly first: Fingerprint;
  /**
   * The first lines up to one that differs from the first, or the first alone while there is none: logs that begin
   * within one second may begin with the same line, again and again when a client asks for the same thing.
   */
  readonly head: Fingerprint;
}

/** From a file's first bytes. A line that is longer than `headBytes` is known by that many. */
export function headOf(bytes: Uint8Array): Head {
  const one = bytes.subarray(0, headBytes).indexOf(newline) + 1;
  if (one === 0) {
    const first = bytes.length >= headBytes ? fingerprintOf(bytes.subarray(0, headBytes)) : noFingerprint;
    return { first, head: first };
  }
  const line = bytes.subarray(0, one);
  const first = fingerprintOf(line);
  for (let start = one; start < bytes.length; ) {
    const stop = bytes.indexOf(newline, start) + 1;
    if (stop === 0) break;
    if (Buffer.compare(bytes.subarray(start, stop), line) !== 0)
      return { first, head: fingerprintOf(bytes.subarray(0, stop)) };
    start = stop;
  }
  return { first, head: first };
}

/** More than a line is known of it, so that no other log is like it. */
export function isSure({ first, head }: Head): boolean {
  return first.length > 0 && (head.length > first.length || first.length >= headBytes);
}
