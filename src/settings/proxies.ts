import { z } from 'zod';
import { AddressList, type TrustedProxies } from '../ip-address.js';
import { refuse } from './refuse.js';

const words: Readonly<Record<string, TrustedProxies>> = {
  on: 'peer',
  true: 'peer',
  '1': 'peer',
  off: 'none',
  false: 'none',
  '0': 'none',
};

/** `on`, `off`, or the addresses and networks of proxies. */
export function trustedProxies() {
  return z.string().transform((value, context): TrustedProxies => {
    const word = words[value.toLowerCase()];
    if (word !== undefined) return word;
    const entries = value.split(',').map(entry => entry.trim());
    for (const entry of entries) {
      try {
        new AddressList([entry]);
      } catch (error) {
        return refuse(
          context,
          `must be on, off, or the addresses and networks of proxies, such as 10.0.0.0/8; "${entry}" ${(error as Error).message}`,
        );
      }
    }
    return new AddressList(entries);
  });
}
