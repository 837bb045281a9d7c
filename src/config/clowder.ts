import type { ClowderConfig } from '../context/clowder/client.js';
import { type Address, httpAddress } from '../settings/addresses.js';
import { secret } from '../settings/secrets.js';
import type { Problems, Values } from '../settings/setting.js';
import { atStart, setting } from '../settings/setting.js';

export const clowderSettings = atStart({
  address: setting(
    'CLOWDER_URL',
    httpAddress(['http', 'https'], { base: true }).optional(),
    'Where Clowder is, as its users see it. Makes the addresses of pages whole, and lets the daemon ask which dataset and space a file belongs to.',
    { example: 'https://clowder.example.org' },
  ),
  apiKey: setting(
    'CLOWDER_API_KEY',
    secret().optional(),
    'Key with which Clowder is asked. Without it, Clowder only answers for what everybody may see.',
    { secret: true, example: '00000000-0000-0000-0000-000000000000' },
  ),
});

/**
 * Undefined = nothing is known of a Clowder. An address without a path gets CLOWDER_PATH_PREFIX.
 * @param pathPrefix without a slash at its end; empty = none
 */
export function clowder(
  { address, apiKey }: Values<typeof clowderSettings>,
  pathPrefix: string,
  problems: Problems,
): ClowderConfig | undefined {
  if (address === undefined) {
    if (apiKey !== undefined) problems.add('CLOWDER_URL', 'must be set where CLOWDER_API_KEY is');
    return undefined;
  }
  const flaw = flawOf(address);
  if (flaw !== undefined) problems.add('CLOWDER_URL', flaw);
  const { origin, pathname } = new URL(address.url);
  return { origin, url: pathname === '/' ? `${origin}${pathPrefix}` : address.url, apiKey };
}

function flawOf({ url, user }: Address): string | undefined {
  if (user !== undefined) return 'must be without user and password: CLOWDER_API_KEY is what Clowder is asked with';
  return url.includes('?') ? 'must be without a query: paths are put behind it' : undefined;
}
