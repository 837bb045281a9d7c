import type { Act } from '../audit/act.js';
import type { ApiContext } from './context.js';

/** What the request did goes into the audit trail: with whose key, and from where. */
export function audit(ctx: ApiContext, act: Omit<Act, 'by' | 'ip' | 'at'>): void {
  ctx.services.audit.record({ ...act, by: ctx.state.key?.name ?? 'nobody', ip: ctx.ip });
}
