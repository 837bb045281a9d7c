import { appendFileSync, readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into the daemon beside its own code (`--import`): how long its main thread computes without a turn of the
 * event loop. Its processor's time counts, as Linux does it: what it waits for on a busy machine is not its own.
 */
const everyMs = 20;
/** Shorter ones are nothing. */
const minMs = 50;
const file = process.env.LOOP_PROBE_FILE;

/** Ms that the main thread has computed, since its start. */
function computedMs(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

// Threads of the daemon load it too.
if (file !== undefined && isMainThread) {
  let before = computedMs();
  setInterval(() => {
    const now = computedMs();
    if (now - before >= minMs) appendFileSync(file, `${Math.round(now - before)}\n`);
    before = now;
  }, everyMs).unref();
}
