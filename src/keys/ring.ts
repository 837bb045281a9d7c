import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, SetupError } from '../errors.js';
import type { Log } from '../log.js';
import type { KeySource } from './keys.js';
import { findKey, generateKey, type KeyEntry, type KeyRing, keyEntry, parseEntries, scopes } from './keys.js';
import { readSecretFile, writeSecretFile } from './secret-file.js';

/** The file is looked at this often, because a watch by the system does not see a file that is replaced behind a link (as Kubernetes does). */
const watchIntervalMs = 2000;

export interface LivingKeyRing extends KeyRing {
  /** Reads the key file again, if there is one. Bad content is logged and changes nothing. */
  reload(): void;
  close(): void;
}

export interface KeyRingOptions {
  readonly source: KeySource;
  readonly dataDir: string;
  readonly log: Log;
  /** To a person at a terminal, never to a log. */
  announce(line: string): void;
}

/** @throws SetupError when neither the keys nor a place for the first one can be had */
export function openKeyRing({ source, dataDir, log, announce }: KeyRingOptions): LivingKeyRing {
  if (source.file !== undefined) return fileRing(source.file, log);
  const entries =
    source.entries === undefined ? [firstKey(dataDir, log, announce)] : entriesOf(source.entries, 'API_KEYS');
  return { find: presented => findKey(entries, presented), reload: () => {}, close: () => {} };
}

/** Where the key of the first start is kept, for the command line of the same machine. */
export function firstKeyPath(dataDir: string): string {
  return join(dataDir, 'api-key');
}

function fileRing(file: string, log: Log): LivingKeyRing {
  let text = readFileSync(file, 'utf8');
  let entries = entriesOf(text, file);
  const reload = (): void => {
    try {
      const changed = readFileSync(file, 'utf8');
      if (changed === text) return;
      entries = entriesOf(changed, file);
      text = changed;
      log.info({ file, keys: entries.length }, 'keys.reloaded');
    } catch (error) {
      log.error(
        { file, reason: describe(error), fix: 'correct the file; until then the previous keys stay in force' },
        'keys.refused',
      );
    }
  };
  watchFile(file, { interval: watchIntervalMs, persistent: false }, reload);
  return { find: presented => findKey(entries, presented), reload, close: () => unwatchFile(file, reload) };
}

function entriesOf(text: string, where: string): readonly KeyEntry[] {
  const { entries, problems } = parseEntries(text);
  if (problems.length > 0) throw new SetupError(`${where}: ${problems.join('; ')}`);
  return entries;
}

function firstKey(dataDir: string, log: Log, announce: (line: string) => void): KeyEntry {
  // Whole: whoever reads the log does not know the folder that the daemon was started in.
  const path = resolve(firstKeyPath(dataDir));
  try {
    const kept = readFirstKey(dataDir);
    if (kept !== undefined) {
      log.info({ file: path }, 'key.loaded');
      announce(`API key: see ${path}`);
      return keyEntry(kept, 'first-start', scopes);
    }
    const key = generateKey();
    writeSecretFile(path, key);
    log.info({ file: path }, 'key.created');
    announce(`API key, made for this first start and kept in ${path}: ${key}`);
    return keyEntry(key, 'first-start', scopes);
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(
      `no API key can be kept in ${path} (${describe(error)}). Make DATA_DIR a folder that can be written to`,
    );
  }
}

/**
 * The key of the first start; undefined when there is none.
 * @throws SetupError when the file holds something else, and as `readFileSync` does when it cannot be read
 */
export function readFirstKey(dataDir: string): string | undefined {
  const path = firstKeyPath(dataDir);
  const text = readSecretFile(path);
  if (text === undefined) return undefined;
  if (!/^es_[\w-]{43}$/.test(text))
    throw new SetupError(`${path} does not hold an API key. Delete it, and the next start makes a new one`);
  return text;
}

/** As `readFirstKey`, for a client: undefined also when it may not read the file. */
export function firstKeyIn(dataDir: string): string | undefined {
  try {
    return readFirstKey(dataDir);
  } catch {
    return undefined;
  }
}
