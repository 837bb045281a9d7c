import { createHash, randomInt } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gunzip as gunzipWithCallback, gzip as gzipWithCallback } from 'node:zlib';

/*
 * The files of a day, `days/2026-03-15/20260315T101530123Z-0f3a…-4711.part.ndjson.gz`: when it was written, the
 * beginning of the SHA-256 of its bytes, and their number. Parts come as the events do; sealing makes fewer and larger
 * files of them, without `.part`. Behind the milliseconds, theirs have six digits by chance: a file is its maker's own,
 * who may remove it again, even when somebody else seals the same lines at the same time.
 */

export interface DayFile {
  readonly name: string;
  readonly day: string;
  /** When it was written, as in its name: sorts. */
  readonly written: string;
  readonly hash: string;
  readonly bytes: number;
  /** Not sealed yet. */
  readonly isPart: boolean;
}

/** Bytes of lines in one file of a sealed day: it is unpacked in memory. */
export const maxFileBytes = 32 * 1024 * 1024;
/** Whatever somebody put there, no more than this is unpacked, bytes. */
const maxUnpackedBytes = 256 * 1024 * 1024;
/** Lines that are looked at in one go: the loop has other things to do. */
const linesAtOnce = 1_000;
const newline = 0x0a;

const pack = promisify(gzipWithCallback);
const unpack = promisify(gunzipWithCallback);
const pattern = /^days\/(\d{4}-\d{2}-\d{2})\/(\d{8}T\d{9}(?:\d{6})?Z)-([0-9a-f]{16})-(\d{1,9})(\.part)?\.ndjson\.gz$/;

/** Undefined: no file of ours. */
export function readFileName(name: string): DayFile | undefined {
  const [, day, written, hash, bytes, part] = pattern.exec(name) ?? [];
  if (day === undefined || written === undefined || hash === undefined) return undefined;
  return { name, day, written, hash, bytes: Number(bytes), isPart: part !== undefined };
}

export function folderOf(day: string): string {
  return `days/${day}/`;
}

export interface PackedFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** A file of these lines. @param now epoch ms */
export async function packFile(
  day: string,
  lines: readonly string[],
  now: number,
  isPart: boolean,
): Promise<PackedFile> {
  const bytes = await pack(`${lines.join('\n')}\n`);
  const sha256 = sha256Of(bytes);
  const byChance = isPart ? '' : String(randomInt(1_000_000)).padStart(6, '0');
  const stem = `${stampOf(now).replace('Z', `${byChance}Z`)}-${sha256.slice(0, 16)}-${bytes.length}`;
  const name = `${folderOf(day)}${stem}${isPart ? '.part' : ''}.ndjson.gz`;
  return { name, bytes, sha256 };
}

/** `20260315T101530123Z` */
export function stampOf(now: number): string {
  return new Date(now).toISOString().replace(/[-:.]/g, '');
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * How the bytes of a file are. `cut off`: its writer, or a store that does not write whole files, died meanwhile, and
 * nobody ever counted on it.
 */
export function stateOf(file: Pick<DayFile, 'hash' | 'bytes'>, bytes: Buffer): 'whole' | 'cut off' | 'changed' {
  if (bytes.length < file.bytes) return 'cut off';
  return sha256Of(bytes).startsWith(file.hash) ? 'whole' : 'changed';
}

/** The whole lines of a file that was cut off. */
export async function* linesBeforeCut(packed: Buffer): AsyncGenerator<readonly string[]> {
  if (packed.length === 0) return;
  const limits = { maxOutputLength: maxUnpackedBytes, finishFlush: constants.Z_SYNC_FLUSH };
  const bytes = await unpack(packed, limits).catch(() => Buffer.alloc(0));
  yield* linesOf(bytes.subarray(0, bytes.lastIndexOf(newline) + 1));
}

/**
 * Some lines at a time.
 * @throws what unpacking throws, where the bytes are not what was written
 */
export async function* linesIn(packed: Buffer): AsyncGenerator<readonly string[]> {
  yield* linesOf(await unpack(packed, { maxOutputLength: maxUnpackedBytes }));
}

async function* linesOf(bytes: Buffer): AsyncGenerator<readonly string[]> {
  let lines: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(newline, start);
    const end = found < 0 ? bytes.length : found;
    if (end > start) lines.push(bytes.toString('utf8', start, end));
    start = end + 1;
    if (lines.length < linesAtOnce) continue;
    yield lines;
    lines = [];
    await setImmediate();
  }
  if (lines.length > 0) yield lines;
}
