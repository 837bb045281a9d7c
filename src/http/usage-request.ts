import { z } from 'koa-swagger-decorator';
import { readMonth } from '../calendar.js';
import { UnsupportedError } from '../errors.js';
import { ownerOf } from './answer.js';
import type { Backend } from './backend.js';
import type { ApiContext } from './context.js';

/** A month in a query, as 202603. */
export function monthly(description: string) {
  return monthIn(description).optional();
}

/** A month in a path, as 202603. */
export function monthIn(description: string) {
  return z
    .string()
    .transform((text, ctx) => {
      const month = readMonth(text);
      if (month === undefined) ctx.addIssue({ code: 'custom', message: 'must be a month, such as 2026-03' });
      return month ?? z.NEVER;
    })
    .openapi({ type: 'string', pattern: '^[1-9][0-9]{3}-(0[1-9]|1[0-2])$', description });
}

/** @throws UnsupportedError when usage is not counted */
export function usageOf({ services }: ApiContext): NonNullable<Backend['usage']> {
  const { usage } = services.backend;
  if (usage === undefined) throw new UnsupportedError('usage is not counted here; set USAGE=on');
  return usage;
}

/** One at a time, with the charts: each goes through many rows. */
export function inTurn<T>(ctx: ApiContext, work: () => Promise<T>): Promise<T> {
  return ctx.services.turns.charts.run(ownerOf(ctx), () => ctx.req.socket.destroyed, work);
}
