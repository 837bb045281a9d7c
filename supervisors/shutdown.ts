import type { Clock } from '../src/clock.js';
import { describe } from '../src/errors.js';
import type { Log } from '../src/log.js';

/** How one part of the daemon ends. */
export interface ShutdownStep {
  readonly name: string;
  /** @param timeoutMs of the whole shutdown */
  run(timeoutMs: number): Promise<void>;
}

export interface ShutdownOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when whatever still waits has to end. */
  readonly giveUp: () => void;
}

/** How long before the timeout `giveUp` is called: time for what gives up to end in order. */
const hurryMs = 2_500;
/** What a step gets at least, even when the steps before it used up everything. */
const minMs = 500;

/**
 * Runs the steps one after the other. Shortly before the timeout, `giveUp` is called once; a step that still does not
 * end is abandoned. Every step runs. Never rejects: a step that fails is logged, and the next one runs.
 */
export async function shutdownInOrder(steps: readonly ShutdownStep[], options: ShutdownOptions): Promise<void> {
  const { timeoutMs, clock, log, giveUp } = options;
  const finished = new AbortController();
  clock.sleep(Math.max(0, timeoutMs - hurryMs), finished.signal).then(() => {
    if (finished.signal.aborted) return;
    log.warn({ timeoutMs }, 'shutdown.hurried');
    giveUp();
  });
  const end = performance.now() + Math.max(timeoutMs, hurryMs);
  for (const { name, run } of steps) {
    try {
      await atMost(Math.max(minMs, end - performance.now()), run(timeoutMs));
    } catch (error) {
      log.error({ step: name, reason: describe(error) }, 'shutdown.incomplete');
    }
  }
  finished.abort();
}

/** By the system's time, whatever the clock: this is the last resort. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${Math.round(ms)} ms`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
