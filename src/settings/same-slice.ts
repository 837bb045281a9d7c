import { isDeepStrictEqual } from 'node:util';

/**
 * Whether two slices of the settings say the same. Functions among them are left out: they follow from what was given,
 * which a slice with functions holds beside them.
 */
export function sameSlice(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(withoutFunctions(one), withoutFunctions(other));
}

function withoutFunctions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFunctions);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => (typeof one === 'function' ? [] : [[key, withoutFunctions(one)]])),
  );
}
