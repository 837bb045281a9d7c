import { spawn } from 'node:child_process';
import { workerData } from 'node:worker_threads';
import { describe } from '../errors.js';
import { createLog } from '../log.js';
import { mainStack } from './main-stack.js';
import { SharedRecord, worksText } from './shared-record.js';
import { removeStallNote, writeStallNote } from './stall-file.js';
import type { WatchdogData } from './watchdog-data.js';

const { buffer, dir, limitMs, tickMs, notifyMs, log: logOptions } = workerData as WatchdogData;
const record = new SharedRecord(buffer);
// It writes by itself: what a worker says by `process.stdout` would wait for the main thread.
const log = await createLog(logOptions);

let beat = record.beat;
/**
 * Ticks without a beat, counted rather than timed: while the machine sleeps, or the
 * process is stopped, neither thread turns.
 */
let still = 0;
let notified = Number.NEGATIVE_INFINITY;

setInterval(() => {
  if (record.beat !== beat) {
    if (standsMs() >= limitMs) forget();
    beat = record.beat;
    still = 0;
    if (notifyMs !== undefined && performance.now() - notified >= notifyMs) notify();
    return;
  }
  still += 1;
  if (standsMs() < limitMs) return;
  record.stands(beat, standsMs());
  if (standsMs() - tickMs < limitMs) report();
}, tickMs);

function standsMs(): number {
  return still * tickMs;
}

/** Once for each stall. */
function report(): void {
  const { works } = record;
  const reason = `the event loop has stood for ${standsMs() / 1000} s; at work: ${worksText(works)}`;
  log.error({ reason }, 'event-loop.stalled');
  // Before anything else: the platform may end the process at any moment.
  attempt(() => writeStallNote(dir, { works }));
  mainStack().then(
    stack => log.error({ at: stack }, 'event-loop.stands'),
    error => log.warn({ reason: describe(error) }, 'event-loop.hidden'),
  );
}

function forget(): void {
  attempt(() => removeStallNote(dir));
}

/** systemd's, as Node has no datagrams of Unix: with WatchdogSec it ends a daemon of which it hears nothing. */
function notify(): void {
  notified = performance.now();
  const child = spawn('systemd-notify', ['WATCHDOG=1'], { stdio: 'ignore' });
  child.on('error', error => log.warn({ reason: describe(error) }, 'watchdog.unheard'));
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    log.warn({ reason: describe(error) }, 'stall.unwritten');
  }
}
