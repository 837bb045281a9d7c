import { z } from 'zod';
import type { MaintenanceWindow } from './maintenance.js';
import { type Recurrence, recurrenceOf } from './recurrence.js';
import { moment, seconds, text } from './values.js';

const once = z
  .object({ from: moment, until: moment, message: text.optional() })
  .strict()
  .refine(({ from, until }) => from < until, 'must end after it begins')
  .transform(({ from, until, message }): MaintenanceWindow => ({ from, until, message }));

const recurring = z
  .object({ cron: text, timezone: text, duration: seconds(60), message: text.optional() })
  .strict()
  .transform(({ cron, timezone, duration, message }, context): Recurrence => {
    try {
      return recurrenceOf({ cron, timezone, durationMs: duration * 1000, message });
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });

const window = z
  .record(z.unknown(), { message: 'must be {from, until}, or {cron, timezone, duration}' })
  .transform((item, context): MaintenanceWindow | Recurrence => {
    const parsed = ('cron' in item ? recurring : once).safeParse(item);
    for (const issue of parsed.error?.issues ?? []) context.addIssue(issue);
    return parsed.data ?? z.NEVER;
  });

/** `maintenance` of a target: a list of windows that come once, and of windows that come back. */
export const maintenance = z
  .array(window, { message: 'must be a list of {from, until} and {cron, timezone, duration}' })
  .transform(items => ({
    once: items.filter((item): item is MaintenanceWindow => !isRecurrence(item)),
    recurring: items.filter(isRecurrence),
  }));

function isRecurrence(item: MaintenanceWindow | Recurrence): item is Recurrence {
  return 'windowAt' in item;
}
