import type { Clock } from '../clock.js';
import { SetupError } from '../errors.js';
import type { Log } from '../log.js';
import { parseEntries, sameGrant } from './entries.js';
import { openFirstKey } from './first-key.js';
import { KeyFile } from './key-file.js';
import { findKey, type Key, type KeyEntry, type KeyOrigin, type KeySource } from './keys.js';

/** Keys that were presented lately are known without hashing them again: at most this many. */
const cacheSize = 1000;
/** Keys end within this after their time, ms. */
const tickMs = 1000;

/** A problem for `/v1/status`. */
export interface KeyProblem {
  readonly key: string;
  readonly what: string;
  readonly since: number | undefined;
  readonly fix: string;
}

export interface KeyRing {
  /** The key that was presented, or undefined when it is unknown or has expired. */
  find(presented: string): Key | undefined;
  /** The key that was presented, when it is known here and has expired. */
  findExpired(presented: string): Key | undefined;
  /**
   * Calls back after keys were taken away, changed, added or have expired, so that whatever lives on a key (a session, a stream, something remembered)
   * asks `find` again. Returns how to stop that.
   */
  onChange(listener: () => void): () => void;
  /** Keys that live in DATA_DIR. Call with its lock held. @throws SetupError when they can be neither read nor made */
  openFolder(): void;
  problems(): readonly KeyProblem[];
}

export interface LivingKeyRing extends KeyRing {
  /** Reads the key file again, if there is one. */
  reload(): void;
  close(): void;
}

export interface KeyRingOptions {
  readonly source: KeySource;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** To a person at a terminal, never to a log. */
  announce(line: string): void;
}

/** Every key that is in force, from wherever it comes. @throws SetupError when the configured keys are wrong */
export function openKeyRing(options: KeyRingOptions): LivingKeyRing {
  return new Ring(options);
}

interface HeldKey extends KeyEntry {
  readonly source: KeyOrigin;
}

class Ring implements LivingKeyRing {
  readonly #options: KeyRingOptions;
  readonly #file: KeyFile | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners = new Set<() => void>();
  readonly #lately = new Map<string, HeldKey>();
  #fixed: readonly HeldKey[] = [];
  #held: readonly HeldKey[] = [];
  #nextExpiry = Number.POSITIVE_INFINITY;
  #folderOpen = false;

  constructor(options: KeyRingOptions) {
    const { source, log } = options;
    this.#options = options;
    if (source.file !== undefined) {
      this.#file = new KeyFile(source.file, log, () => this.#gather());
      if (this.#file.problem !== undefined) {
        this.#file.close();
        throw new SetupError(`${source.file}: ${this.#file.problem}`);
      }
    } else if (source.entries !== undefined) {
      const { entries, problems } = parseEntries(source.entries);
      if (problems.length > 0) throw new SetupError(`API_KEYS: ${problems.join('; ')}`);
      this.#fixed = from('settings', entries);
    }
    this.#gather();
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
  }

  find(presented: string): Key | undefined {
    const key = this.#lately.get(presented) ?? this.#search(presented);
    return key === undefined || this.#isOver(key) ? undefined : key;
  }

  findExpired(presented: string): Key | undefined {
    const key = findKey(this.#held, presented);
    return key !== undefined && this.#isOver(key) ? key : undefined;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  openFolder(): void {
    if (this.#folderOpen) return;
    const { source, dataDir, log, announce } = this.#options;
    if (source.file === undefined && source.entries === undefined)
      this.#fixed = from('first-start', [openFirstKey(dataDir, log, announce)]);
    this.#folderOpen = true;
    this.#gather();
  }

  problems(): readonly KeyProblem[] {
    const { file } = this.#options.source;
    if (this.#file?.problem === undefined) return [];
    return [
      {
        key: 'keys file',
        what: `The file of keys ${file} is wrong: ${this.#file.problem}.`,
        since: undefined,
        fix: 'Correct the file: it is read again within two seconds. Until then the keys that it still names are the only ones in force; the others are out.',
      },
    ];
  }

  reload(): void {
    this.#file?.reload();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#file?.close();
    this.#listeners.clear();
  }

  #search(presented: string): HeldKey | undefined {
    const found = findKey(this.#held, presented);
    if (found !== undefined) {
      if (this.#lately.size >= cacheSize) this.#lately.clear();
      this.#lately.set(presented, found);
    }
    return found;
  }

  #isOver({ expires }: Key): boolean {
    return expires !== undefined && expires <= this.#options.clock.now();
  }

  #tick(): void {
    if (this.#nextExpiry > this.#options.clock.now()) return;
    this.#change();
  }

  /** Puts together what the sources hold now. */
  #gather(): void {
    const before = this.#held;
    this.#held = [...this.#fixed, ...from('file', this.#file?.entries ?? [])];
    const kept = (key: HeldKey): boolean =>
      sameGrant(
        key,
        before.find(({ name }) => name === key.name),
      );
    if (this.#held.length !== before.length || !this.#held.every(kept)) this.#change();
  }

  #change(): void {
    this.#lately.clear();
    const now = this.#options.clock.now();
    const ends = this.#held.flatMap(({ expires = 0 }) => (expires > now ? [expires] : []));
    this.#nextExpiry = Math.min(...ends, Number.POSITIVE_INFINITY);
    for (const listener of [...this.#listeners]) listener();
  }
}

function from(source: KeyOrigin, entries: readonly KeyEntry[]): readonly HeldKey[] {
  return entries.map(entry => ({ ...entry, source }));
}
