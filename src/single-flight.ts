import type { Clock } from './clock.js';

/**
 * Everybody who asks within `maxAgeMs` of a question gets its answer, so that many readers cost no more than
 * one. An error is shared but not kept.
 */
export function singleFlight<T>(clock: Clock, maxAgeMs: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = 0;
  return () => {
    const now = clock.monotonic();
    if (answer === undefined || now - askedAt > maxAgeMs) {
      askedAt = now;
      const asked = ask();
      answer = asked;
      asked.catch(() => {
        if (answer === asked) answer = undefined;
      });
    }
    return answer;
  };
}

/**
 * An answer that took long is kept for this many times as long, up to a limit (ms): asking
 * takes at most a twentieth of the time.
 */
const keepFactor = 20;
const maxKeepMs = 10_000;

interface Kept<T> {
  readonly answer: Promise<T>;
  /** Monotonic ms; infinity until the answer is there. */
  until: number;
}

/**
 * The same for a costly question with parameters: one answer for each set of them, forgotten
 * when it is too old to be given again.
 */
export function singleFlightBy<Question, T>(
  clock: Clock,
  maxAgeMs: number,
  ask: (question: Question) => Promise<T>,
): (question: Question) => Promise<T> {
  const kept = new Map<string, Kept<T>>();
  return question => {
    const now = clock.monotonic();
    for (const [key, { until }] of kept) if (until < now) kept.delete(key);
    const key = JSON.stringify(question);
    const before = kept.get(key);
    if (before !== undefined) return before.answer;
    const made: Kept<T> = { answer: ask(question), until: Number.POSITIVE_INFINITY };
    kept.set(key, made);
    made.answer.then(
      () => {
        const took = clock.monotonic() - now;
        made.until = now + Math.max(maxAgeMs, Math.min(took * keepFactor, maxKeepMs));
      },
      () => kept.delete(key),
    );
    return made.answer;
  };
}
