import { type Key, KeyConflictError } from '../../src/keys/keys.js';
import type { KeyRing } from '../../src/keys/ring.js';

/** A ring that answers as the test says, and never changes by itself. */
export function keyRing(find: (presented: string) => Key | undefined, all: () => readonly Key[] = () => []): KeyRing {
  return {
    find,
    findExpired: () => undefined,
    onChange: () => () => {},
    openFolder: () => {},
    problems: () => [],
    used: () => {},
    list: () => all().map(key => ({ key, source: 'made', expired: false, use: undefined })),
    make: name => {
      if (name === 'taken') throw new KeyConflictError('There is a key named taken already.');
      return 'es_made';
    },
    revoke: name => {
      if (name === 'taken') throw new KeyConflictError('The key taken was not made here.');
      return name === 'portal';
    },
  };
}
