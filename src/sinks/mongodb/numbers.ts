import { ExactNumber, isInt64 } from '../../events/digits.js';
import type { Driver } from './fault.js';

/** What MongoDB keeps of a number that a double cannot hold. */
export type StoreNumber = (digits: string) => unknown;

/** Digits, zeros included, of the largest and the smallest that a Decimal128 can be. */
const maxDecimalLength = 6_200;

/**
 * Significant digits that a Decimal128 holds. The driver looks at the first beyond them alone, and drops 09 in silence.
 */
const maxSignificant = 34;

/**
 * A Long where 64 bits hold it, else a Decimal128 (34 digits), else the digits as text.
 * @param decimals false for servers that cut the connection at a Decimal128, as FerretDB 1 does
 */
export function numberStore({ Long, Decimal128 }: Pick<Driver, 'Long' | 'Decimal128'>, decimals: boolean): StoreNumber {
  return digits => {
    if (isInt64(digits)) return Long.fromString(digits);
    if (!decimals || digits.length > maxDecimalLength || significant(digits) > maxSignificant) return digits;
    try {
      return Decimal128.fromString(digits);
    } catch {
      return digits;
    }
  };
}

/** How many digits of a JSON number matter: neither zeros before the first nor after the last, nor the exponent. */
function significant(digits: string): number {
  const exponent = digits.search(/e/i);
  const mantissa = (exponent < 0 ? digits : digits.slice(0, exponent)).replace(/[-.]/g, '');
  let first = 0;
  while (mantissa[first] === '0') first += 1;
  let end = mantissa.length;
  while (end > first && mantissa[end - 1] === '0') end -= 1;
  return end - first;
}

/** A value with every `ExactNumber` in it as MongoDB keeps it. */
export function withStoredNumbers(value: unknown, store: StoreNumber): unknown {
  if (value instanceof ExactNumber) return store(value.digits);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inner => withStoredNumbers(inner, store));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withStoredNumbers(inner, store)]));
}
