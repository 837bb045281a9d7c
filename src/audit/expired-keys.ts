import type { KeyValues } from '../storage/key-values.js';
import type { Audit } from './act.js';

export interface ExpiringKeys {
  list(): readonly { readonly key: { readonly name: string; readonly expires?: number }; readonly expired: boolean }[];
  onChange(listener: () => void): () => void;
}

const known = 'expired keys';
/** A hundred years: for ever. */
const keptMs = 100 * 365 * 86_400_000;

/**
 * Records the keys that expired while no daemon ran; those that expire while it does are recorded where they end. The
 * first start has nothing to compare with. Returns how to stop.
 */
export async function recordExpiredKeys(keys: ExpiringKeys, keyValues: KeyValues, audit: Audit): Promise<() => void> {
  const expired = (): { name: string; expires: number }[] =>
    keys
      .list()
      .filter(one => one.expired)
      .map(({ key: { name, expires = 0 } }) => ({ name, expires }));
  const keep = (): Promise<void> => keyValues.put([[known, JSON.stringify(expired())]], keptMs);
  const kept = (await keyValues.get([known])).get(known);
  if (kept !== undefined) {
    const before = new Set(
      (JSON.parse(kept) as ReturnType<typeof expired>).map(({ name, expires }) => `${name} ${expires}`),
    );
    for (const { name, expires } of expired())
      if (!before.has(`${name} ${expires}`))
        audit.record({ type: 'key_expired', by: 'daemon', subject: name, at: expires });
  }
  await keep();
  // A disk that is full costs this knowledge: then the key is recorded once more at the next start.
  return keys.onChange(() => void keep().catch(() => {}));
}
