import { integer } from './numbers.js';

/** Whole seconds, read as ms. */
export function seconds(min: number, max: number) {
  return integer(min, max).transform(count => count * 1000);
}

/** Whole days, read as ms. */
export function days(min: number, max: number) {
  return integer(min, max).transform(count => count * 86_400_000);
}
