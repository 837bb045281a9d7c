import { hash } from 'node:crypto';

/** Some bytes of a file, by their number and hash: enough to know them again without keeping what a log says about people. */
export interface Fingerprint {
  readonly length: number;
  readonly hash: string;
}

/** A file is known by its first lines: at most this many bytes are looked at. */
export const headBytes = 64 * 1024;
/** Bytes before an offset that show whether the file is still the same up to there: a few lines, so that no two places look alike. */
export const tailBytes = 1024;

export const noFingerprint: Fingerprint = { length: 0, hash: '' };

const newline = 10;

export function fingerprintOf(bytes: Uint8Array): Fingerprint {
  return bytes.length === 0 ? noFingerprint : { length: bytes.length, hash: hash('sha256', bytes, 'hex').slice(0, 32) };
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
  /** The first two lines, or the first while there is only one. Two logs may begin with the same line, when they begin in the same second. */
  readonly head: Fingerprint;
}

export const noHead: Head = { first: noFingerprint, head: noFingerprint };

/** From a file's first bytes. A line longer than `headBytes` stands for itself with that many. */
export function headOf(bytes: Uint8Array): Head {
  const known = bytes.subarray(0, headBytes);
  const one = known.indexOf(newline) + 1;
  if (one === 0) {
    const first = known.length === headBytes ? fingerprintOf(known) : noFingerprint;
    return { first, head: first };
  }
  const two = known.indexOf(newline, one) + 1;
  const first = fingerprintOf(known.subarray(0, one));
  if (two > 0) return { first, head: fingerprintOf(known.subarray(0, two)) };
  return { first, head: known.length === headBytes ? fingerprintOf(known) : first };
}

/** More than a line is known of it. */
export function isSure({ first, head }: Head): boolean {
  return first.length > 0 && (head.length > first.length || first.length >= headBytes);
}
