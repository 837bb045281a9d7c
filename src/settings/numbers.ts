import { z } from 'zod';
import { refuse } from './refuse.js';

export function integer(min: number, max: number) {
  return z.string().transform((value, context) => {
    const number = Number(value);
    return /^-?\d+$/.test(value) && number >= min && number <= max
      ? number
      : refuse(context, `must be a whole number from ${min} to ${max}`);
  });
}

/** Whole MiB, read as bytes. */
export function mebibytes(min: number, max: number) {
  return integer(min, max).transform(count => count * 1024 * 1024);
}
