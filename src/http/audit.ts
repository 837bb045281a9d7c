import type { ApiContext } from './context.js';

/** Who did what, from where: one line for each act that changes something for others. */
export function audit(ctx: ApiContext, line: `audit.${string}`, fields: object): void {
  ctx.services.log.info({ by: ctx.state.key?.name, address: ctx.ip, ...fields }, line);
}
