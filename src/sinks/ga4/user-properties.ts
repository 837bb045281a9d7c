import { cut } from '../people.js';
import type { UserProperties } from '../user-properties.js';
import { limits } from './limits.js';
import { userPropertyName } from './names.js';

export type Ga4UserProperties = Readonly<Record<string, { readonly value: string | number }>>;

/** What is set of a user, within Google's limits; of Amplitude's operations, those that are no sums or lists. */
export function userPropertiesOf({ $set, $setOnce }: UserProperties): Ga4UserProperties | undefined {
  const kept = new Map<string, { value: string | number }>();
  for (const [property, value] of Object.entries({ ...$setOnce, ...$set })) {
    if (kept.size === limits.userProperties) break;
    const whole = typeof value === 'number' ? value : String(value);
    const short = typeof whole === 'number' ? whole : cut(whole, limits.userPropertyValueLength);
    kept.set(userPropertyName(property).name, { value: short });
  }
  return kept.size === 0 ? undefined : Object.fromEntries(kept);
}
