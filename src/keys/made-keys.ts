import { join } from 'node:path';
import { describe } from '../errors.js';
import { formatEntry, parseEntries } from './entries.js';
import type { KeyEntry } from './keys.js';
import { type OnOpenFile, readSecretFile, writeSecretFile } from './secret-file.js';

/** Where the entries of keys are kept that `POST /v1/keys` made. */
export function madeKeysPath(dataDir: string): string {
  return join(dataDir, 'made-keys');
}

/** Keys that were made while the daemon ran: their entries, which hold no key, in DATA_DIR. Open with its lock held. */
export class MadeKeys {
  readonly #path: string;
  #entries: readonly KeyEntry[] = [];
  #problem: string | undefined;

  constructor(dataDir: string, onOpen: OnOpenFile) {
    this.#path = madeKeysPath(dataDir);
    try {
      const text = readSecretFile(this.#path, onOpen) ?? '';
      if (text === '') return;
      const { entries, problems } = parseEntries(text, 'line');
      this.#entries = entries;
      if (problems.length > 0) this.#problem = `${this.#path}: ${problems.join('; ')}`;
    } catch (error) {
      this.#problem = `${this.#path} cannot be read (${describe(error)})`;
    }
  }

  get entries(): readonly KeyEntry[] {
    return this.#entries;
  }

  /** What is wrong with the file; it is not written over then. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Durable when it returns. @throws when it cannot be written; nothing has changed then */
  replace(entries: readonly KeyEntry[]): void {
    writeSecretFile(this.#path, entries.map(formatEntry).join('\n'));
    this.#entries = entries;
  }
}
