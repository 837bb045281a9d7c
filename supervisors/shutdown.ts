import type { Clock } from '../src/clock.js';
import { describe } from '../src/errors.js';
import type { Log } from '../src/log.js';

/** A part of the daemon that ends, and in which order. */
export interface ShutdownStep {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * Runs the steps one after the other. When the patience is used up, `giveUp` is called once, so that what is still waiting
 * ends quickly; every step runs all the same. Never rejects: a step that fails is logged, and the next one runs.
 */
export async function shutdownInOrder(
  steps: readonly ShutdownStep[],
  options: { readonly patienceMs: number; readonly clock: Clock; readonly log: Log; readonly giveUp: () => void },
): Promise<void> {
  const { patienceMs, clock, log, giveUp } = options;
  const finished = new AbortController();
  clock.sleep(patienceMs, finished.signal).then(() => {
    if (finished.signal.aborted) return;
    log.warn({ patienceMs }, 'shutdown.hurried');
    giveUp();
  });
  for (const { name, run } of steps) {
    try {
      await run();
    } catch (error) {
      log.error({ step: name, reason: describe(error) }, 'shutdown.incomplete');
    }
  }
  finished.abort();
}
