import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type NotTheTarget, reasonOf } from '../../reasons.js';

/** The file of the authorities cannot be read. */
export class AuthoritiesError extends Error implements NotTheTarget {
  override name = 'AuthoritiesError';
  readonly notTheTarget = true;
}

/**
 * Whom a target's certificate may come from: the system's authorities, or those of a PEM file, which is read at each
 * run. Making a context takes longer than a handshake, and is done again only when the file has changed.
 */
export class Authorities {
  readonly #path: string | undefined;
  #made: { readonly ca: Buffer | undefined; readonly context: SecureContext } | undefined;

  /** @param path undefined = the system's */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** @throws AuthoritiesError */
  async context(signal: AbortSignal): Promise<SecureContext> {
    try {
      const ca = this.#path === undefined ? undefined : await readFile(this.#path, { signal });
      if (this.#made === undefined || !isSame(this.#made.ca, ca))
        this.#made = { ca, context: createSecureContext(ca === undefined ? {} : { ca }) };
      return this.#made.context;
    } catch (error) {
      throw new AuthoritiesError(`ca cannot be read: ${reasonOf(error)}`);
    }
  }
}

function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && one.equals(other));
}
