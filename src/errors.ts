/**
 * Errors are named by what the caller must do. `supervisors/restart.ts` alone interprets them for a sink:
 *
 * - TransientError: the same thing may succeed later. Hold, back off, try again, never drop.
 * - SetupError: somebody has to fix a setting or a permission. Hold, say so once, probe until it is fixed, never drop.
 * - anything else is a bug: the session is closed and the sink actor restarted.
 *
 * A bad event is not an error: a sink lists it as rejected (the fault `poison`).
 */
export class TransientError extends Error {
  override name = 'TransientError';
  /** Wait at least this long before the next try, as the other side asked for (Retry-After). */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number | undefined } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Another write of the same round has failed, so this one began nothing more: that says nothing of the destination. */
export class HaltedError extends TransientError {
  override name = 'HaltedError';
}

/** The message says what is wrong and how to fix it. */
export class SetupError extends Error {
  override name = 'SetupError';
}

/** DATA_DIR is not the folder that the daemon had: nothing is written until a person has put it right. */
export class FolderError extends SetupError {
  override name = 'FolderError';
}

/** Storage cannot take more: the disk, or a size cap, is full. HTTP answers 503. */
export class FullError extends TransientError {
  override name = 'FullError';
}

/** This broker, or this configuration, has no such thing (a queue by name on the embedded broker, say). */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError';
}

/**
 * The message cannot go where it was addressed, or not as it is: no such queue or exchange, say. The caller's mistake.
 */
export class UnroutableError extends Error {
  override name = 'UnroutableError';
}

/** A page's cursor that this daemon never gave out: the caller's mistake. */
export class CursorError extends Error {
  override name = 'CursorError';
}

/** Ids that were given to other events within the last day: the caller's mistake. */
export class IdConflictError extends Error {
  override name = 'IdConflictError';
  readonly ids: readonly string[];
  /** The Idempotency-Key, when it belongs to another request. */
  readonly key: string | undefined;

  constructor(ids: readonly string[], key?: string) {
    super(ids.length > 0 ? 'an id belongs to another event' : 'an Idempotency-Key belongs to another request');
    this.ids = ids;
    this.key = key;
  }
}

/** The four faults of the delivery contract. */
export type Fault = 'transient' | 'setup' | 'poison' | 'bug';

/** What an error says of the whole write, never of one event. */
export function faultOf(error: unknown): Exclude<Fault, 'poison'> {
  if (error instanceof SetupError) return 'setup';
  if (error instanceof TransientError) return 'transient';
  return 'bug';
}

/** One line for a person, from whatever was thrown. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` (${describe(error.cause)})`;
  return `${error.message || error.name}${cause}`;
}

/** Ends a switch over a discriminated union: a new member that nobody handles fails to compile. */
export function assertNever(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}
