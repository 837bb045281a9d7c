import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import { isBalanced, type LedgerReport } from '../storage/ledger-report.js';

export interface MonitorOptions {
  /** Finds out what is wrong, and dates it. */
  readonly status: () => Promise<unknown>;
  readonly ledger: () => Promise<LedgerReport>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Between two looks, ms. */
const everyMs = 5_000;
/** Counting a large backlog takes a while: looking takes at most a twentieth of the time. */
const restFactor = 20;
/** However long a look took: the process may have been stopped meanwhile (a machine that is paused, SIGSTOP), ms. */
const maxRestMs = 300_000;

/**
 * Looks at the daemon as a person would, every few seconds: so that problems are dated from when they begin and not
 * from when somebody first asks, and a ledger that does not balance is in the log at once, once for each change.
 * Resolves when the signal aborts. Never rejects.
 */
export async function runMonitor({ status, ledger, clock, log, signal }: MonitorOptions): Promise<void> {
  const known = new Map<string, string>();
  let restMs = everyMs;
  for (;;) {
    await clock.sleep(restMs, signal);
    if (signal.aborted) return;
    const began = clock.monotonic();
    try {
      await status();
      for (const row of (await ledger()).sinks) {
        const { sink, missing, difference } = row;
        const now = `${missing} ${difference}`;
        if (known.get(sink) === now) continue;
        known.set(sink, now);
        if (!isBalanced(row)) log.error({ sink, missing, difference }, 'ledger.unbalanced');
      }
    } catch (error) {
      log.warn({ reason: describe(error) }, 'monitor.delayed');
    }
    restMs = Math.min(Math.max(everyMs, (clock.monotonic() - began) * restFactor), maxRestMs);
  }
}
