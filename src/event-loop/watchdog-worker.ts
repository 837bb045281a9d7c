import { spawn } from 'node:child_process';
import { workerData } from 'node:worker_threads';
import { describe } from '../errors.js';
import { whenNeeded } from '../when-needed.js';
import { SharedRecord, worksText } from './shared-record.js';
import { removeStallNote, writeStallNote } from './stall-file.js';
import type { WatchdogData } from './watchdog-data.js';

const { buffer, dir, limitMs, tickMs, notifyMs, log: logOptions } = workerData as WatchdogData;
const record = new SharedRecord(buffer);
/**
 * Loaded when there is something to say, as in most runs there is not. It writes by itself: what a worker says by
 * `process.stdout` would wait for the main thread.
 */
const log = whenNeeded(async () => (await import('../log.js')).createLog(logOptions));

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
  if (standsMs() - tickMs < limitMs) void report();
}, tickMs);

function standsMs(): number {
  return still * tickMs;
}

/** Once for each stall. */
async function report(): Promise<void> {
  const { works } = record;
  const reason = `the event loop has stood for ${standsMs() / 1000} s; at work: ${worksText(works)}`;
  // Before anything else: the platform may end the process at any moment.
  attempt(() => writeStallNote(dir, { works }));
  logLine('error', { reason }, 'event-loop.stalled');
  try {
    const { mainStack } = await import('./main-stack.js');
    logLine('error', { at: await mainStack() }, 'event-loop.stands');
  } catch (error) {
    logLine('warn', { reason: describe(error) }, 'event-loop.hidden');
  }
}

function logLine(level: 'error' | 'warn', fields: object, line: string): void {
  void log().then(lines => lines[level](fields, line));
}

function forget(): void {
  attempt(() => removeStallNote(dir));
}

/** systemd's, as Node has no datagrams of Unix: with WatchdogSec it ends a daemon of which it hears nothing. */
function notify(): void {
  notified = performance.now();
  const child = spawn('systemd-notify', ['WATCHDOG=1'], { stdio: 'ignore' });
  child.on('error', error => logLine('warn', { reason: describe(error) }, 'watchdog.unheard'));
}

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    logLine('warn', { reason: describe(error) }, 'stall.unwritten');
  }
}
