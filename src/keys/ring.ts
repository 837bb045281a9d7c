import type { Audit } from '../audit/act.js';
import type { Clock } from '../clock.js';
import { SetupError } from '../errors.js';
import type { Log } from '../log.js';
import { parseEntries, sameGrant } from './entries.js';
import { changesIn } from './file-changes.js';
import { openFirstKey } from './first-key.js';
import { KeyFile } from './key-file.js';
import { type KeyUse, KeyUses } from './key-uses.js';
import {
  findKey,
  generateKey,
  type Key,
  KeyConflictError,
  type KeyEntry,
  type KeyLimits,
  type KeyOrigin,
  type KeySource,
  keyEntry,
  type Scope,
  whereToRevoke,
} from './keys.js';
import { MadeKeys } from './made-keys.js';
import { type KeyProblem, keyProblems } from './problems.js';

/** Keys that were presented lately are known without hashing them again: at most this many. */
const cacheSize = 1000;
/** Keys end within this after their time, ms. */
const tickMs = 1000;
/** Limit of the keys that were made while the daemon ran. */
const maxMade = 1000;

export interface KeyRing {
  /** The key that was presented, or undefined when it is unknown or has expired. */
  find(presented: string): Key | undefined;
  /** The key that was presented, when it is known here and has expired. */
  findExpired(presented: string): Key | undefined;
  /**
   * Calls back after keys were taken away, changed, added or have expired, so that whatever lives on a key (a session,
   * a stream, something remembered) asks `find` again. Returns how to stop that.
   */
  onChange(listener: () => void): () => void;
  /** Keys that live in DATA_DIR. Call with its lock held. @throws SetupError when they can be neither read nor made */
  openFolder(): void;
  problems(): readonly KeyProblem[];
  /** Counts a request that the key was let through with. */
  used(key: Key): void;
  /** Every key, by name. */
  list(): readonly ListedKey[];
  /** Makes a key in DATA_DIR, shown once. @throws KeyConflictError when the name is taken or there is no room */
  make(name: string, scopes: readonly Scope[], limits: KeyLimits): string;
  /** Ends such a key; false when there is none of that name. @throws KeyConflictError when it comes from elsewhere */
  revoke(name: string): boolean;
}

export interface ListedKey {
  readonly key: Key;
  readonly source: KeyOrigin;
  readonly expired: boolean;
  readonly use: KeyUse | undefined;
}

export interface LivingKeyRing extends KeyRing {
  /** Reads the key file again, if there is one. */
  reload(): void;
  /** Keys come from there from now on: others of the settings are out at once. */
  use(source: KeySource): void;
  close(): void;
}

export interface KeyRingOptions {
  readonly source: KeySource;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
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
  #source: KeySource;
  #file: KeyFile | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners = new Set<() => void>();
  readonly #lately = new Map<string, HeldKey>();
  #fixed: readonly HeldKey[] = [];
  #held: readonly HeldKey[] = [];
  #nextExpiry = Number.POSITIVE_INFINITY;
  #made: MadeKeys | undefined;
  #uses: KeyUses | undefined;

  constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#source = options.source;
    this.#open();
    if (this.#file?.problem !== undefined) {
      this.#file.close();
      throw new SetupError(`${this.#source.file}: ${this.#file.problem}`);
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
    if (this.#made !== undefined) return;
    const { dataDir, log, announce } = this.#options;
    if (this.#source.file === undefined && this.#source.entries === undefined)
      this.#fixed = from('first-start', [openFirstKey(dataDir, log, announce)]);
    this.#made = new MadeKeys(dataDir, reason => log.warn({ reason }, 'secret.open'));
    if (this.#made.problem !== undefined) log.error({ reason: this.#made.problem }, 'keys.refused');
    this.#uses = new KeyUses(dataDir);
    this.#gather();
  }

  problems(): readonly KeyProblem[] {
    return keyProblems({ path: this.#source.file, file: this.#file?.problem, made: this.#made?.problem });
  }

  used({ name }: Key): void {
    this.#uses?.count(name, this.#options.clock.now());
  }

  list(): readonly ListedKey[] {
    return this.#held
      .map(({ hash: _, source, ...key }) => ({
        key,
        source,
        expired: this.#isOver(key),
        use: this.#uses?.of(key.name),
      }))
      .sort((one, other) => (one.key.name < other.key.name ? -1 : 1));
  }

  make(name: string, granted: readonly Scope[], limits: KeyLimits): string {
    const made = this.#changeable();
    if ([...this.#held, ...made.entries].some(held => held.name === name))
      throw new KeyConflictError(
        `There is a key named ${name} already. Choose another name, or revoke that one first.`,
      );
    if (made.entries.length >= maxMade)
      throw new KeyConflictError(
        `There are ${maxMade} keys that were made here, which is the limit. Revoke some first.`,
      );
    const key = generateKey();
    made.replace([...made.entries, keyEntry(key, name, granted, limits)]);
    this.#gather();
    return key;
  }

  revoke(name: string): boolean {
    const elsewhere = this.#held.find(held => held.name === name && held.source !== 'made');
    if (elsewhere !== undefined)
      throw new KeyConflictError(
        `The key ${name} was not made here: ${whereToRevoke[elsewhere.source as Exclude<KeyOrigin, 'made'>]}.`,
      );
    const made = this.#changeable();
    if (!made.entries.some(entry => entry.name === name)) return false;
    made.replace(made.entries.filter(entry => entry.name !== name));
    this.#gather();
    return true;
  }

  reload(): void {
    this.#file?.reload();
  }

  use(source: KeySource): void {
    this.#file?.close();
    this.#source = source;
    this.#open();
    this.#gather();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#file?.close();
    this.#listeners.clear();
    this.#save(0);
  }

  /** @throws SetupError when the configured keys are wrong */
  #open(): void {
    const { entries: written, file } = this.#source;
    this.#file = file === undefined ? undefined : new KeyFile(file, this.#options.log, before => this.#reread(before));
    const { entries, problems } = parseEntries(written ?? '');
    if (written !== undefined && problems.length > 0) throw new SetupError(`API_KEYS: ${problems.join('; ')}`);
    this.#fixed = written === undefined ? [] : from('settings', entries);
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

  #changeable(): MadeKeys {
    if (this.#made === undefined) throw new KeyConflictError('The daemon is still starting. Try again.');
    if (this.#made.problem !== undefined)
      throw new KeyConflictError(`The keys that were made here are not all known: ${this.#made.problem}.`);
    return this.#made;
  }

  #save(within?: number): void {
    const known = (name: string): boolean => this.#held.some(held => held.name === name);
    this.#uses?.save(this.#options.clock.now(), known, within);
  }

  #tick(): void {
    this.#save();
    const { clock, audit } = this.#options;
    const now = clock.now();
    if (this.#nextExpiry > now) return;
    for (const { name, expires = 0 } of this.#held)
      if (expires >= this.#nextExpiry && expires <= now)
        audit.record({ type: 'key_expired', by: 'daemon', subject: name, at: expires });
    this.#change();
  }

  /** The file has changed: what it names is in force, what it named before and does not now is out. */
  #reread(before: readonly KeyEntry[]): void {
    this.#gather();
    const now = this.#file?.entries ?? [];
    this.#options.audit.record({
      type: 'key_file_read',
      by: 'daemon',
      subject: 'API_KEYS_FILE',
      count: now.length,
      message: changesIn(before, now, this.#file?.problem !== undefined),
    });
  }

  /** Puts together what the sources hold now. */
  #gather(): void {
    const before = this.#held;
    const configured = [...this.#fixed, ...from('file', this.#file?.entries ?? [])];
    const made = (this.#made?.entries ?? []).filter(entry => !configured.some(({ name }) => name === entry.name));
    this.#held = [...configured, ...from('made', made)];
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
