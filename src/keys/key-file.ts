import { statSync } from 'node:fs';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import { parseEntries } from './entries.js';
import type { KeyEntry } from './keys.js';
import { readOperatorFile } from './secret-file.js';

/**
 * Read this often, and not watched: a watch does not see a file that is replaced behind a link, as Kubernetes does.
 * What is taken out is out within 2 s.
 */
const intervalMs = 1000;
/**
 * An editor empties a file before it fills it: a change counts once it has stood this long, not written to meanwhile,
 * or has been seen this many times.
 */
const settleMs = 100;
const maxLooks = 5;

/** What was found when the file was read: its text, or why it cannot be had. */
type Found = { readonly text: string } | { readonly reason: string };

/**
 * The keys of API_KEYS_FILE, for as long as the file names them: of a broken file, the entries that are right; of one
 * that is empty, gone or unreadable, none. `onChange` is called after each change, with the entries before it.
 */
export class KeyFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #onChange: (before: readonly KeyEntry[]) => void;
  readonly #timer: NodeJS.Timeout;
  #found: Found;
  #unsettled: { readonly found: Found; readonly version: string; readonly looks: number } | undefined;
  #entries: readonly KeyEntry[] = [];
  #problem: string | undefined;

  constructor(path: string, log: Log, onChange: (before: readonly KeyEntry[]) => void) {
    this.#path = path;
    this.#log = log;
    this.#onChange = onChange;
    this.#found = this.#read() ?? { reason: 'it could not be read yet' };
    this.#take(this.#found);
    this.#timer = setInterval(() => this.#check(), intervalMs).unref();
  }

  get entries(): readonly KeyEntry[] {
    return this.#entries;
  }

  /** What is wrong with the file, for as long as it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Reads it at once. */
  reload(): void {
    const found = this.#read();
    if (found !== undefined && !same(found, this.#found)) this.#change(found);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const version = this.#version();
    const found = this.#read();
    if (found === undefined || same(found, this.#found)) {
      this.#unsettled = undefined;
      return;
    }
    const before = this.#unsettled;
    const looks = (before?.looks ?? 0) + 1;
    const stands = before !== undefined && version === before.version && same(found, before.found);
    if (stands || looks >= maxLooks) return this.#change(found);
    this.#unsettled = { found, version, looks };
    setTimeout(() => this.#check(), settleMs).unref();
  }

  #change(found: Found): void {
    this.#unsettled = undefined;
    this.#found = found;
    const before = this.#entries;
    this.#take(found);
    const [file, keys] = [this.#path, this.#entries.length];
    const fix = 'correct the file; until then the keys that it still names are the only ones in force';
    if (this.#problem === undefined) this.#log.info({ file, keys }, 'keys.reloaded');
    else this.#log.error({ file, keys, reason: this.#problem, fix }, 'keys.refused');
    this.#onChange(before);
  }

  #take(found: Found): void {
    const { entries, problems } =
      'text' in found ? parseEntries(found.text, 'line') : { entries: [], problems: [found.reason] };
    this.#entries = entries;
    this.#problem = problems.length === 0 ? undefined : problems.join('; ');
  }

  /** Another one whenever the file is written, or replaced: it may read as it did before. Empty without a file. */
  #version(): string {
    try {
      const { ino, mtimeNs } = statSync(this.#path, { bigint: true });
      return `${ino} ${mtimeNs}`;
    } catch {
      return '';
    }
  }

  /** Undefined when this process is short of files or memory, which says nothing about the file. */
  #read(): Found | undefined {
    try {
      return { text: readOperatorFile(this.#path) };
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (['EMFILE', 'ENFILE', 'ENOMEM'].includes(code)) return undefined;
      return { reason: code === 'ENOENT' ? 'there is no such file' : describe(error) };
    }
  }
}

function same(one: Found, other: Found): boolean {
  return 'text' in one ? 'text' in other && one.text === other.text : 'reason' in other && one.reason === other.reason;
}
