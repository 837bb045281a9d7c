import { z } from 'zod';

/**
 * For readers: the sentence that says what would be right. The report adds the name
 * and, unless it is a secret, the value.
 */
export function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: z.ZodIssueCode.custom, message });
  return z.NEVER;
}
