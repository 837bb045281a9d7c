const maxWaitMs = 3_600_000;

/**
 * A Retry-After header as ms from now: seconds or an HTTP date (RFC 9110 §10.2.3), at most an hour.
 * Undefined when there is none, or none that can be read. `now`: wall clock, epoch ms.
 */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(waitMs) ? undefined : Math.ceil(Math.min(Math.max(waitMs, 0), maxWaitMs));
}

/** The header to send: whole seconds, at least 1. */
export function retryAfterHeader(ms: number): { readonly 'Retry-After': string } {
  return { 'Retry-After': String(Math.max(1, Math.ceil(ms / 1000))) };
}
