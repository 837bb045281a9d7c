import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import { redact } from '../redact.js';

/** Something that the daemon depends on, and how to try it. */
export interface Probe {
  readonly dependency: string;
  /** What is tried, in words. */
  readonly tried: string;
  /** What usually helps. */
  readonly fix: string;
  /** Resolves with what was found; throws what is wrong. */
  run(signal: AbortSignal): Promise<string>;
}

export interface Finding {
  readonly dependency: string;
  readonly tried: string;
  readonly ok: boolean;
  readonly result: string;
  /** Empty when nothing is wrong. */
  readonly fix: string;
}

const timeoutMs = 5000;

/** All at once, each within five seconds, whether or not it follows the signal. */
export async function runProbes(probes: readonly Probe[], clock: Clock): Promise<Finding[]> {
  return Promise.all(probes.map(probe => runProbe(probe, clock)));
}

async function runProbe({ dependency, tried, fix, run }: Probe, clock: Clock): Promise<Finding> {
  const over = new AbortController();
  const late = new AbortController();
  const tooLate = clock.sleep(timeoutMs, over.signal).then(() => {
    late.abort();
    throw new Error(`no answer within ${timeoutMs / 1000} s`);
  });
  try {
    const result = await Promise.race([run(late.signal), tooLate]);
    return { dependency, tried, ok: true, result, fix: '' };
  } catch (error) {
    return { dependency, tried, ok: false, result: redact(describe(error)), fix };
  } finally {
    tooLate.catch(() => {});
    over.abort();
  }
}
