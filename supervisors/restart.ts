import type { OnCrash, OnEscalation } from '../actors/actor.js';
import type { SinkFault } from '../actors/protocol.js';
import type { RestartPolicy } from '../actors/sink.js';
import { type Backoff, type BackoffOptions, backoff } from '../src/backoff.js';
import type { Clock } from '../src/clock.js';
import { describe, faultOf, TransientError } from '../src/errors.js';
import type { Log } from '../src/log.js';
import type { StatusLine } from '../src/status/board.js';

/**
 * The one place that decides what becomes of an actor that fails.
 *
 * Most actors turn errors into messages, and go on after a defect (`resumeAfterDefect`). A sink throws: its supervisor
 * waits as its faults ask for, and resets it (`resetSink`). Anything else goes up, and at the top the whole tree is
 * restarted (`restartTree`; see root.ts).
 *
 * A sink's faults:
 *
 * - transient: hold the batch and try again, from 200 ms up to a minute apart, for as long as it takes; never sooner
 *   than Retry-After asks.
 * - setup: somebody has to fix it. Each new message is logged once, as an error; then a probe at most a minute apart.
 * - bug: the sink starts afresh, from 50 ms up to 10 s apart, while its consumer searches the batch for a culprit;
 *   parked (every event fails): from 30 s to five minutes apart, until something succeeds.
 *
 * Poison is not a crash: the sink lists the event, the consumer dead-letters it.
 */
const waits: Record<SinkFault | 'parked', Pick<BackoffOptions, 'firstMs' | 'maxMs'>> = {
  transient: { firstMs: 200, maxMs: 60_000 },
  setup: { firstMs: 1_000, maxMs: 60_000 },
  bug: { firstMs: 50, maxMs: 10_000 },
  parked: { firstMs: 30_000, maxMs: 300_000 },
};

/** A fault that repeats is logged at its 1st, 2nd, 4th, 8th … occurrence. */
const worthALine = (count: number): boolean => (count & (count - 1)) === 0;

export interface RestartOptions {
  /** The sink actor's line on the status board. */
  readonly status: StatusLine;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts at shutdown and ends every wait. */
  readonly stopping: AbortSignal;
  readonly random?: () => number;
}

export function createRestartPolicy({ status, clock, log, stopping, random }: RestartOptions): RestartPolicy {
  let parked = false;
  let kind: SinkFault | 'parked' | undefined;
  let next: Backoff | undefined;
  let failures = 0;
  let failingSince = 0;
  let complaint = '';
  let askedMs = 0;

  const waitAfter = (error: unknown, fault: SinkFault): number => {
    const wanted = fault === 'bug' && parked ? 'parked' : fault;
    if (next === undefined || kind !== wanted) {
      kind = wanted;
      next = backoff({ ...waits[wanted], ...(random === undefined ? {} : { random }) });
    }
    const [jittered, after] = next.next();
    next = after;
    const asked = error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0;
    const wait = Math.max(jittered, asked, askedMs);
    askedMs = 0;
    return wait;
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
    asked: milliseconds => {
      askedMs = milliseconds;
    },
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
      status.update({
        state: fault === 'bug' && parked ? 'parked' : 'holding',
        restarts: status.status.restarts + 1,
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
      if (status.status.state !== 'running') status.update({ state: 'running', nextTry: undefined });
    },
  };
}

/** For a sink's supervisor: once the wait is over, the sink starts afresh. */
export function resetSink(policy: RestartPolicy): OnEscalation {
  return async (error, child) => {
    if (child !== 'sink') return 'escalate';
    await policy.crashed(error);
    return 'resetChild';
  };
}

/**
 * For the supervisors at the top: what reaches them has failed for good, and the whole tree with it. Only the listener,
 * under `ingress`, does so by design; on `broker` and `delivery`, whose children go on or are reset, it is a guard. The
 * child is reset, and not stopped, since the shutdown of the tree waits for its answer.
 */
export function restartTree(onFailure: (what: string, error: unknown) => void): OnEscalation {
  return (error, child) => {
    onFailure(child, error);
    return 'resetChild';
  };
}

/** For actors whose failure is their supervisor's business, and for supervisors that have nothing to decide. */
export const escalate = (): 'escalate' => 'escalate';

/**
 * For actors that turn errors into messages: whatever is thrown all the same is a defect of ours. It is logged, the
 * message is lost, the actor goes on with the state that it had. (nact's own default would stop it, and log nothing of
 * ours.)
 */
export function resumeAfterDefect(log: Log): OnCrash {
  return (error, path) => {
    const stack = error instanceof Error ? error.stack : undefined;
    log.error({ actor: path, reason: describe(error), stack }, 'actor.defect');
    return 'resume';
  };
}
