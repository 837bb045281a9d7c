import { z } from 'zod';
import { durationInWords } from '../duration-words.js';

/** What a job says of itself. */
export const beatKinds = ['start', 'success', 'failure'] as const;
export type BeatKind = (typeof beatKinds)[number];

export interface Beat {
  readonly kind: BeatKind;
  readonly message: string | undefined;
  /** Epoch ms. */
  readonly at: number;
}

/** How often a job is expected, and how long it may take. */
export interface Schedule {
  /** From the end of one run to the end of the next, ms; undefined = nobody knows, and it is never overdue. */
  readonly everyMs: number | undefined;
  /** How late it may be, ms. */
  readonly graceMs: number;
  /** From start to end, ms. */
  readonly runtimeMs: number;
}

/** What is known of one job. Times in epoch ms. */
export const heartbeatShape = z.object({
  /** Start of a run whose end has not been heard of. */
  started: z.number().nullable(),
  /** Latest success. */
  succeeded: z.number().nullable(),
  /** Why the latest run failed; null when it did not. */
  failure: z.string().nullable(),
  /** When the next end is expected. */
  due: z.number().nullable(),
});

export type Heartbeat = z.output<typeof heartbeatShape>;

/** What a job comes to: undefined = all is well. `unknown`: it was not heard of yet. */
export type Verdict = { readonly reason: string; readonly unknown: boolean } | undefined;

export function newHeartbeat(now: number, { everyMs }: Schedule): Heartbeat {
  return { started: null, succeeded: null, failure: null, due: everyMs === undefined ? null : now + everyMs };
}

/** A run that was late and never ended has failed once the next one begins. */
export function afterBeat(before: Heartbeat, { kind, message, at }: Beat, schedule: Schedule): Heartbeat {
  const { everyMs, runtimeMs } = schedule;
  if (kind === 'start') {
    const { started } = before;
    if (started === null || at <= started + runtimeMs) return { ...before, started: at };
    return { ...before, started: at, failure: `its run of ${time(started)} never ended` };
  }
  const due = everyMs === undefined ? null : at + everyMs;
  if (kind === 'success') return { started: null, succeeded: at, failure: null, due };
  return { ...before, started: null, failure: message?.trim() || 'no reason given', due };
}

/**
 * - A run that began and did not end in time is late, whatever the run before it came to.
 * - A failure holds until a success.
 * - A job that was not heard of in time is overdue, unless it is running and began in time.
 */
export function judgeHeartbeat(
  { started, succeeded, failure, due }: Heartbeat,
  { graceMs, runtimeMs }: Schedule,
  now: number,
): Verdict {
  if (started !== null && now > started + runtimeMs)
    return failed(`started at ${time(started)}, and has not ended within ${durationInWords(runtimeMs)}`);
  if (failure !== null) return failed(`the job failed: ${failure}`);
  if (due !== null && (started ?? now) > due + graceMs) {
    const nothing = started === null ? 'never heard of' : 'no success yet';
    const last = succeeded === null ? nothing : `last success at ${time(succeeded)}`;
    return failed(`overdue: expected by ${time(due)}, ${last}`);
  }
  if (succeeded !== null) return undefined;
  return { reason: started === null ? 'not heard of yet' : 'its first run has not ended yet', unknown: true };
}

/**
 * After a time in which nobody could have heard of the job: what it may have said meanwhile is not held against it. A
 * job that was late before stays so.
 */
export function afterSilence(before: Heartbeat, schedule: Schedule, from: number, until: number): Heartbeat {
  const { everyMs, graceMs, runtimeMs } = schedule;
  const { started, due } = before;
  const mayHaveEnded = started !== null && started < until && started + runtimeMs >= from;
  const next = mayHaveEnded && everyMs !== undefined ? Math.max(started + everyMs, due ?? 0) : due;
  const heartbeat = mayHaveEnded ? { ...before, started: null, due: next } : before;
  if (next === null || everyMs === undefined) return heartbeat;
  const wasOverdue = next + graceMs < from;
  if (wasOverdue || next - graceMs > until) return heartbeat;
  // The first time for which it is expected after the silence, grace included.
  const missed = Math.floor((until + graceMs - next) / everyMs) + 1;
  return { ...heartbeat, due: next + Math.max(1, missed) * everyMs };
}

function failed(reason: string): Verdict {
  return { reason, unknown: false };
}

function time(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
