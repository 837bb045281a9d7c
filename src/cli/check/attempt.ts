import type { Clock } from '../../clock.js';
import { describe, SetupError } from '../../errors.js';
import { redact } from '../../redact.js';

/** One thing that the daemon will do, to be tried beforehand. */
export interface Attempt {
  /** What it depends on, for people: `RabbitMQ`. */
  readonly dependency: string;
  /** What is tried, in words. */
  readonly tried: string;
  /** The setting to look at when it fails. */
  readonly setting: string;
  /** What helps when the error does not say it. */
  readonly fix: string;
  /**
   * Resolves with what was found. @throws NotTried, WrongError, a SetupError that says how to fix it, or anything else
   */
  run(signal: AbortSignal): Promise<string>;
}

export type Outcome = 'ok' | 'wrong' | 'not tried';

export interface Finding {
  readonly dependency: string;
  readonly tried: string;
  readonly outcome: Outcome;
  /** What was found; what is wrong; why it was not tried. */
  readonly result: string;
  /** The setting to look at; empty unless something is wrong. */
  readonly setting: string;
  /** What to do; empty where nothing is wrong, and where `result` says it. */
  readonly fix: string;
}

/** It cannot be tried, and nothing is wrong with it for all we know. The message says why. */
export class NotTried extends Error {
  override name = 'NotTried';
}

/** Wrong, with the setting and the advice that fit. */
export class WrongError extends Error {
  override name = 'WrongError';
  readonly setting: string;
  readonly fix: string;

  constructor(reason: string, { setting, fix }: { setting: string; fix: string }) {
    super(reason);
    this.setting = setting;
    this.fix = fix;
  }
}

/** Longer than any limit of a driver or a request in its default, so that its own reason is heard, ms. */
export const limitMs = 18_000;

/** All at once, each within the limit, whether or not it follows the signal. No finding shows a secret. */
export async function runAttempts(
  attempts: readonly Attempt[],
  clock: Clock,
  secrets: readonly string[] = [],
): Promise<Finding[]> {
  return Promise.all(attempts.map(attempt => runAttempt(attempt, clock, secrets)));
}

async function runAttempt(attempt: Attempt, clock: Clock, secrets: readonly string[]): Promise<Finding> {
  const { dependency, tried } = attempt;
  const finding = (outcome: Outcome, result: string, setting = '', fix = ''): Finding => ({
    dependency,
    tried: redact(tried, secrets),
    outcome,
    result: redact(result, secrets).replace(/\s+/g, ' ').trim(),
    setting,
    fix: redact(fix, secrets),
  });
  const over = new AbortController();
  const late = new AbortController();
  const tooLate = clock.sleep(limitMs, over.signal).then(() => {
    late.abort();
    throw new Error(`no answer within ${limitMs / 1000} s`);
  });
  try {
    return finding('ok', await Promise.race([attempt.run(late.signal), tooLate]));
  } catch (error) {
    const reason = describe(error);
    if (error instanceof NotTried) return finding('not tried', reason);
    if (error instanceof WrongError) return finding('wrong', reason, error.setting, error.fix);
    return finding('wrong', reason, attempt.setting, error instanceof SetupError ? '' : attempt.fix);
  } finally {
    tooLate.catch(() => {});
    over.abort();
  }
}
