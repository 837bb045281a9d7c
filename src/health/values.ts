import { z } from 'zod';
import { parseTimestamp } from '../events/timestamp.js';

/** What a target's description is made of. Each schema says in its message what would be right. */

export const text = z.string({ message: 'must be a text' }).min(1, 'must not be empty');

export const yesOrNo = z.boolean({ message: 'must be true or false' });

export function seconds(min: number) {
  return z
    .number({ message: 'must be a number of seconds' })
    .min(min, `must be at least ${min} s`)
    .max(86_400, 'must be at most a day');
}

export function wholeNumber(min: number, max: number) {
  const rule = min === max ? `must be ${min}` : `must be a whole number from ${min} to ${max}`;
  return z.number({ message: rule }).int(rule).min(min, rule).max(max, rule);
}

/** Epoch ms, from any form of time that an event may have. */
export const moment = z
  .union([z.string(), z.number()], { message: 'must be a time, such as 2026-03-05T06:00:00Z' })
  .transform((value, context) => {
    const time = parseTimestamp(value);
    if (time === undefined)
      context.addIssue({ code: 'custom', message: 'must be a time, such as 2026-03-05T06:00:00Z' });
    return time ?? z.NEVER;
  });
