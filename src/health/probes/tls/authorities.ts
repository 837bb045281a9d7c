import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type NotTheTarget, reasonOf } from '../../reasons.js';

/** The file of the authorities cannot be read. */
export class AuthoritiesError extends Error implements NotTheTarget {
  override name = 'AuthoritiesError';
  readonly notTheTarget = true;
}

/**
 * Whom a target's certificate may come from: the system's authorities, or those of a PEM file, which is looked at in
 * each run. Making a context takes longer than a handshake, and is done again only when the file has changed.
 */
export class Authorities {
  readonly #path: string | undefined;
  #made: { readonly version: string; readonly context: SecureContext } | undefined;

  /** @param path undefined = the system's */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** @throws AuthoritiesError */
  async context(signal: AbortSignal): Promise<SecureContext> {
    try {
      const version = this.#path === undefined ? '' : await versionOf(this.#path);
      if (this.#made?.version !== version) {
        const ca = this.#path === undefined ? undefined : await readFile(this.#path, { signal });
        this.#made = { version, context: createSecureContext(ca === undefined ? {} : { ca }) };
      }
      return this.#made.context;
    } catch (error) {
      throw new AuthoritiesError(`ca cannot be read: ${reasonOf(error)}`);
    }
  }
}

/** Another one after each change of the file, or of what its name leads to. */
async function versionOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
