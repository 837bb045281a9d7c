import { join } from 'node:path';
import { readOwnFile, writeOwnFile } from '../storage/own-files.js';

/** Written this often at most, ms: after a crash, the uses of the last minute are not known. */
const saveMs = 60_000;

export interface KeyUse {
  requests: number;
  /** Epoch ms. */
  last: number;
}

/**
 * How often each key was used, and when last, across restarts. Counting touches memory alone; what was counted is
 * written once a minute, without waiting for the disk.
 */
export class KeyUses {
  readonly #path: string;
  readonly #uses = new Map<string, KeyUse>();
  #changed = false;
  #savedAt = 0;

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'key-uses.json');
    try {
      const kept: unknown = JSON.parse(readOwnFile(this.#path));
      for (const [name, use] of Object.entries(kept as Record<string, Partial<KeyUse>>))
        if (Number.isSafeInteger(use.requests) && Number.isSafeInteger(use.last))
          this.#uses.set(name, { requests: use.requests!, last: use.last! });
    } catch {
      // Not there yet, or cut short: the counts begin anew.
    }
  }

  of(name: string): KeyUse | undefined {
    return this.#uses.get(name);
  }

  count(name: string, now: number): void {
    const use = this.#uses.get(name);
    if (use === undefined) this.#uses.set(name, { requests: 1, last: now });
    else {
      use.requests++;
      use.last = now;
    }
    this.#changed = true;
  }

  /**
   * Writes what was counted, when there is something and the last time is long enough ago. Never
   * throws: the counts are a convenience.
   */
  save(now: number, isKnown: (name: string) => boolean, within = saveMs): void {
    if (!this.#changed || now - this.#savedAt < within) return;
    this.#savedAt = now;
    this.#changed = false;
    for (const name of [...this.#uses.keys()]) if (!isKnown(name)) this.#uses.delete(name);
    try {
      writeOwnFile(this.#path, JSON.stringify(Object.fromEntries(this.#uses)));
    } catch {
      this.#changed = true;
    }
  }
}
