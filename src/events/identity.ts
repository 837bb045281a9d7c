import { hash, randomFillSync } from 'node:crypto';
import { latestMs } from './timestamp.js';

const printable = /^[\x20-\x7e]{1,128}$/;

/** An id that every broker, header and destination can carry: 1 to 128 printable ASCII characters. */
export function isEventId(value: unknown): value is string {
  return typeof value === 'string' && printable.test(value);
}

/**
 * 128 bits of SHA-256 over the bytes (text counts as UTF-8), as 32 hex digits.
 * It must never change: ids are keys in every sink. SHA-256 costs 1.4 µs for 400 bytes, MD5 1.7, SHA-1 0.9, BLAKE2 1.5
 * (Node 20), and is the one of them that nobody can make collide and that FIPS builds have.
 */
export function hashOf(body: string | Uint8Array): string {
  return hash('sha256', body, 'hex').slice(0, 32);
}

/**
 * A hash that nobody can foretell without the secret, as 32 hex digits. Each part is preceded by its length, so that no
 * two lists of parts read the same. Parts are text; bytes go in as latin1. Costs 0.4 µs for a short list where an HMAC
 * costs 1.4 (Node 20), and needs no HMAC: half of the SHA-256 is cut off, so it cannot be continued by who does not
 * know the secret.
 */
export function keyedHash(secret: string, ...parts: readonly (string | number)[]): string {
  return hashOf(keyedText(secret, ...parts));
}

/** What `keyedHash` hashes; begun with one call it can be continued with another. */
export function keyedText(begun: string, ...parts: readonly (string | number)[]): string {
  let text = begun;
  for (const part of parts) {
    const piece = String(part);
    text += `\n${piece.length}:${piece}`;
  }
  return text;
}

/**
 * An id that ascends with time and is the same for the same event: 48 bits of ms, then the first 80 of a hash; 32 hex
 * digits. Ids in the order of time are appended to a destination's index instead of scattered over it.
 * @param ms whole epoch ms from 1970 to 9999
 * @param hash at least 20 hex digits
 */
export function timedId(ms: number, hash: string): string {
  // In one piece: put together from its parts, it would keep them, and the whole hash, for as long as it is remembered.
  idBytes.write(timeDigits(ms), 0, 12, 'latin1');
  idBytes.write(hash, 12, 20, 'latin1');
  return idBytes.toString('latin1');
}

const idBytes = Buffer.alloc(32);

/**
 * A new id for an event that came without one: 48 bits of ms, 16 that count within the ms, 64 random ones; 32 hex
 * digits. The ids of one process ascend, as long as its clock does and for 65,536 of them in a ms.
 * @param now whole epoch ms
 */
export function ascendingId(now: number): string {
  if (now !== counted.ms) {
    counted.ms = now;
    counted.time = timeDigits(now);
    counted.count = 0;
  }
  const count = counted.count++ & 0xffff;
  if (counted.used === pool.length) {
    randomFillSync(pool);
    counted.used = 0;
  }
  const random = pool.toString('hex', counted.used, counted.used + 8);
  counted.used += 8;
  return `${counted.time}${count.toString(16).padStart(4, '0')}${random}`;
}

const pool = Buffer.alloc(4096);
const counted = { ms: -1, time: '', count: 0, used: pool.length };

/** All but the last two digits, and what they stand for: many events are of nearly the same time. */
const upper = { time: -1, text: '' };
const lastDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function timeDigits(ms: number): string {
  if (!(Number.isInteger(ms) && ms >= 0 && ms <= latestMs)) throw new RangeError(`an id needs epoch ms, not ${ms}`);
  const time = Math.floor(ms / 256);
  if (time !== upper.time) {
    upper.text = time.toString(16).padStart(10, '0');
    upper.time = time;
  }
  return upper.text + lastDigits[ms % 256];
}
