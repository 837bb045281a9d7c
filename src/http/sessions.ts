import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';

/** Sessions of one key kept at once; its oldest leaves for a new one. */
const capacity = 100;

/**
 * A page signs in once with a key and goes on with a cookie. The session stands for the key and is checked with it each
 * time, so a key that is taken away ends its sessions. Each key has its own number of them: nobody is signed out by the
 * sign-ins of others. Kept in memory: a restart signs everybody out.
 */
export class Sessions {
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #open = new Map<string, { readonly key: string; readonly expires: number }>();

  constructor(clock: Clock, lifeMs: number) {
    this.#clock = clock;
    this.#lifeMs = lifeMs;
  }

  begin(key: string): { readonly token: string; readonly expires: number } {
    this.#forgetExpired();
    const token = randomBytes(32).toString('base64url');
    const expires = this.#clock.now() + this.#lifeMs;
    this.#open.set(token, { key, expires });
    const own = [...this.#open].filter(([, session]) => session.key === key);
    if (own.length > capacity) this.#open.delete(own[0]![0]);
    return { token, expires };
  }

  /** The key that the session stands for. */
  keyOf(token: string): string | undefined {
    const session = this.#open.get(token);
    return session === undefined || session.expires <= this.#clock.now() ? undefined : session.key;
  }

  end(token: string): void {
    this.#open.delete(token);
  }

  /** Ends every session whose key does not pass. */
  endUnless(passes: (key: string) => boolean): void {
    for (const [token, { key }] of this.#open) if (!passes(key)) this.#open.delete(token);
  }

  /** All live equally long, so the oldest are the first. */
  #forgetExpired(): void {
    const now = this.#clock.now();
    for (const [token, { expires }] of this.#open) {
      if (expires > now) return;
      this.#open.delete(token);
    }
  }
}
