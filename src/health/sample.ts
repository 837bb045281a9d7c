/** Numbers beside the response time, by the field of the event that carries them. */
export interface Readings {
  readonly status?: number;
  readonly bytes?: number;
  readonly time_dns?: number;
  readonly time_connect?: number;
  readonly time_tls?: number;
  readonly time_first_byte?: number;
  readonly certificate_days_left?: number;
  readonly queue_length?: number;
  readonly consumers?: number;
}

/** One look at a target. */
export interface Sample {
  /** Why it is not as it should be, in words; undefined when it is. */
  readonly reason: string | undefined;
  /** Response time of a good sample, s; undefined where there is none to speak of. */
  readonly seconds?: number;
  readonly readings?: Readings;
}

/** Looks once. The signal aborts when the timeout is over; a probe says then what it was waiting for. Never rejects. */
export type Probe = (signal: AbortSignal) => Promise<Sample>;

/** What came of a run: all its samples together. */
export interface Outcome {
  readonly sent: number;
  readonly good: number;
  /** Of the good samples, s. */
  readonly times: { readonly average: number; readonly min: number; readonly max: number } | undefined;
  /** Of the last sample. */
  readonly readings: Readings;
  /** Of the last sample that was not good. */
  readonly reason: string | undefined;
}

/** One run after another; never rejects. The signal ends it early, and its outcome means nothing then. */
export type Run = (signal: AbortSignal) => Promise<Outcome>;

export interface SampledOptions {
  readonly samples: number;
  readonly timeoutMs: number;
}

/** How long a probe has to say what it was waiting for, ms. */
const graceMs = 50;

/** As many samples as wanted, one after another, each within the timeout. */
export function sampled(probe: Probe, { samples, timeoutMs }: SampledOptions): Run {
  return async stopping => {
    const taken: Sample[] = [];
    while (taken.length < samples && !stopping.aborted) taken.push(await within(probe, timeoutMs, stopping));
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

export function timesOf(seconds: readonly number[]): Outcome['times'] {
  if (seconds.length === 0) return undefined;
  const sum = seconds.reduce((total, one) => total + one, 0);
  return { average: sum / seconds.length, min: Math.min(...seconds), max: Math.max(...seconds) };
}

/** The sample, or a failed one when the probe does not heed its signal. */
async function within(probe: Probe, timeoutMs: number, stopping: AbortSignal): Promise<Sample> {
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
    const sample = await Promise.race([probe(over.signal), late]);
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
  const within = `no answer within ${timeoutMs / 1000} s`;
  return phase === undefined || phase.startsWith('no answer') ? within : `${within} (${phase})`;
}
