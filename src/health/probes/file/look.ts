import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { durationInWords } from '../../../duration-words.js';
import { errorCodeOf } from '../../../network-errors.js';
import { failureOf, notChecked } from '../../reasons.js';
import type { Sample } from '../../sample.js';

export interface FileExpectation {
  readonly exists?: boolean | undefined;
  /** Since it was last written, s. */
  readonly max_age?: number | undefined;
  /** Bytes. */
  readonly min_size?: number | undefined;
  readonly max_size?: number | undefined;
}

const maxEntries = 10_000;
/** Files of a folder that are looked at together: one after another, each would wake the process. */
const together = 32;

/** Whether a file is looked at, rather than written. */
export function isExpected(expect: FileExpectation): boolean {
  return Object.values(expect).some(value => value !== undefined);
}

/**
 * A file as it is; of a folder, the file in it that was written last, among those that are not still being written.
 * Nothing is written, and no content is read.
 */
export async function examine(path: string, expect: FileExpectation, now: number): Promise<Sample> {
  const began = performance.now();
  try {
    const found = await fileAt(path);
    const seconds = (performance.now() - began) / 1000;
    if (typeof found === 'string') return notChecked(found);
    return { ...judged(found, expect, now), seconds };
  } catch (error) {
    // What may not be looked at may well be there.
    if (['EACCES', 'EPERM'].includes(errorCodeOf(error) ?? '')) return notChecked('this user may not look at it');
    return failureOf(error);
  }
}

interface FoundFile {
  readonly modified: number;
  readonly size: number;
  /** In a folder: its name. */
  readonly name?: string;
}

/** @returns undefined where there is none; why it cannot be said, in words */
async function fileAt(path: string): Promise<FoundFile | string | undefined> {
  const found = await statOrNothing(path);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return { modified: found.mtimeMs, size: found.size };
  let newest: FoundFile | undefined;
  let count = 0;
  let names: string[] = [];
  for await (const entry of await opendir(path, { bufferSize: together })) {
    count += 1;
    if (count > maxEntries) return `more than ${maxEntries} entries in the folder`;
    if (!entry.isFile() || isUnfinished(entry.name)) continue;
    names.push(entry.name);
    if (names.length < together) continue;
    newest = await newestOf(path, names, newest);
    names = [];
  }
  return newestOf(path, names, newest);
}

async function newestOf(
  folder: string,
  names: readonly string[],
  before: FoundFile | undefined,
): Promise<FoundFile | undefined> {
  const found = await Promise.all(names.map(name => statOrNothing(join(folder, name))));
  return found.reduce((newest, file, place): FoundFile | undefined => {
    if (file === undefined || (newest !== undefined && file.mtimeMs <= newest.modified)) return newest;
    return { modified: file.mtimeMs, size: file.size, name: names[place] ?? '' };
  }, before);
}

/**
 * Hidden, or with the ending of a temporary file: what rsync, browsers and upload programs call a file until it is
 * whole, and what a check of ours leaves behind when it is killed.
 */
function isUnfinished(name: string): boolean {
  return /^\.|~$|\.(?:tmp|temp|part|partial|filepart|crdownload|event-sink-[0-9a-f]{12})$/i.test(name);
}

async function statOrNothing(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error) ?? '')) return undefined;
    throw error;
  }
}

function judged(found: FoundFile | undefined, expect: FileExpectation, now: number): Sample {
  const { exists = true, max_age: maxAge, min_size: min, max_size: max } = expect;
  if (found === undefined) return { reason: exists ? 'there is no file' : undefined };
  const { modified, size, name } = found;
  const readings = { bytes: size };
  const which = name === undefined ? 'the file' : `the newest file, ${name.slice(0, 80)},`;
  if (!exists) return { reason: `${which} is there, and should not be`, readings };
  const age = Math.max(0, now - modified) / 1000;
  if (maxAge !== undefined && age > maxAge)
    return {
      reason: `${which} was last written ${durationInWords(age * 1000)} ago, more than ${durationInWords(maxAge * 1000)}`,
      readings,
    };
  if (min !== undefined && size < min) return { reason: `${which} has ${size} bytes, fewer than ${min}`, readings };
  if (max !== undefined && size > max) return { reason: `${which} has ${size} bytes, more than ${max}`, readings };
  return { reason: undefined, readings };
}
