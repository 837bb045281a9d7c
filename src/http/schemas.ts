import { z } from 'koa-swagger-decorator';
import { parseTimestamp, timestampPattern } from '../events/timestamp.js';
import { scopes } from '../keys/keys.js';

/** What the routes' schemas have in common. Each route group keeps its own schemas in its own file. */

export const count = z.number().int().nonnegative();
export const epochMs = z.number().int().nonnegative();
export const name = characters(1, 256);
export const fault = z.enum(['transient', 'setup', 'poison', 'bug']);
export const scope = z.enum(scopes);
export const durability = z.enum(['broker', 'outbox', 'embedded']).openapi({
  description:
    'Where it is kept: by RabbitMQ, in the outbox on this disk until RabbitMQ is back, or in the embedded queues on this disk.',
});

/** A text between two lengths; characters are code points, as in JSON Schema. */
export function characters(min: number, max: number) {
  return z
    .string()
    .refine(text => {
      const { length } = text.length <= max ? text : [...text.slice(0, 2 * max + 1)];
      return length <= max && text.length >= min;
    }, `must have ${min} to ${max} characters`)
    .openapi({ minLength: min, maxLength: max });
}

/** A time in a body, as an event has it; checked with the event that it becomes part of. */
export function eventTime(description: string) {
  return z
    .union([z.string(), z.number()])
    .optional()
    .openapi({
      oneOf: [
        { type: 'number', minimum: 0, maximum: 1e17, exclusiveMaximum: true },
        { type: 'string', pattern: timestampPattern },
      ],
      description,
    } as never);
}

/** A time in a query: epoch (any unit) or ISO-8601, as in an event. */
export function moment(description: string) {
  return z
    .string()
    .transform((text, ctx) => {
      const time = parseTimestamp(text);
      if (time === undefined)
        ctx.addIssue({ code: 'custom', message: 'must be epoch milliseconds or an ISO-8601 time' });
      return time ?? z.NEVER;
    })
    .optional()
    .openapi({
      type: 'string',
      pattern: timestampPattern,
      description: `${description} Epoch milliseconds or ISO-8601.`,
    });
}

export function wholeNumber(min: number, max: number, description: string) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine(value => value >= min && value <= max, `must be ${min} to ${max}`)
    .optional()
    .openapi({ type: 'integer', minimum: min, maximum: max, description });
}

/** Parameters of every list: how many at once, and where the page before ended. */
export const paging = {
  limit: wholeNumber(1, 1000, 'At most this many; 100 by default.'),
  cursor: z.string().min(1).max(1024).optional().openapi({ description: '`next_cursor` of the previous page.' }),
};

export const nextCursor = z
  .string()
  .nullable()
  .openapi({ description: 'Pass it as `cursor` to get the next page; null at the end.' });

/** Without the keys whose value is undefined: zod leaves them in, exact optional types want them out. */
export function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** What a route may answer under a schema: `ctx.body = … satisfies Answer<typeof Schema>`. */
export type Answer<Schema extends z.ZodTypeAny> = Unchanged<z.input<Schema>>;

type Unchanged<T> = T extends readonly (infer Item)[]
  ? readonly Unchanged<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Unchanged<T[K]> }
    : T;
