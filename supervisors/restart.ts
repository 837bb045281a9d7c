import type { RestartPolicy, SinkFault } from '../actors/protocol.js';
import { type Backoff, type BackoffOptions, backoff } from '../src/backoff.js';
import type { Clock } from '../src/clock.js';
import { describe, SetupError, TransientError } from '../src/errors.js';
import type { Log } from '../src/log.js';
import type { StatusBoard } from '../src/status/board.js';

/**
 * The one place where a sink's faults are interpreted:
 *
 * - transient: hold the batch and try again, from 200 ms up to a minute apart, as long as it takes; never sooner than Retry-After asks.
 * - setup: somebody has to fix it. An error log once for each new message, then a probe at most a minute apart.
 * - bug: the sink begins anew, from 50 ms up to 10 s apart, while its consumer searches the batch for a culprit; parked (every event fails): from
 *   30 s to five minutes apart, until something succeeds.
 *
 * Poison is no crash: the sink lists the event, the consumer dead-letters it.
 */
const waits: Record<SinkFault | 'parked', Pick<BackoffOptions, 'firstMs' | 'maxMs'>> = {
  transient: { firstMs: 200, maxMs: 60_000 },
  setup: { firstMs: 1_000, maxMs: 60_000 },
  bug: { firstMs: 50, maxMs: 10_000 },
  parked: { firstMs: 30_000, maxMs: 300_000 },
};

/** A fault that repeats is summarised: logged at its 1st, 2nd, 4th, 8th … occurrence. */
const worthALine = (count: number): boolean => (count & (count - 1)) === 0;

export interface RestartOptions {
  /** Of the sink actor on the status board. */
  readonly path: string;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts at shutdown and ends every wait. */
  readonly stopping: AbortSignal;
  readonly random?: () => number;
}

export function faultOf(error: unknown): SinkFault {
  if (error instanceof SetupError) return 'setup';
  if (error instanceof TransientError) return 'transient';
  return 'bug';
}

export function createRestartPolicy({ path, board, clock, log, stopping, random }: RestartOptions): RestartPolicy {
  let parked = false;
  let kind: SinkFault | 'parked' | undefined;
  let next: Backoff | undefined;
  let failures = 0;
  let failingSince = 0;
  let complaint = '';
  board.update(path, { state: 'starting' });

  const waitAfter = (error: unknown, fault: SinkFault): number => {
    const wanted = fault === 'bug' && parked ? 'parked' : fault;
    if (next === undefined || kind !== wanted) {
      kind = wanted;
      next = backoff({ ...waits[wanted], ...(random === undefined ? {} : { random }) });
    }
    const [jittered, after] = next.next();
    next = after;
    const asked = error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(jittered, asked);
  };

  const complain = (error: unknown, fault: SinkFault, waitMs: number): void => {
    const reason = describe(error);
    const fresh = `${fault}: ${reason}` !== complaint;
    complaint = `${fault}: ${reason}`;
    const fields = {
      fault,
      reason,
      failures,
      waitMs,
      ...(fault === 'bug' && error instanceof Error ? { stack: error.stack } : {}),
    };
    if (fresh && fault !== 'transient') log.error(fields, fault === 'setup' ? 'batch.held' : 'sink.restarted');
    else if (fresh || worthALine(failures)) log.warn(fields, fault === 'bug' ? 'sink.restarted' : 'batch.held');
  };

  return {
    faultOf,
    park: () => {
      if (!parked) log.error({ reason: complaint }, 'sink.parked');
      parked = true;
    },
    crashed: async error => {
      const now = clock.now();
      const fault = faultOf(error);
      if (failures === 0) failingSince = now;
      failures += 1;
      const waitMs = waitAfter(error, fault);
      complain(error, fault, waitMs);
      board.update(path, {
        state: fault === 'bug' && parked ? 'parked' : 'holding',
        restarts: (board.get(path)?.restarts ?? 0) + 1,
        lastError: { fault, message: describe(error), at: now },
        nextTry: now + waitMs,
      });
      await clock.sleep(waitMs, stopping);
    },
    succeeded: () => {
      parked = false;
      next = undefined;
      kind = undefined;
      if (failures > 0) {
        log.info({ failures, downMs: clock.now() - failingSince }, 'sink.recovered');
        failures = 0;
        complaint = '';
      }
      if (board.get(path)?.state !== 'running') board.update(path, { state: 'running', nextTry: undefined });
    },
  };
}
