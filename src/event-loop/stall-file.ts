import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readOwnFile, writeOwnFile } from '../storage/own-files.js';
import type { Work } from './shared-record.js';

/** A stall that is not over: left behind by a process that was ended in it. */
export interface StallNote {
  readonly works: readonly Work[];
}

const path = (dir: string): string => join(dir, 'stall.json');

export function writeStallNote(dir: string, note: StallNote): void {
  writeOwnFile(path(dir), JSON.stringify(note));
}

export function removeStallNote(dir: string): void {
  rmSync(path(dir), { force: true });
}

/** Undefined when there is none, or one that cannot be read: it was being written when the machine failed. */
export function readStallNote(dir: string): StallNote | undefined {
  try {
    const { works } = JSON.parse(readOwnFile(path(dir))) as StallNote;
    return Array.isArray(works) && works.every(isWork) ? { works } : undefined;
  } catch {
    return undefined;
  }
}

function isWork({ sink, ids }: Work): boolean {
  return typeof sink === 'string' && Array.isArray(ids) && ids.every(id => typeof id === 'string');
}
