import type { Key } from '../../src/keys/keys.js';
import type { KeyRing } from '../../src/keys/ring.js';

/** A ring that answers as the test says, and never changes by itself. */
export function keyRing(find: (presented: string) => Key | undefined): KeyRing {
  return {
    find,
    findExpired: () => undefined,
    onChange: () => () => {},
    openFolder: () => {},
    problems: () => [],
    used: () => {},
    list: () => [],
    make: () => 'es_made',
    revoke: () => true,
  };
}
