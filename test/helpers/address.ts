import type { Address } from '../../src/settings/addresses.js';

/** As the settings would read it: without user and password. */
export function address(url: string): Address {
  return { url, user: undefined, password: undefined };
}
