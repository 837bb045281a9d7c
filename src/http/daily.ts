import { z } from 'koa-swagger-decorator';
import { firstDayOf, lastDayOf, readDay, readMonth } from '../calendar.js';

/** A day in a query, as 20260315; of a month its first day, or its last. */
export function daily(end: 'first' | 'last', description: string) {
  return z
    .string()
    .transform((text, ctx) => {
      const month = readMonth(text);
      const day = month === undefined ? readDay(text) : end === 'first' ? firstDayOf(month) : lastDayOf(month);
      if (day === undefined)
        ctx.addIssue({ code: 'custom', message: 'must be a month or a day, such as 2026-03 or 2026-03-15' });
      return day ?? z.NEVER;
    })
    .optional()
    .openapi({
      type: 'string',
      pattern: '^[1-9][0-9]{3}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$',
      description,
    });
}
