import { type Clock, systemClock } from '../../src/clock.js';

/**
 * A clock on which every sleep of up to five minutes is cut to a few milliseconds, and which notes how long each was
 * meant to be. Longer ones (a long hold) take their time.
 */
export interface HastyClock extends Clock {
  readonly sleeps: number[];
}

export function hastyClock(maxMs = 2): HastyClock {
  const sleeps: number[] = [];
  return {
    sleeps,
    now: systemClock.now,
    monotonic: systemClock.monotonic,
    sleep: (ms, signal) => {
      sleeps.push(ms);
      return systemClock.sleep(ms > 300_000 ? ms : Math.min(ms, maxMs), signal);
    },
  };
}
