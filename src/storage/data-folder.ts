import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { FolderError } from '../errors.js';
import type { StorageProblem } from './losses.js';
import { readOwnFile, writeOwnFile } from './own-files.js';

/**
 * A file in the folder with an id of its own: a copy of the folder that is mounted in its place is still another one.
 */
export function folderIdFile(dir: string): string {
  return join(dir, 'folder-id');
}

/**
 * Which folder DATA_DIR was when this process first used it. An unmounted disk leaves an empty folder below its mount
 * point, which looks like a first start: going on there would accept events into the wrong place, and forget what is in
 * the right one.
 */
export class DataFolder {
  readonly dir: string;
  /**
   * Resolves when this process does not use the folder any more: a storage whose close took too long ends all the same.
   */
  #released: Promise<unknown> = Promise.resolve();
  #known: { readonly device: number; readonly inode: number; readonly id: string } | undefined;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** When the storage before, of this process, has let it go. */
  get released(): Promise<unknown> {
    return this.#released;
  }

  usedUntil(released: Promise<unknown>): void {
    this.#released = released;
  }

  /** The folder is in use from now on. Call with its lock held. */
  adopt(): void {
    const { dev, ino } = statSync(this.dir);
    const id = readId(this.dir) ?? this.#known?.id ?? randomUUID();
    if (readId(this.dir) === undefined) writeOwnFile(folderIdFile(this.dir), `${id}\n`);
    this.#known ??= { device: dev, inode: ino, id };
  }

  /** @throws FolderError when it is not the folder that was adopted */
  verify(): void {
    if (this.#known === undefined) return;
    const found = statSync(this.dir, { throwIfNoEntry: false });
    const { device, inode, id } = this.#known;
    const same = found !== undefined && found.dev === device && found.ino === inode;
    // A marker that somebody deleted is made again; one with another id came with other files.
    if (same && (readId(this.dir) ?? id) === id) return;
    throw new FolderError(
      `DATA_DIR ${this.dir} is not the folder that it was: it was unmounted, moved or replaced while the daemon ran. Put it back (mount the disk), then start the daemon`,
    );
  }

  /** The folder's mode, when everybody on this machine may look into it or change it. */
  get openMode(): string | undefined {
    const mode = (statSync(this.dir, { throwIfNoEntry: false })?.mode ?? 0) & 0o777;
    return (mode & 0o007) === 0 ? undefined : `0${mode.toString(8)}`;
  }
}

function readId(dir: string): string | undefined {
  try {
    return readOwnFile(folderIdFile(dir)).trim() || undefined;
  } catch {
    return undefined;
  }
}

export function folderProblems(folder: DataFolder): StorageProblem[] {
  const mode = folder.openMode;
  if (mode === undefined) return [];
  const what = `The folder DATA_DIR is open to everybody on this machine (mode ${mode}). Its files can be read by their owner alone, but others see their names and sizes, or could put files there.`;
  return [
    { key: 'storage folder', what, since: undefined, fix: 'chmod 700 the folder; the entry disappears by itself.' },
  ];
}

/** Whatever else fails in a folder that is not the one it was, fails for this reason. */
export function folderFault(folder: DataFolder): FolderError | undefined {
  try {
    folder.verify();
    return undefined;
  } catch (error) {
    return error as FolderError;
  }
}
