import type { FieldName } from '../events/fields.js';
import { nameServersAnswer } from './name-servers.js';

/** Numbers beside the response time, by the field of the event that carries them. */
export type Readings = { readonly [Name in FieldName]?: number };

/** One try at a target. */
export interface Sample {
  /** Why it is not as it should be, in words; undefined when it is. */
  readonly reason: string | undefined;
  /** What is not well though the sample is good: the target is degraded. */
  readonly warning?: string | undefined;
  /** The reason is one of this machine, and the sample says nothing about the target. */
  readonly unknown?: boolean | undefined;
  /** The name that the system could not look up, without a word as to whose fault that is. */
  readonly unresolvedName?: string | undefined;
  /** Response time of a good sample, s; undefined where there is none to speak of. */
  readonly seconds?: number | undefined;
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
  /** How many of those sent say nothing about the target; none when absent. */
  readonly unknown?: number;
  /** Response times of the good samples, s. */
  readonly times: { readonly average: number; readonly min: number; readonly max: number } | undefined;
  /** What the last sample read. */
  readonly readings: Readings;
  /** Why the last sample that was not good failed. */
  readonly reason: string | undefined;
  /** What the last good sample had to say. */
  readonly warning?: string | undefined;
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
  /** How long a sample takes is judged. */
  readonly timed?: boolean;
}

/** How long it may take to say what was being waited for, ms. */
const graceMs = 50;
/** The timeout passes in steps of at most this, ms: as late as a step ends, so long was this process held up. */
const maxStepMs = 250;
const minSteps = 4;
/** From here on a response time is that of this process rather than that of the target, ms. */
const heldUpMs = 100;

/** A run of samples, one after another, each within the timeout. */
export function sampled(
  take: TakeSample,
  { samples, timeoutMs }: SamplingLimits,
  nameIsAnswered: (name: string) => Promise<boolean> = nameServersAnswer,
): Run {
  return async stopping => {
    const taken: Sample[] = [];
    while (taken.length < samples && !stopping.aborted) {
      const sample = await inTime(take, timeoutMs, stopping);
      const { unresolvedName: name } = sample;
      taken.push(name === undefined ? sample : await attributed(sample, name, nameIsAnswered));
    }
    const good = taken.filter(({ reason }) => reason === undefined);
    const unknown = taken.filter(one => one.unknown).length;
    const warning = good.findLast(one => one.warning !== undefined)?.warning;
    return {
      sent: taken.length,
      good: good.length,
      ...(unknown === 0 ? {} : { unknown }),
      times: timesOf(good.flatMap(({ seconds }) => seconds ?? [])),
      readings: taken.at(-1)?.readings ?? {},
      reason: reasonFor(taken),
      ...(warning === undefined ? {} : { warning }),
    };
  };
}

/** The reason of a sample that failed goes before that of one that was not taken. */
function reasonFor(taken: readonly Sample[]): string | undefined {
  const failed = taken.filter(({ reason }) => reason !== undefined);
  return (failed.findLast(({ unknown }) => !unknown) ?? failed.at(-1))?.reason;
}

async function attributed(
  sample: Sample,
  name: string,
  nameIsAnswered: (name: string) => Promise<boolean>,
): Promise<Sample> {
  if (await nameIsAnswered(name)) return { ...sample, reason: 'DNS failure: the name servers of its domain fail' };
  return { ...sample, reason: 'not checked: the name server that this machine asks does not answer', unknown: true };
}

function timesOf(seconds: readonly number[]): Outcome['times'] {
  if (seconds.length === 0) return undefined;
  const sum = seconds.reduce((total, one) => total + one, 0);
  return { average: sum / seconds.length, min: Math.min(...seconds), max: Math.max(...seconds) };
}

/** The sample, or a failed one when its signal is ignored. */
async function inTime(take: TakeSample, timeoutMs: number, stopping: AbortSignal): Promise<Sample> {
  const over = new AbortController();
  let end: NodeJS.Timeout | undefined;
  let giveUp = (): void => {};
  const late = new Promise<Sample>(resolve => {
    giveUp = () => resolve({ reason: noAnswer(timeoutMs) });
  });
  const abort = (): void => {
    over.abort();
    end ??= setTimeout(giveUp, graceMs);
  };
  stopping.addEventListener('abort', abort, { once: true });
  const deadline = new Deadline(timeoutMs, abort);
  try {
    const sample = await Promise.race([take(over.signal), late]);
    if (over.signal.aborted && sample.reason !== undefined)
      return { ...sample, reason: noAnswer(timeoutMs, sample.reason) };
    return deadline.heldUpMs() < heldUpMs ? sample : { ...sample, seconds: undefined };
  } finally {
    deadline.clear();
    clearTimeout(end);
    stopping.removeEventListener('abort', abort);
  }
}

/**
 * Ends a sample when the target has had its time. Time in which this process was held up (a long computation, a machine
 * that was suspended) does not count: the target may have answered meanwhile, and nobody was there to see it.
 */
class Deadline {
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #leftMs: number;
  readonly #stepMs: number;
  #dueAt = 0;
  #heldUpMs = 0;
  readonly #onEnd: () => void;

  constructor(timeoutMs: number, onEnd: () => void) {
    this.#leftMs = timeoutMs;
    this.#stepMs = Math.min(maxStepMs, Math.ceil(timeoutMs / minSteps));
    this.#onEnd = onEnd;
    this.#step();
  }

  /** How long the process was held up while the sample was taken, ms. */
  heldUpMs(): number {
    return this.#heldUpMs + Math.max(0, performance.now() - this.#dueAt);
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  #step(): void {
    const ms = Math.min(this.#stepMs, this.#leftMs);
    this.#leftMs -= ms;
    this.#dueAt = performance.now() + ms;
    this.#timer = setTimeout(() => {
      this.#heldUpMs += Math.max(0, performance.now() - this.#dueAt);
      // What has arrived by now is read before the next step, or the end.
      this.#immediate = setImmediate(() => (this.#leftMs > 0 ? this.#step() : this.#onEnd()));
    }, ms);
  }
}

function noAnswer(timeoutMs: number, phase?: string): string {
  const reason = `no answer within ${timeoutMs / 1000} s`;
  return phase === undefined || phase.startsWith('no answer') ? reason : `${reason} (${phase})`;
}
