import type { FieldName } from '../events/fields.js';

/** Numbers beside the response time, by the field of the event that carries them. */
export type Readings = { readonly [Name in FieldName]?: number };

/** One try at a target. */
export interface Sample {
  /** Why it is not as it should be, in words; undefined when it is. */
  readonly reason: string | undefined;
  /** Response time of a good sample, s; undefined where there is none to speak of. */
  readonly seconds?: number;
  readonly readings?: Readings;
}

/**
 * Tries once. The signal aborts when the timeout is over; the sample's reason then says what
 * it was waiting for. Never rejects.
 */
export type TakeSample = (signal: AbortSignal) => Promise<Sample>;

/** What a run gave: all its samples together. */
export interface Outcome {
  readonly sent: number;
  readonly good: number;
  /** Response times of the good samples, s. */
  readonly times: { readonly average: number; readonly min: number; readonly max: number } | undefined;
  /** What the last sample read. */
  readonly readings: Readings;
  /** Why the last sample that was not good failed. */
  readonly reason: string | undefined;
}

/**
 * One check of a target, to be repeated. Never rejects. The signal ends it early, and its outcome then means nothing.
 */
export type Run = (signal: AbortSignal) => Promise<Outcome>;

export interface SamplingLimits {
  /** In one run. */
  readonly samples: number;
  /** Limit of one sample; of the whole run where a probe takes its samples by itself. */
  readonly timeoutMs: number;
}

/** How long it may take to say what was being waited for, ms. */
const graceMs = 50;

/** A run of samples, one after another, each within the timeout. */
export function sampled(take: TakeSample, { samples, timeoutMs }: SamplingLimits): Run {
  return async stopping => {
    const taken: Sample[] = [];
    while (taken.length < samples && !stopping.aborted) taken.push(await inTime(take, timeoutMs, stopping));
    const good = taken.filter(({ reason }) => reason === undefined);
    return {
      sent: taken.length,
      good: good.length,
      times: timesOf(good.flatMap(({ seconds }) => seconds ?? [])),
      readings: taken.at(-1)?.readings ?? {},
      reason: taken.findLast(({ reason }) => reason !== undefined)?.reason,
    };
  };
}

function timesOf(seconds: readonly number[]): Outcome['times'] {
  if (seconds.length === 0) return undefined;
  const sum = seconds.reduce((total, one) => total + one, 0);
  return { average: sum / seconds.length, min: Math.min(...seconds), max: Math.max(...seconds) };
}

/** The sample, or a failed one when its signal is ignored. */
async function inTime(take: TakeSample, timeoutMs: number, stopping: AbortSignal): Promise<Sample> {
  const over = new AbortController();
  const abort = (): void => over.abort();
  stopping.addEventListener('abort', abort, { once: true });
  let deadline: NodeJS.Timeout | undefined;
  let end: NodeJS.Timeout | undefined;
  const late = new Promise<Sample>(resolve => {
    deadline = setTimeout(abort, timeoutMs);
    over.signal.addEventListener('abort', () => {
      end = setTimeout(() => resolve({ reason: noAnswer(timeoutMs) }), graceMs);
    });
  });
  try {
    const sample = await Promise.race([take(over.signal), late]);
    return over.signal.aborted && sample.reason !== undefined
      ? { ...sample, reason: noAnswer(timeoutMs, sample.reason) }
      : sample;
  } finally {
    clearTimeout(deadline);
    clearTimeout(end);
    stopping.removeEventListener('abort', abort);
  }
}

function noAnswer(timeoutMs: number, phase?: string): string {
  const reason = `no answer within ${timeoutMs / 1000} s`;
  return phase === undefined || phase.startsWith('no answer') ? reason : `${reason} (${phase})`;
}
