import { hash } from 'node:crypto';

/** Some bytes of a file, by their number and hash: enough to know them again without keeping what a log says about people. */
export interface Fingerprint {
  readonly length: number;
  readonly hash: string;
}

/** The first bytes of a file tell it from every other, the last ones that were read tell whether it is still the same. */
export const headBytes = 1024;
export const tailBytes = 64;

export const noFingerprint: Fingerprint = { length: 0, hash: '' };

export function fingerprintOf(bytes: Uint8Array): Fingerprint {
  return bytes.length === 0 ? noFingerprint : { length: bytes.length, hash: hash('sha256', bytes, 'hex').slice(0, 32) };
}

/** Fingerprint of a file's first bytes; empty for less than a line, since too many logs begin alike. */
export function headFingerprint(bytes: Uint8Array): Fingerprint {
  return bytes.length >= headBytes || bytes.includes(10) ? fingerprintOf(bytes) : noFingerprint;
}

/** Whether these bytes begin with those of the fingerprint. */
export function beginsWith(bytes: Uint8Array, fingerprint: Fingerprint): boolean {
  return (
    bytes.length >= fingerprint.length && fingerprintOf(bytes.subarray(0, fingerprint.length)).hash === fingerprint.hash
  );
}
