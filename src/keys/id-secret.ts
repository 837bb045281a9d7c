import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, SetupError } from '../errors.js';
import { type OnOpenFile, readSecretFile, writeSecretFile } from './secret-file.js';

/** Shorter ones could be guessed from the ids that they make. */
export const minSecretLength = 16;

/** Where the secret is kept when no setting names one. */
export function idSecretPath(dataDir: string): string {
  return join(dataDir, 'id-secret');
}

/**
 * The secret under which the ids of the daemon's own events are made: the configured one, else one that is made once
 * and kept in DATA_DIR. Call with the lock of DATA_DIR held.
 * @throws SetupError when it can be neither read nor made
 */
export function openIdSecret(dataDir: string, configured: string | undefined, onOpen?: OnOpenFile): string {
  if (configured !== undefined) return configured;
  const path = idSecretPath(dataDir);
  try {
    const kept = readSecretFile(path, onOpen);
    if (kept === undefined) {
      const secret = randomBytes(32).toString('hex');
      writeSecretFile(path, secret);
      return secret;
    }
    if (/^[0-9a-f]{64}$/.test(kept)) return kept;
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(
      `no secret for ids can be kept in ${path} (${describe(error)}). Make DATA_DIR a folder that can be written to, or set ID_SECRET`,
    );
  }
  throw new SetupError(
    `${path} does not hold a secret for ids. Restore it from a backup: without it, log lines that are read again get other ids`,
  );
}
