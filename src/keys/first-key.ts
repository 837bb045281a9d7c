import { join, resolve } from 'node:path';
import { describe, SetupError } from '../errors.js';
import type { Log } from '../log.js';
import { allScopes, generateKey, type KeyEntry, keyEntry } from './keys.js';
import { type OnOpenFile, readSecretFile, writeSecretFile } from './secret-file.js';

/** Where the key of the first start is kept, for the command line of the same machine. */
export function firstKeyPath(dataDir: string): string {
  return join(dataDir, 'api-key');
}

/**
 * The key of the first start, made when there is none. Call with the lock of DATA_DIR held: of two daemons that start
 * in a new folder, only the one that stays may make it.
 * @throws SetupError when it can be neither read nor made
 */
export function openFirstKey(dataDir: string, log: Log, announce: (line: string) => void): KeyEntry {
  // Whole: whoever reads the log does not know the folder that the daemon was started in.
  const path = resolve(firstKeyPath(dataDir));
  try {
    const kept = readFirstKey(dataDir, reason => log.warn({ file: path, reason }, 'secret.open'));
    if (kept !== undefined) {
      log.info({ file: path }, 'key.loaded');
      announce(`API key: see ${path}`);
      return keyEntry(kept, 'first-start', allScopes);
    }
    const key = generateKey();
    writeSecretFile(path, key);
    log.info({ file: path }, 'key.created');
    announce(`API key, made for this first start and kept in ${path}: ${key}`);
    return keyEntry(key, 'first-start', allScopes);
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(
      `no API key can be kept in ${path} (${describe(error)}). Make DATA_DIR a folder that can be written to`,
    );
  }
}

/**
 * The key of the first start; undefined when there is none.
 * @throws SetupError when the file holds something else or may be planted, and as `readFileSync` does when it cannot be
 * read
 */
export function readFirstKey(dataDir: string, onOpen?: OnOpenFile): string | undefined {
  const path = firstKeyPath(dataDir);
  const text = readSecretFile(path, onOpen);
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
