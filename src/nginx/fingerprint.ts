import { hash } from 'node:crypto';

/** Some bytes of a file, by their number and hash: enough to know them again without keeping what a log says about people. */
export interface Fingerprint {
  readonly length: number;
  readonly hash: string;
}

/** The first bytes of a file tell it from every other, the last ones that were read tell whether it is still the same. */
export const headBytes = 1024;
export const tailBytes = 64;

export const noMark: Fingerprint = { length: 0, hash: '' };

export function fingerprintOf(bytes: Uint8Array): Fingerprint {
  return bytes.length === 0 ? noMark : { length: bytes.length, hash: hash('sha256', bytes, 'hex').slice(0, 32) };
}

/** Of the first bytes of a file. Less than a line tells nothing: too many logs begin so. */
export function headMark(bytes: Uint8Array): Fingerprint {
  return bytes.length >= headBytes || bytes.includes(10) ? fingerprintOf(bytes) : noMark;
}

/** Do these bytes begin with the marked ones? A mark of nothing tells nothing. */
export function beginsWith(bytes: Uint8Array, fingerprint: Fingerprint): boolean {
  return (
    bytes.length >= fingerprint.length && fingerprintOf(bytes.subarray(0, fingerprint.length)).hash === fingerprint.hash
  );
}
