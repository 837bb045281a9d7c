import { z } from 'zod';

/** Comma-separated; empty items are left out. */
export function list() {
  return z.string().transform((value): readonly string[] =>
    value
      .split(',')
      .map(item => item.trim())
      .filter(item => item !== ''),
  );
}
