import { Resolver } from 'node:dns/promises';
import { errorCodeOf } from '../network-errors.js';

const timeoutMs = 2_000;
/** The name server was not reached, or gave no answer. */
const silent: ReadonlySet<string> = new Set([
  'ETIMEOUT',
  'ECONNREFUSED',
  'ECANCELLED',
  'ENOTINITIALIZED',
  'ELOADIPHLPAPI',
]);

/**
 * Whether the name servers of this machine answer at all when they are asked for a name. The system's own look-up says
 * the same (EAI_AGAIN) when they are silent, which is no fault of the name's owner, and when they report that those of
 * the name fail, which is.
 */
export async function nameServersAnswer(name: string): Promise<boolean> {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  try {
    await resolver.resolve4(name);
    return true;
  } catch (error) {
    return !silent.has(errorCodeOf(error) ?? '');
  }
}
