import type { Clock } from './clock.js';

/** One answer for everybody who asks within `maxAgeMs` of the question, so that many readers cost no more than one. An error is shared but not kept. */
export function sharedAnswer<T>(clock: Clock, maxAgeMs: number, ask: () => Promise<T>): () => Promise<T> {
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
